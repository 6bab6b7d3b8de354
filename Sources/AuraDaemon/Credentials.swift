import AuraSystem
import Glibc

/// Secrets by name: systemd's credentials directory first, then 0600 files beside the
/// configuration.
///
/// A secret is read when it is needed and goes nowhere but into the request it is for.
struct Credentials: Sendable {
    private let fallback: String
    private let given: String?

    /// 64 KiB: no key is longer.
    private static let bytesMax = 64 << 10

    /// The credentials of a daemon whose configuration stands in `configurationDirectory`.
    init(configurationDirectory: String) {
        fallback = configurationDirectory + "/credentials"
        given = getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }
    }

    /// The bytes of the secret, or nil when there is none that only we can read.
    func secret(_ name: String) -> [UInt8]? {
        guard !name.contains("/") else { return nil }
        if let given {
            // systemd guards its directory itself; a credential that was loaded as part of a directory
            // carries that directory's id before its name: systemd.exec(5).
            for path in ["\(given)/\(name)", "\(given)/credentials_\(name)"] {
                if let bytes = Self.bytes(path) { return bytes }
            }
        }
        let path = "\(fallback)/\(name)"
        return Self.isPrivate(path) ? Self.bytes(path) : nil
    }

    private static func bytes(_ path: String) -> [UInt8]? {
        guard let bytes = try? FileSystem.readFile(path, bytesMax: bytesMax), !bytes.isEmpty
        else { return nil }
        return bytes
    }

    /// A secret that others can read is none.
    private static func isPrivate(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o077 == 0
    }
}
