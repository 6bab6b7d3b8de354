import AuraModel
import AuraSystem
import Glibc

/// An open regular file: never a FIFO that blocks, a device that acts, or what a link leads to.
final class RegularFile {
    /// 64 KiB: large enough that system calls do not count, small enough to begin with.
    static let chunkBytes = 64 << 10

    /// 8 KiB: where a NUL byte is looked for, as git does to tell binary from text.
    static let binaryProbeBytes = 8 << 10

    private let descriptor: OwnedDescriptor
    let sizeBytes: Int
    let mode: mode_t
    let path: String

    /// Opens the file at `place` for reading; nil when nothing is there.
    init?(_ place: Workspace.Place) throws(ToolRefusal) {
        path = place.shown
        guard place.missing.isEmpty else { return nil }
        let directory = place.directory
        var status = stat()
        guard fstatat(directory.raw, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            let code = errno
            if code == ENOENT { return nil }
            throw .system(code, place.shown)
        }
        // Before the open: opening a device may act, and opening a FIFO tells its writer.
        try Self.requireRegular(status, place.shown)
        let raw = openat(
            directory.raw, place.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard raw >= 0 else {
            let code = errno
            throw .system(code, place.shown)
        }
        descriptor = OwnedDescriptor(adopting: raw)
        guard fstat(raw, &status) == 0 else {
            let code = errno
            throw .system(code, place.shown)
        }
        // And after it: the name may lead to something else by now.
        try Self.requireRegular(status, place.shown)
        sizeBytes = Int(status.st_size)
        mode = status.st_mode & 0o777
    }

    private static func requireRegular(_ status: stat, _ path: String) throws(ToolRefusal) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: throw .failed("\(path) is a directory; use list_files")
        case S_IFIFO: throw .failed("\(path) is a FIFO, not a regular file")
        case S_IFCHR, S_IFBLK: throw .failed("\(path) is a device, not a regular file")
        case S_IFSOCK: throw .failed("\(path) is a socket, not a regular file")
        default: throw .failed("\(path) is not a regular file")
        }
    }

    /// The next bytes, at most `chunkBytes`; empty at the end.
    func nextChunk() throws(ToolRefusal) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        while true {
            let count = chunk.withUnsafeMutableBytes {
                Glibc.read(descriptor.raw, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                chunk.removeLast(chunk.count - count)
                return chunk
            }
            let code = errno
            if code != EINTR { throw .system(code, path) }
        }
    }

    /// All of it, from where reading stands.
    func rest(bytesMax: Int) throws(ToolRefusal) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let chunk = try nextChunk()
            if chunk.isEmpty { return bytes }
            bytes += chunk
            guard bytes.count <= bytesMax else {
                throw .failed(
                    "\(path) is larger than \(bytesMax) bytes, the most that can be edited")
            }
        }
    }

    /// The SHA-256 of all of it, in hex.
    func digest() throws(ToolRefusal) -> String {
        var digest = SHA256Digest()
        while true {
            let chunk = try nextChunk()
            if chunk.isEmpty { return HexText.text(digest.finish()) }
            chunk.withUnsafeBytes { digest.update($0) }
        }
    }
}

/// SHA-256 as file images have it.
enum Digest {
    static func hex(of bytes: [UInt8]) -> String { HexText.text(SHA256Digest.of(bytes)) }
}

/// Reads a file line by line, whatever its size.
struct LineReader {
    /// 64 KiB of a line are looked at; what is longer is data, not text.
    static let lineBytesMax = 64 << 10

    private let file: RegularFile
    private var chunk: [UInt8]
    private var place = 0
    /// Whether the file's first bytes hold a NUL.
    let isBinary: Bool

    init(_ file: RegularFile) throws(ToolRefusal) {
        self.file = file
        chunk = try file.nextChunk()
        isBinary = chunk.prefix(RegularFile.binaryProbeBytes).contains(0)
    }

    /// The next line without its line feed, at most `lineBytesMax` of it; nil at the end.
    mutating func next() throws(ToolRefusal) -> [UInt8]? {
        if place == chunk.count {
            try refill()
            if chunk.isEmpty { return nil }
        }
        var line: [UInt8] = []
        while !chunk.isEmpty {
            let end = Bytes.index(of: UInt8(ascii: "\n"), in: chunk, from: place)
            let room = Self.lineBytesMax - line.count
            line += chunk[place..<min(end ?? chunk.count, place + room)]
            if let end {
                place = end + 1
                return line
            }
            try refill()
        }
        return line
    }

    private mutating func refill() throws(ToolRefusal) {
        chunk = try file.nextChunk()
        place = 0
    }
}

/// Searches in bytes, by the C library.
enum Bytes {
    static func index(of byte: UInt8, in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard start < buffer.count, let base = buffer.baseAddress,
                let found = memchr(base + start, Int32(byte), buffer.count - start)
            else { return nil }
            return base.distance(to: UnsafeRawPointer(found))
        }
    }

    /// Where `needle` occurs in `bytes`, without overlaps, in order.
    static func occurrences(of needle: [UInt8], in bytes: [UInt8]) -> [Int] {
        guard let first = needle.first else { return [] }
        var found: [Int] = []
        var place = 0
        while let start = index(of: first, in: bytes, from: place) {
            guard start + needle.count <= bytes.count else { break }
            let isMatch = bytes.withUnsafeBytes { hay in
                needle.withUnsafeBytes { pin in
                    guard let base = hay.baseAddress, let other = pin.baseAddress else {
                        return false
                    }
                    return memcmp(base + start, other, pin.count) == 0
                }
            }
            if isMatch { found.append(start) }
            place = isMatch ? start + needle.count : start + 1
        }
        return found
    }

    /// The line in which the byte `offset` stands, from 1.
    static func line(of offset: Int, in bytes: [UInt8]) -> Int {
        1 + bytes[..<offset].count { $0 == UInt8(ascii: "\n") }
    }
}
