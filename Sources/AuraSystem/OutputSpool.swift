import CLinux
import Glibc

/// A program's output in a memory file, which a later process can go on with.
///
/// The kernel moves the bytes from the pipe to the file in one call: at no instant are they in
/// neither, so none is lost when this process is killed. The beginning and the newest bytes are
/// kept, and the file's length is all that was ever put out.
package final class OutputSpool {
    /// 256 KiB of the newest bytes at least: what a reader of a command in the background may ask for.
    package static let tailBytesMax = 256 << 10

    private let file: OwnedDescriptor
    private let headMax: Int
    /// Up to here, from `headMax` on, nothing is kept.
    private var keptFrom: Int
    /// Bytes that were put out so far.
    package private(set) var count = 0

    /// An empty one that keeps the first `headMax` bytes.
    package init(headMax: Int) throws(SystemError) {
        file = OwnedDescriptor(
            adopting: try checked("memfd_create") { clinux_memory_file("aura-output") })
        self.headMax = headMax
        keptFrom = headMax
    }

    /// Goes on with one that an earlier process had made with the same `headMax`.
    package init(adopting file: consuming OwnedDescriptor, headMax: Int) throws(SystemError) {
        let raw = file.raw
        var information = stat()
        try checked("fstat") { fstat(raw, &information) }
        self.file = file
        self.headMax = headMax
        count = Int(information.st_size)
        keptFrom = max(headMax, count - Self.tailBytesMax)
    }

    /// The number, for handing it on.
    package var raw: Int32 { file.raw }

    /// Moves what is in the pipe, at most `bytesMax` bytes: how many; 0 at its end, nil when nothing
    /// is there now.
    package func fill(from pipe: Int32, bytesMax: Int) throws(SystemError) -> Int? {
        let raw = file.raw
        let end = count
        do throws(SystemError) {
            let moved = try checked("splice") { clinux_splice(pipe, raw, off_t(end), bytesMax) }
            count += moved
            try letGo()
            return moved
        } catch {
            guard error.code == EAGAIN else { throw error }
            return nil
        }
    }

    /// What is kept of the bytes in `range`.
    package func read(_ range: Range<Int>) throws(SystemError) -> [UInt8] {
        let range = range.clamped(to: 0..<count)
        let raw = file.raw
        var bytes = [UInt8](repeating: 0, count: range.count)
        let size = try checked("pread") {
            pread(raw, &bytes, range.count, off_t(range.lowerBound))
        }
        return Array(bytes.prefix(size))
    }

    /// Twice the bound before anything goes, so that it is paid for once in a while.
    private func letGo() throws(SystemError) {
        guard count - keptFrom > 2 * Self.tailBytesMax else { return }
        let from = count - Self.tailBytesMax
        let raw = file.raw
        let start = off_t(headMax)
        try checked("fallocate") { clinux_punch_hole(raw, start, off_t(from) - start) }
        keptFrom = from
    }
}
