import AuraModel
import AuraSystem
import Glibc

/// What a later daemon has to know of a cage: stands at the beginning of its status file, before the
/// records that the cage itself writes.
///
/// Four bytes of length, little-endian, and JSON.
struct CageLabel: Codable {
    /// By which a store knows the cage; different for every cage of a boot.
    var name: String
    /// The last part of its control group's path; nil without one.
    var group: String?
    var limits: CagePlan.Limits
    /// What its owner wants to know again.
    var tag: String

    /// 64 KiB: a tag is some hundred bytes.
    private static let bytesMax = 64 << 10

    /// A status file that begins with the label; its records begin where it is written on.
    func file() throws(SystemError) -> OwnedDescriptor {
        let json: [UInt8]
        do { json = try JSON.encode(self) } catch {
            preconditionFailure("a label is always JSON: \(error)")
        }
        let length = withUnsafeBytes(of: UInt32(json.count).littleEndian) { Array($0) }
        return try FileSystem.memory(name: "aura-status", content: length + json)
    }

    /// Reads the label of a status file; EBADMSG when there is none that this version can read.
    static func read(_ file: Int32) throws(SystemError) -> (label: CageLabel, records: Int) {
        var length: UInt32 = 0
        guard pread(file, &length, 4, 0) == 4, length <= bytesMax else {
            throw SystemError("read", code: EBADMSG, subject: "the label of a cage")
        }
        let count = Int(UInt32(littleEndian: length))
        var json = [UInt8](repeating: 0, count: count)
        guard pread(file, &json, count, 4) == count,
            let label = try? JSON.decode(CageLabel.self, from: json)
        else { throw SystemError("read", code: EBADMSG, subject: "the label of a cage") }
        return (label, 4 + count)
    }
}
