import CLinux
import Glibc

/// Whole files, with bounds on the way in and durability on the way out.
package enum FileSystem {
    /// Reads a whole file of at most `bytesMax` bytes; EFBIG when there is more.
    ///
    /// Never blocks on a FIFO. `path` is relative to `directory`, by default the working directory.
    package static func readFile(
        at directory: Int32 = AT_FDCWD, _ path: String, bytesMax: Int
    ) throws(SystemError) -> [UInt8] {
        let file = try open(
            at: directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode: 0)
        let raw = file.raw
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(bytesMax + 1, readChunkBytes))
        while true {
            let count = try checked("read", subject: path) {
                chunk.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) }
            }
            if count == 0 { return content }
            guard content.count + count <= bytesMax else {
                throw SystemError("read", code: EFBIG, subject: path)
            }
            content.append(contentsOf: chunk[..<count])
        }
    }

    /// Gives each of two paths what the other one names, in one step, durably.
    package static func exchange(_ first: String, _ second: String) throws(SystemError) {
        try checked("renameat2", subject: second) { clinux_exchange(first, second) }
        let directory = try openDirectory(split(second).0)
        let raw = directory.raw
        try checked("fsync", subject: second) { fsync(raw) }
    }

    /// Replaces a file so that a reader, also after a power cut, sees the old or the new content.
    ///
    /// Durable on return. The new file has `mode` (less the umask); a symbolic link at `path` is
    /// replaced, not followed. The directory must exist. After an error the old file stands.
    package static func writeAtomically(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600
    ) throws(SystemError) {
        let (parent, name) = split(path)
        let directory = try openDirectory(parent)
        try writeAtomically(bytes, at: directory.raw, name: name, mode: mode)
    }

    /// As `writeAtomically(_:to:mode:)`, for one name in an open directory.
    package static func writeAtomically(
        _ bytes: [UInt8], at directory: Int32, name: String, mode: UInt32 = 0o600
    ) throws(SystemError) {
        preconditionComponent(name)
        // A name of chance: two writers never share one, and a rest of a crash is in nobody's way.
        let temporary = ".\(hexadecimal(try Entropy.word())).new"
        let file = try open(
            at: directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: mode)
        do throws(SystemError) {
            try writeAll(bytes, to: file.raw)
            // Before the rename: the name must never lead to content that is not on the disk.
            let raw = file.raw
            try checked("fsync", subject: temporary) { fsync(raw) }
            try checked("renameat", subject: name) {
                renameat(directory, temporary, directory, name)
            }
        } catch {
            _ = unlinkat(directory, temporary, 0)
            throw error
        }
        // The name itself is content of the directory.
        try checked("fsync", subject: name) { fsync(directory) }
    }

    /// A read-only memory file with this content, position 0, sealed against every change; for
    /// handing a child something nobody can alter under it.
    ///
    /// See memfd_create(2).
    package static func sealedMemory(
        name: String, content: [UInt8]
    ) throws(SystemError) -> OwnedDescriptor {
        let file = try memory(name: name, content: content)
        let raw = file.raw
        try checked("fcntl") { clinux_memory_file_seal(raw) }
        try checked("lseek") { lseek(raw, 0, SEEK_SET) }
        return file
    }

    /// A memory file with this content that is written on from its end.
    package static func memory(
        name: String, content: [UInt8]
    ) throws(SystemError) -> OwnedDescriptor {
        let file = OwnedDescriptor(
            adopting: try checked("memfd_create") { clinux_memory_file(name) })
        try writeAll(content, to: file.raw)
        return file
    }

    /// Opens a directory, to be named by descriptor from then on.
    ///
    /// Follows symbolic links.
    package static func openDirectory(_ path: String) throws(SystemError) -> OwnedDescriptor {
        try open(at: AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, mode: 0)
    }

    /// 64 KiB: most files here are read in one piece.
    private static let readChunkBytes = 64 << 10

    private static func open(
        at directory: Int32, _ path: String, _ flags: Int32, mode: UInt32
    ) throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(
            adopting: try checked("openat", subject: path) {
                openat(directory, path, flags, mode)
            })
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try checked("write") {
                bytes.withUnsafeBytes {
                    Glibc.write(
                        descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
                }
            }
        }
    }

    /// Directory and last component of a path: "a/b" is ("a", "b"), "/a" is ("/", "a").
    static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let parent = slash == path.startIndex ? "/" : String(path[..<slash])
        return (parent, String(path[path.index(after: slash)...]))
    }

    /// Traps unless `name` is one name in a directory: a path where a name is meant could lead out.
    static func preconditionComponent(_ name: String) {
        precondition(
            !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/"))
                && !name.utf8.contains(0),
            "not one file name: \(name)")
    }

    /// Sixteen digits.
    static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
