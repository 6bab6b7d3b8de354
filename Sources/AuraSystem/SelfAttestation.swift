package import AuraModel
import Glibc

extension Attestation {
    /// Reads what the kernel says of a process: `process` in the reader's /proc, nil for the reader
    /// itself.
    ///
    /// Throws the refusal of open, read or stat, or EBADMSG for a status that is not one.
    package static func reading(_ process: ProcessID?) throws(SystemError) -> Attestation {
        let directory = "/proc/" + (process.map(\.description) ?? "self")
        let path = directory + "/status"
        let status = try FileSystem.readFile(path, bytesMax: statusBytesMax)

        var namespaces: [String: UInt64] = [:]
        for name in namespaceNames {
            // stat(2), which follows the kernel's link to the namespace itself.
            var information = stat()
            let link = directory + "/ns/" + name
            try checked("stat", subject: link) { stat(link, &information) }
            namespaces[name] = UInt64(information.st_ino)
        }
        guard
            let attestation = Attestation(
                status: String(decoding: status, as: UTF8.self), namespaces: namespaces)
        else { throw SystemError("parse", code: EBADMSG, subject: path) }
        return attestation
    }

    /// 64 KiB: a status is about 1.5 KiB; only its list of groups and masks grows with the host.
    private static let statusBytesMax = 64 << 10
}
