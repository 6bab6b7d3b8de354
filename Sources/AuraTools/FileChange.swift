import AuraModel
import AuraSystem
import Glibc

/// A change of one file, worked out in full before anything happens: all of it is done, or nothing.
struct FileChange {
    /// The name under which new content is written before it takes the file's place.
    ///
    /// Always the same, so that what a crash leaves behind is found, and never becomes part of a
    /// commit. Of several changes each further one has its number behind it.
    static let temporaryName = ".aura-tool-new"

    private static func temporaryName(_ number: Int) -> String {
        number == 0 ? temporaryName : "\(temporaryName).\(number)"
    }

    /// From the root, without links.
    var path: String
    /// Nil: the file goes.
    var after: [UInt8]?
    /// The SHA-256 of the file as it is; nil when there is none.
    var before: String?
    /// What the model is told when it is done.
    var message: String
    /// The file whose mode a new one takes.
    var origin: String?

    var image: FileImage {
        FileImage(path: path, before: before, after: after.map { Digest.hex(of: $0) })
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

    /// Makes all changes, durably: new content takes the place of the old in one step each, with the
    /// old one's mode, and only when all of it is on the disk.
    ///
    /// A reader of a file sees the old content or the new. Directories on the way are made. What fails
    /// before the first file changes, such as a full disk, leaves every file as it was.
    static func write(_ changes: [Self], in workspace: Workspace) throws(ToolRefusal) {
        var staged: [Workspace.Place] = []
        do throws(ToolRefusal) {
            for (number, change) in changes.enumerated() {
                staged.append(try change.stage(temporaryName(number), in: workspace))
            }
        } catch {
            for (number, place) in staged.enumerated() {
                _ = unlinkat(place.directory.raw, temporaryName(number), 0)
            }
            throw error
        }
        for (number, (change, place)) in zip(changes, staged).enumerated() {
            let directory = place.directory.raw
            let status =
                change.after == nil
                ? unlinkat(directory, place.name, 0)
                : renameat(directory, temporaryName(number), directory, place.name)
            guard status == 0, fsync(directory) == 0 else {
                let code = errno
                _ = unlinkat(directory, temporaryName(number), 0)
                throw .system(code, place.shown)
            }
        }
    }

    /// Puts the new content beside the file, on the disk; nothing of it counts yet.
    private func stage(
        _ name: String, in workspace: Workspace
    ) throws(ToolRefusal) -> Workspace.Place {
        var place = try Self.place(path, in: workspace)
        guard let after else { return place }
        for name in place.missing {
            guard mkdirat(place.directory.raw, name, 0o777) == 0 || errno == EEXIST,
                let child = place.directory.child(name)
            else { throw .system(errno, place.shown) }
            _ = fsync(place.directory.raw)
            place.directory = child
        }
        place.missing = []
        var model = place
        if let origin { model = try Self.place(origin, in: workspace) }
        let mode = try RegularFile(model)?.mode
        let directory = place.directory.raw
        _ = unlinkat(directory, name, 0)
        let raw = openat(
            directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        guard raw >= 0 else { throw .system(errno, place.shown) }
        let file = OwnedDescriptor(adopting: raw)
        var code = Self.writeAll(after, to: file.raw)
        if code == 0, let mode, fchmod(file.raw, mode) != 0 { code = errno }
        // Before the rename: the name must never lead to content that is not on the disk.
        if code == 0, fsync(file.raw) != 0 { code = errno }
        guard code == 0 else {
            _ = unlinkat(directory, name, 0)
            throw .system(code, place.shown)
        }
        return place
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

    /// Removes what a crash in the middle of a write of so many files may have left beside this one.
    static func clear(_ place: Workspace.Place, of count: Int) {
        guard place.missing.isEmpty else { return }
        for number in 0..<count { _ = unlinkat(place.directory.raw, temporaryName(number), 0) }
    }
}
