import AuraSystem
import Glibc
import Synchronization

/// Secrets by name: systemd's credentials directory first, then 0600 files beside the
/// configuration.
///
/// A secret is read when it is needed and goes nowhere but into the request it is for. Its value is
/// kept to recognise it in what comes back (`Redactor`).
final class Credentials: Sendable {
    private let fallback: String
    private let handedOut = Mutex<[(name: String, value: [UInt8])]>([])
    private let given: String?

    /// 64 KiB: no key is longer.
    private static let bytesMax = 64 << 10

    /// The credentials of a daemon whose configuration stands in `configurationDirectory`.
    init(configurationDirectory: String) {
        fallback = configurationDirectory + "/credentials"
        given = getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }
    }

    /// 64: a key that is replaced every day for two months; older values are forgotten.
    private static let handedOutMax = 64

    /// Every value that was handed out, with the name of its credential and without the line's end.
    var known: [(name: String, value: [UInt8])] { handedOut.withLock { $0 } }

    /// The bytes of the secret, or nil when there is none that only we can read.
    func secret(_ name: String) -> [UInt8]? {
        let secret = read(name)
        if let secret { note(secret, of: name) }
        return secret
    }

    /// The path of the secret's file, to be shown to the one cage that needs it; nil when there is
    /// none that only we can read.
    ///
    /// Its value is known from then on, as if it had been handed out.
    func file(_ name: String) -> String? {
        guard let found = find(name) else { return nil }
        note(found.value, of: name)
        return found.path
    }

    private func read(_ name: String) -> [UInt8]? { find(name)?.value }

    private func find(_ name: String) -> (path: String, value: [UInt8])? {
        guard !name.contains("/") else { return nil }
        if let given {
            // systemd guards its directory itself; a credential that was loaded as part of a directory
            // carries that directory's id before its name: systemd.exec(5).
            for path in ["\(given)/\(name)", "\(given)/credentials_\(name)"] {
                if let bytes = Self.bytes(path) { return (path, bytes) }
            }
        }
        let path = "\(fallback)/\(name)"
        guard Self.isPrivate(path), let bytes = Self.bytes(path) else { return nil }
        return (path, bytes)
    }

    private func note(_ secret: [UInt8], of name: String) {
        let end = secret.lastIndex { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let value = Array(secret[...(end ?? secret.startIndex)])
        handedOut.withLock { known in
            guard !known.contains(where: { $0.name == name && $0.value == value }) else { return }
            known = known.suffix(Self.handedOutMax - 1) + [(name, value)]
        }
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
