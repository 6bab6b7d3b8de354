import Glibc

/// Sole ownership of the record's directory, held by a lock on a file in it.
///
/// A flock(2) lock belongs to the open file, so it also keeps a second owner out within one
/// process, and the kernel drops it when the process dies, however it dies.
struct DirectoryClaim: ~Copyable {
    let path: String
    private let lock: Int32

    private static let lockName = "owner"

    /// Claims `path`, made 0700 if it is not there.
    ///
    /// Throws `.owned` when someone else has it.
    init(_ path: String) throws(RecordError) {
        lock = try Self.acquire(path)
        self.path = path
    }

    deinit {
        // Explicitly: a process that is just being spawned holds our descriptors until its exec.
        flock(lock, LOCK_UN)
        close(lock)
    }

    private static func acquire(_ path: String) throws(RecordError) -> Int32 {
        let isNew = mkdir(path, 0o700) == 0
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .failed(errno, "open \(path)") }
        defer { close(directory) }
        try makePrivate(directory, path)

        let lock = openat(directory, lockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .failed(errno, "open \(path)/\(lockName)") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let owner = readOwner(lock)
            close(lock)
            guard reason == EWOULDBLOCK else { throw .failed(reason, "lock \(path)") }
            throw .owned(directory: path, byPID: owner)
        }
        writeOwner(lock)
        // A crash must not take the directory itself away under entries that were acknowledged.
        if isNew { syncParent(of: path) }
        return lock
    }

    /// Gives LMDB's table of readers its blocks, before LMDB maps the file.
    ///
    /// It is written through the map: on a full disk a hole in it would be a SIGBUS for a reader.
    func allocateReaders() throws(RecordError) {
        let name = path + "/lock.mdb"
        let file = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .failed(errno, "open \(name)") }
        defer { close(file) }
        let code = posix_fallocate(file, 0, Self.readersBytes)
        guard code == 0 else { throw .failed(code, "allocate \(name)") }
    }

    /// LMDB 0.9's header and slots of 64 bytes each for the readers at the same time.
    private static let readersBytes = 8192

    /// Makes the names of the files in the directory durable.
    func sync() throws(RecordError) {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .failed(errno, "open \(path)") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .failed(errno, "sync \(path)") }
    }

    private static func makePrivate(_ directory: Int32, _ path: String) throws(RecordError) {
        var status = stat()
        guard fstat(directory, &status) == 0 else { throw .failed(errno, "stat \(path)") }
        guard status.st_uid == geteuid() else {
            throw .io(act: "open \(path)", reason: "it belongs to user \(status.st_uid)")
        }
        guard status.st_mode & 0o777 != 0o700 else { return }
        guard fchmod(directory, 0o700) == 0 else { throw .failed(errno, "chmod \(path)") }
    }

    private static func readOwner(_ lock: Int32) -> Int? {
        var text = [UInt8](repeating: 0, count: 24)
        let count = pread(lock, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: text[..<count].prefix { $0 != 10 }, as: UTF8.self))
    }

    /// The number is for the message of whoever is refused: a failure to write it is no failure
    /// here.
    private static func writeOwner(_ lock: Int32) {
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(lock, 0) == 0 else { return }
        _ = pwrite(lock, text, text.count, 0)
    }

    private static func syncParent(of path: String) {
        let parent = open("\(path)/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { return }
        fsync(parent)
        close(parent)
    }
}

extension RecordError {
    /// A failed system call.
    ///
    /// `errno` comes first, so that it is read before the text is made.
    static func failed(_ code: Int32, _ act: @autoclosure () -> String) -> Self {
        switch code {
        case ENOSPC, EDQUOT: .diskFull
        default: .io(act: act(), reason: String(cString: strerror(code)))
        }
    }
}
