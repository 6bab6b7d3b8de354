import AuraModel
import AuraSystem
import Glibc

/// What a later daemon has to know of a cage: stands at the beginning of its status file, before the
/// records that the cage itself writes.
///
/// Four bytes of length, little-endian, and JSON, then zeros up to where the records begin: a label
/// can be written over when a cage that was built ahead gets its command.
struct CageLabel: Codable {
    /// By which a store knows the cage; different for every cage of a boot.
    var name: String
    /// The last part of its control group's path; nil without one.
    var group: String?
    var limits: CagePlan.Limits
    /// What its owner wants to know again.
    var tag: String

    /// 8 KiB: some hundred bytes, and a path.
    static let bytes = 8 << 10

    /// A status file that begins with the label; its records begin where it is written on.
    func file() throws(SystemError) -> OwnedDescriptor {
        try FileSystem.memory(name: "aura-status", content: content())
    }

    /// Writes it over the one with which a status file begins.
    func replace(in file: Int32) throws(SystemError) {
        let content = try content()
        guard pwrite(file, content, content.count, 0) == content.count else {
            throw SystemError("write", code: errno, subject: "the label of a cage")
        }
    }

    private func content() throws(SystemError) -> [UInt8] {
        let json: [UInt8]
        do { json = try JSON.encode(self) } catch {
            preconditionFailure("a label is always JSON: \(error)")
        }
        guard json.count <= Self.bytes - 4 else {
            throw SystemError("write", code: ENAMETOOLONG, subject: "the label of a cage")
        }
        let length = withUnsafeBytes(of: UInt32(json.count).littleEndian) { Array($0) }
        return length + json + Array(repeating: 0, count: Self.bytes - 4 - json.count)
    }

    /// Reads the label of a status file; EBADMSG when there is none that this version can read.
    static func read(_ file: Int32) throws(SystemError) -> CageLabel {
        var length: UInt32 = 0
        guard pread(file, &length, 4, 0) == 4 else {
            throw SystemError("read", code: EBADMSG, subject: "the label of a cage")
        }
        let count = Int(UInt32(littleEndian: length))
        guard count <= bytes - 4 else {
            throw SystemError("read", code: EBADMSG, subject: "the label of a cage")
        }
        var json = [UInt8](repeating: 0, count: count)
        guard pread(file, &json, count, 4) == count,
            let label = try? JSON.decode(CageLabel.self, from: json)
        else { throw SystemError("read", code: EBADMSG, subject: "the label of a cage") }
        return label
    }
}
