import AuraSystem
import Glibc

/// How a cage ended.
package enum CageExit: Hashable, Sendable {
    /// The program ended with this code, 0 to 255.
    case exited(Int32)
    /// A signal ended the program, or the cage around it (SIGKILL when the lifeline was let go).
    case signalled(Int32)
    /// There was no program: `feature` names what the host or the plan lacks (`userns_denied`,
    /// `landlock_absent`, `source_refused`, `exec`), `detail` the path it was about or "", with the
    /// errno. Names are those of the `refuse` calls in aura-cage.
    case refused(feature: String, detail: String, code: Int32)

    /// A refusal in one line: "source_refused (/srv/x): No such file or directory".
    package static func text(refused feature: String, _ detail: String, _ code: Int32) -> String {
        let place = detail.isEmpty ? feature : "\(feature) (\(detail))"
        return code == 0 ? place : "\(place): \(String(cString: strerror(code)))"
    }
}

/// One record of the status descriptor; twin of `struct status_record` in cage.h.
///
/// 128 bytes, little-endian: u32 magic, u32 kind, i32 value, u32 zero, 32 bytes of name and 80 of
/// detail, both ended by NUL.
enum CageStatus: Hashable {
    /// The program is about to run; its pid here.
    case started(ProcessID)
    case refused(feature: String, detail: String, code: Int32)
    case exited(Int32)
    case signalled(Int32)

    static let recordBytes = 128
    static let magic: UInt32 = 0x5347_4341  // "ACGS"
    /// 16 records: pid 1, the program and the parent write four at most.
    static let streamBytesMax = 16 * recordBytes

    /// Reads one record of exactly `recordBytes`.
    init(_ bytes: ArraySlice<UInt8>) throws(ConfinementError) {
        precondition(bytes.count == CageStatus.recordBytes, "\(bytes.count) bytes")
        func word(_ index: Int) -> UInt32 {
            let start = bytes.startIndex + 4 * index
            return (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
        }
        func text(_ offset: Int, _ count: Int) -> String {
            let start = bytes.startIndex + offset
            return String(
                decoding: bytes[start..<start + count].prefix { $0 != 0 }, as: UTF8.self)
        }
        guard word(0) == CageStatus.magic else { throw .status("not a record") }
        let value = Int32(bitPattern: word(2))
        switch word(1) {
        case 1: self = .started(ProcessID(value))
        case 2: self = .refused(feature: text(16, 32), detail: text(48, 80), code: value)
        case 3: self = .exited(value)
        case 4: self = .signalled(value)
        default: throw .status("kind \(word(1))")
        }
    }
}
