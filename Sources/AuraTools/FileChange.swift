import AuraModel
import AuraSystem
import Glibc

/// A change of one file, worked out in full before anything happens: all of it is done, or nothing.
struct FileChange {
    /// The name under which new content is written before it takes the file's place.
    ///
    /// Always the same, so that what a crash leaves behind is found, and never becomes part of a
    /// commit.
    static let temporaryName = ".aura-tool-new"

    /// From the root, without links.
    var path: String
    var after: [UInt8]
    /// The SHA-256 of the file as it is; nil when there is none.
    var before: String?
    /// What the model is told when it is done.
    var message: String

    var image: FileImage {
        FileImage(path: path, before: before, after: Digest.hex(of: after))
    }

    /// Where a tool may write: a name that is not git's, in the workspace.
    static func place(_ path: String, in workspace: Workspace) throws(ToolRefusal)
        -> Workspace.Place
    {
        let place = try workspace.place(path)
        guard !place.isGit else {
            throw .denied("\(place.shown) belongs to git; tools do not write there")
        }
        guard place.name != "." else { throw .system(EISDIR, place.shown) }
        return place
    }

    /// The SHA-256 of what is at a place now; nil when nothing is there.
    static func digest(at place: Workspace.Place) throws(ToolRefusal) -> String? {
        guard let file = try RegularFile(place) else { return nil }
        return try file.digest()
    }

    /// Writes the new content in the old one's place, durably, with the old one's mode.
    ///
    /// A reader sees the old content or the new. Directories on the way are made.
    func write(in workspace: Workspace) throws(ToolRefusal) {
        var place = try Self.place(path, in: workspace)
        var directory = place.directory
        for name in place.missing {
            guard mkdirat(directory.raw, name, 0o777) == 0 || errno == EEXIST,
                let child = directory.child(name)
            else { throw .system(errno, place.shown) }
            _ = fsync(directory.raw)
            directory = child
        }
        place.directory = directory
        place.missing = []
        let mode = try RegularFile(place)?.mode
        try replace(place, mode: mode)
    }

    private func replace(_ place: Workspace.Place, mode: mode_t?) throws(ToolRefusal) {
        let directory = place.directory.raw
        _ = unlinkat(directory, Self.temporaryName, 0)
        let raw = openat(
            directory, Self.temporaryName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
            0o666)
        guard raw >= 0 else { throw .system(errno, place.shown) }
        let file = OwnedDescriptor(adopting: raw)
        var code = Self.writeAll(after, to: file.raw)
        if code == 0, let mode, fchmod(file.raw, mode) != 0 { code = errno }
        // Before the rename: the name must never lead to content that is not on the disk.
        if code == 0, fsync(file.raw) != 0 { code = errno }
        if code == 0, renameat(directory, Self.temporaryName, directory, place.name) != 0 {
            code = errno
        }
        if code == 0, fsync(directory) != 0 { code = errno }
        guard code == 0 else {
            _ = unlinkat(directory, Self.temporaryName, 0)
            throw .system(code, place.shown)
        }
    }

    /// Zero, or the error number of the write that failed.
    private static func writeAll(_ bytes: [UInt8], to raw: Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = Glibc.write(
                    raw, buffer.baseAddress.map { $0 + written }, buffer.count - written)
                if count < 0 {
                    let code = errno
                    if code == EINTR { continue }
                    return code
                }
                written += count
            }
            return 0
        }
    }

    /// Removes what a crash in the middle of a write may have left beside the file.
    static func clear(_ place: Workspace.Place) {
        guard place.missing.isEmpty else { return }
        _ = unlinkat(place.directory.raw, temporaryName, 0)
    }
}
