import AuraSystem

/// What is kept of a program's output: its head and its tail, with a line between that says what is
/// missing.
///
/// Memory is bounded by the two, whatever the program writes.
struct OutputTail {
    let headMax: Int
    let tailMax: Int
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var dropped = 0

    /// Keeps so many bytes from the beginning and from the end.
    init(head: Int, tail: Int) {
        headMax = head
        tailMax = tail
    }

    /// 16 KiB and 48 KiB: a failing test says at the end what failed.
    static let command = OutputTail(head: 16 << 10, tail: 48 << 10)
    /// 1 MiB: a task list is read whole or not at all.
    static let document = OutputTail(head: 1 << 20, tail: 0)
    /// 4 KiB: a worker that dies says why in a line.
    static let worker = OutputTail(head: 0, tail: 4 << 10)

    mutating func append(_ bytes: [UInt8]) {
        let room = min(headMax - head.count, bytes.count)
        head += bytes.prefix(room)
        tail += bytes.dropFirst(room)
        // Twice the bound before cutting, so that cutting is paid once in a while.
        guard tail.count > 2 * tailMax else { return }
        cut()
    }

    /// What is to be kept of a spool.
    mutating func take(_ spool: OutputSpool) throws(SystemError) {
        append(try spool.read(0..<headMax))
        guard spool.count > headMax else { return }
        let start = max(headMax, spool.count - tailMax)
        dropped += start - headMax
        append(try spool.read(start..<spool.count))
    }

    private mutating func cut() {
        let excess = tail.count - tailMax
        guard excess > 0 else { return }
        tail.removeFirst(excess)
        dropped += excess
    }

    /// The kept text; bytes that are no UTF-8 are replaced.
    mutating func text() -> String {
        cut()
        let headText = String(decoding: head, as: UTF8.self)
        let tailText = String(decoding: tail, as: UTF8.self)
        guard dropped > 0 else { return headText + tailText }
        return headText + "\n[... \(dropped) bytes left out ...]\n" + tailText
    }
}
