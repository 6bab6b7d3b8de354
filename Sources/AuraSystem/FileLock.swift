import Glibc

/// An exclusive lock on a file, held as long as this value lives.
///
/// See flock(2).
///
/// The lock belongs to the open file description: the kernel drops it when the process ends in any
/// way, and children do not get it (close-on-exec). The file is never removed, because a lock on a
/// file without a name protects nothing.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: OwnedDescriptor

    /// Takes the lock without waiting, making the file (mode 0600) if need be.
    ///
    /// Nil when somebody holds it, this process included. A symbolic link is refused (ELOOP).
    package static func acquire(_ path: String) throws(SystemError) -> FileLock? {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY
        let file = OwnedDescriptor(
            adopting: try checked("open", subject: path) { open(path, flags, 0o600) })
        let raw = file.raw
        do {
            try checked("flock", subject: path) { flock(raw, LOCK_EX | LOCK_NB) }
        } catch  where error.code == EWOULDBLOCK {
            return nil
        }
        return FileLock(descriptor: file)
    }

    private init(descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }
}
