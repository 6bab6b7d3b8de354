import AuraModel
import Glibc

/// Files that an operator names.
enum InputFile {
    /// All bytes of a file of at most `bytesMax`.
    static func read(_ path: String, bytesMax: Int) throws -> [UInt8] {
        func failed(_ reason: String) -> Failure {
            Failure(
                .inputOutput, .badRequest, "cannot read \(path): \(reason)", hint: "ls -l \(path)")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failed(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + length }, $0.count - length)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failed(String(cString: strerror(errno))) }
            if count == 0 { break }
            length += count
        }
        guard length <= bytesMax else { throw failed("larger than \(HumanText.bytes(bytesMax))") }
        return Array(bytes[..<length])
    }
}

/// The lines of standard input, each as soon as it is there.
struct InputLines: Sequence, IteratorProtocol {
    /// 16 KiB: an expression has at most 1,024 characters; what is longer comes in pieces, each
    /// refused.
    static let lineBytesMax = 16 << 10

    private var buffer: [UInt8] = []
    private var start = 0
    private var isOver = false

    mutating func next() -> String? {
        while true {
            let rest = buffer[start...]
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                start = end + 1
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            if isOver || rest.count >= Self.lineBytesMax {
                start = buffer.count
                return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
            }
            fill()
        }
    }

    private mutating func fill() {
        buffer.removeFirst(start)
        start = 0
        var chunk = [UInt8](repeating: 0, count: Self.lineBytesMax)
        let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
        if count < 0, errno == EINTR { return }
        isOver = count <= 0
        if count > 0 { buffer += chunk[..<count] }
    }
}
