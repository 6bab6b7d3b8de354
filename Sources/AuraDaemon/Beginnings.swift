import AuraModel
import AuraSystem
import Glibc

/// Which commands were let begin and are not settled yet, written down before they begin, in a memory
/// file that outlives this process with the cages.
///
/// So a later daemon knows of each command that it does not find whether it has begun: what is not
/// in the file has not, and can begin without being done twice.
final class Beginnings {
    private typealias Key = CageRunner.Key

    private let file: OwnedDescriptor
    private var slots: [Key: Int] = [:]
    private var free: [Int] = []
    /// One more than the newest slot that was ever used.
    private var end = 0
    /// What the daemon before this one had let begin; nil when nobody knows.
    let earlier: [RunID: Set<CommandID>]?

    /// 32: a run's id, a command's (little-endian), zeros; all of it zeros where it is free.
    ///
    /// It divides a page, so that a write is all there or not at all, whenever this process is killed.
    private static let slotBytes = 32

    /// Nothing has begun, and of what was before nothing is known.
    init() throws(SystemError) {
        file = try FileSystem.memory(name: "aura-begun", content: [])
        earlier = nil
    }

    /// Goes on with that of an earlier daemon; EBADMSG when it cannot be read.
    init(adopting file: consuming OwnedDescriptor) throws(SystemError) {
        var bytes = [UInt8](repeating: 0, count: max(0, Int(lseek(file.raw, 0, SEEK_END))))
        guard pread(file.raw, &bytes, bytes.count, 0) == bytes.count else { throw Self.damage }
        self.file = file
        var earlier: [RunID: Set<CommandID>] = [:]
        end = bytes.count / Self.slotBytes
        for slot in 0..<end {
            let content = bytes[slot * Self.slotBytes..<(slot + 1) * Self.slotBytes]
            guard content.contains(where: { $0 != 0 }) else {
                free.append(slot)
                continue
            }
            let text = String(decoding: content.prefix(RunID.length), as: UTF8.self)
            guard let run = RunID(text) else { throw Self.damage }
            let number = content.dropFirst(RunID.length).prefix(8)
            let command = number.reversed().reduce(0) { $0 << 8 | Int($1) }
            earlier[run, default: []].insert(command)
            slots[Key(run: run, command: command)] = slot
        }
        self.earlier = earlier
    }

    /// The number, for handing it on.
    var raw: Int32 { file.raw }

    /// A command is about to begin.
    func note(_ key: CageRunner.Key) throws(SystemError) {
        guard slots[key] == nil else { return }
        let slot = free.popLast() ?? end
        let content = withUnsafeBytes(of: key.command.littleEndian) {
            Array(key.run.text.utf8) + $0
        }
        do throws(SystemError) { try write(content, at: slot) } catch {
            free.append(slot)
            throw error
        }
        end = max(end, slot + 1)
        slots[key] = slot
    }

    /// Its outcome is in the record, or nobody wants it.
    func forget(_ key: CageRunner.Key) {
        guard let slot = slots.removeValue(forKey: key) else { return }
        free.append(slot)
        // One that stays is of a command that will never be asked for again.
        try? write([], at: slot)
    }

    /// Nobody wants any but these.
    func forgetAll(but wanted: (CageRunner.Key) -> Bool) {
        for key in slots.keys where !wanted(key) { forget(key) }
    }

    private func write(_ content: [UInt8], at slot: Int) throws(SystemError) {
        let bytes = content + Array(repeating: 0, count: Self.slotBytes - content.count)
        let place = off_t(slot * Self.slotBytes)
        guard pwrite(file.raw, bytes, bytes.count, place) == bytes.count else {
            throw SystemError("write", code: errno, subject: "what begins")
        }
    }

    private static var damage: SystemError {
        SystemError("read", code: EBADMSG, subject: "what has begun")
    }
}
