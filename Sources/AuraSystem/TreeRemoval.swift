import CLinux
import Glibc

extension FileSystem {
    /// Removes a file, a symbolic link or a whole tree at an absolute or relative path.
    ///
    /// As `removeTree(at:name:)`; symbolic links in the parent part of the path are followed.
    package static func removeTree(_ path: String) throws(SystemError) {
        let (parent, name) = split(path)
        let directory = try openDirectory(parent)
        try removeTree(at: directory.raw, name: name)
    }

    /// Removes one name of an open directory, with everything below it.
    ///
    /// Absent is success.
    ///
    /// Made for trees that a hostile worker has left: symbolic links are removed and never
    /// followed, a mount point is refused (EXDEV), directories without permissions are opened up
    /// first (they must belong to us), depth and width have no limit, and memory and descriptors
    /// used do not depend on either. After an error everything that could be removed is gone.
    package static func removeTree(at directory: Int32, name: String) throws(SystemError) {
        preconditionComponent(name)
        if unlinkat(directory, name, 0) == 0 || errno == ENOENT { return }
        let root: OwnedDescriptor
        do {
            root = try TreeRemoval.openAccessible(at: directory, name)
        } catch  where error.code == ENOTDIR || error.code == ELOOP {
            // Not a directory after all: the first call's reason is the true one.
            try checked("unlinkat", subject: name) { unlinkat(directory, name, 0) }
            return
        }
        var removal = TreeRemoval(root: root, stem: hexadecimal(try Entropy.word()))
        try removal.empty()
        do {
            try checked("unlinkat", subject: name) { unlinkat(directory, name, AT_REMOVEDIR) }
        } catch  where error.code == ENOENT {
            return
        }
    }
}

/// Empties one directory by flattening it.
///
/// Passes over the root's entries: a file is unlinked; of a directory, the files are unlinked, the
/// empty directories removed, and the others *renamed up* into the root, where a later pass finds
/// them; then it is empty and goes. So no path is ever deeper than two names from an open
/// directory, no more than five descriptors are open, nothing is remembered between entries, and
/// ".." is never used (a directory moved meanwhile would make it lead elsewhere).
private struct TreeRemoval: ~Copyable {
    /// 1,000,000: one pass per level of a chain, and a tree that deep would need as many
    /// directories one inside the other.
    ///
    /// The bound ends a race with somebody who still writes.
    static let passesMax = 1_000_000

    private let root: OwnedDescriptor
    /// Random, so that no name in the tree is likely to be in the way.
    private let stem: String
    private var moved: UInt64 = 0
    private var progress: UInt64 = 0
    private var failure: SystemError?

    init(root: consuming OwnedDescriptor, stem: String) {
        self.root = root
        self.stem = stem
    }

    /// Removes all below the root; throws the first error of a pass that could remove nothing.
    mutating func empty() throws(SystemError) {
        for _ in 0..<TreeRemoval.passesMax {
            let before = progress
            failure = nil
            let seen = try passOverRoot()
            if seen == 0 { return }
            if progress == before {
                throw failure ?? SystemError("unlinkat", code: ENOTEMPTY)
            }
        }
        throw SystemError("unlinkat", code: EBUSY, subject: "the tree keeps growing")
    }

    /// One pass.
    ///
    /// Returns how many entries it met; errors are noted and do not end it, so that one entry that
    /// cannot be removed does not keep the space of all others.
    private mutating func passOverRoot() throws(SystemError) -> Int {
        let stream = try DirectoryStream(root.raw)
        var seen = 0
        while let name = try stream.next() {
            seen += 1
            if unlink(at: root.raw, name) { continue }
            do {
                try emptyChild(name)
            } catch {
                note(error)
            }
        }
        return seen
    }

    /// Empties a directory that is in the root and removes it.
    private mutating func emptyChild(_ name: UnsafePointer<CChar>) throws(SystemError) {
        let child = try TreeRemoval.openAccessible(at: root.raw, name)
        let stream = try DirectoryStream(child.raw)
        while let entry = try stream.next() {
            if unlink(at: child.raw, entry) { continue }
            do {
                try moveUp(entry, of: child.raw)
            } catch {
                note(error)
            }
        }
        let parent = root.raw
        try checked("unlinkat") { unlinkat(parent, name, AT_REMOVEDIR) }
        progress += 1
    }

    /// Renames a directory of `child` into the root.
    private mutating func moveUp(
        _ entry: UnsafePointer<CChar>, of child: Int32
    ) throws(SystemError) {
        let parent = root.raw
        moved += 1
        let target = ".\(stem).\(moved)"
        do {
            try checked("renameat") { renameat(child, entry, parent, target) }
        } catch  where error.code == EACCES || error.code == EPERM {
            // Moving a directory rewrites its "..", which needs permission to write in it.
            try TreeRemoval.makeAccessible(at: child, entry)
            try checked("renameat") { renameat(child, entry, parent, target) }
        }
        progress += 1
    }

    /// Removes a file or an empty directory; false for what remains, with a file's error noted.
    private mutating func unlink(at directory: Int32, _ name: UnsafePointer<CChar>) -> Bool {
        if unlinkat(directory, name, 0) == 0 {
            progress += 1
            return true
        }
        let reason = errno
        switch reason {
        case ENOENT: return true
        case EISDIR, EPERM: break
        default:
            note(SystemError("unlinkat", code: reason))
            return true
        }
        if unlinkat(directory, name, AT_REMOVEDIR) == 0 {
            progress += 1
            return true
        }
        if errno == ENOTDIR {
            note(SystemError("unlinkat", code: reason))
            return true
        }
        return false
    }

    private mutating func note(_ error: SystemError) {
        if failure == nil { failure = error }
    }

    /// Opens a directory for reading, with our permissions in it.
    ///
    /// No link, no mount point.
    static func openAccessible(
        at parent: Int32, _ name: UnsafePointer<CChar>
    ) throws(SystemError) -> OwnedDescriptor {
        do {
            return try openWritable(at: parent, name)
        } catch  where error.code == EACCES {
            try makeAccessible(at: parent, name)
            return try openWritable(at: parent, name)
        }
    }

    private static func openWritable(
        at parent: Int32, _ name: UnsafePointer<CChar>
    ) throws(SystemError) -> OwnedDescriptor {
        let directory = OwnedDescriptor(
            adopting: try checked("openat") { clinux_open_directory(parent, name, 0) })
        let raw = directory.raw
        var status = stat()
        try checked("fstat") { fstat(raw, &status) }
        if status.st_mode & S_IRWXU != S_IRWXU {
            try checked("fchmod") { fchmod(raw, S_IRWXU) }
        }
        return directory
    }

    /// Gives us all permissions in a directory that cannot even be opened.
    ///
    /// It is held by an O_PATH descriptor meanwhile, so that a link put in its place is not what is
    /// changed.
    private static func makeAccessible(
        at parent: Int32, _ name: UnsafePointer<CChar>
    ) throws(SystemError) {
        let directory = OwnedDescriptor(
            adopting: try checked("openat") { clinux_open_directory(parent, name, 1) })
        let raw = directory.raw
        try checked("chmod") { clinux_path_chmod(raw, S_IRWXU) }
    }
}

/// The names in a directory, as the bytes they are: they need not be text.
private struct DirectoryStream: ~Copyable {
    private let stream: OpaquePointer

    /// Reads from the start, with a file position of its own.
    init(_ directory: Int32) throws(SystemError) {
        let own = OwnedDescriptor(
            adopting: try checked("openat") {
                openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            })
        guard let stream = fdopendir(own.raw) else {
            throw SystemError("fdopendir", code: errno)
        }
        // The stream closes the number from now on.
        _ = own.take()
        self.stream = stream
    }

    /// The next name, valid until the next call; nil at the end.
    func next() throws(SystemError) -> UnsafePointer<CChar>? {
        var name: UnsafePointer<CChar>?
        let found = try checked("readdir") {
            clinux_directory_next(UnsafeMutableRawPointer(stream), &name)
        }
        return found == 1 ? name : nil
    }

    deinit { closedir(stream) }
}
