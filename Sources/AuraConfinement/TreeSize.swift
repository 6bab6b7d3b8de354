import AuraSystem
import Glibc

/// The disk space of a tree that somebody else is writing at the moment.
enum TreeSize {
    /// The bytes of the blocks of everything below `root`; nil when it is more than `bytesMax` bytes,
    /// more than `namesMax` names, or deeper than any path can say.
    ///
    /// A file of several names counts once in all when all of them are here. Follows no link. A
    /// directory that its owner has closed is open for as long as the walk takes.
    static func measure(_ root: String, bytesMax: Int, namesMax: Int) -> Int? {
        var bytes = 0
        var names = 0
        var waiting = [root]
        var closed: [(path: String, mode: mode_t)] = []
        // The deepest first: it is reached through the others.
        defer {
            for (path, mode) in closed.reversed() {
                _ = fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW)
            }
        }
        while let path = waiting.popLast() {
            // Gone meanwhile: then it has no size.
            guard let directory = openDirectory(path, &closed) else { continue }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                names += 1
                var information = stat()
                guard fstatat(dirfd(directory), name, &information, AT_SYMLINK_NOFOLLOW) == 0
                else { continue }
                let isDirectory = information.st_mode & S_IFMT == S_IFDIR
                // 512: the unit of st_blocks, whatever the file system's own is.
                let size = Int(information.st_blocks) * 512
                bytes += isDirectory ? size : size / max(1, Int(information.st_nlink))
                if isDirectory {
                    guard path.utf8.count + name.utf8.count < CagePlan.pathBytesMax else {
                        return nil
                    }
                    waiting.append(path + "/" + name)
                }
                if bytes > bytesMax || names > namesMax { return nil }
            }
        }
        return bytes
    }

    private static func openDirectory(
        _ path: String, _ closed: inout [(path: String, mode: mode_t)]
    ) -> OpaquePointer? {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
        var number = open(path, flags)
        if number < 0, errno == EACCES {
            var information = stat()
            guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR,
                // A link by now would be refused by the kernel (EOPNOTSUPP), not followed.
                fchmodat(AT_FDCWD, path, 0o700, AT_SYMLINK_NOFOLLOW) == 0
            else { return nil }
            closed.append((path, information.st_mode & 0o7777))
            number = open(path, flags)
        }
        guard number >= 0 else { return nil }
        guard let directory = fdopendir(number) else {
            close(number)
            return nil
        }
        return directory
    }
}
