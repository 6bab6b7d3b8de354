import AuraSystem
import Glibc

/// Whether the host's mounts are still those that a cage was built from; see proc_pid_mountinfo(5).
final class HostMounts {
    private let table: OwnedDescriptor?

    /// From now on, in the table at `path`.
    ///
    /// Without one, where there is no /proc, everything counts as changed.
    init(of path: String = "/proc/self/mountinfo") {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        table = number >= 0 ? OwnedDescriptor(adopting: number) : nil
    }

    /// Whether anything was mounted, moved or unmounted since this was asked before.
    func haveChanged() -> Bool {
        switch table {
        case .some(let table):
            var watched = pollfd(fd: table.raw, events: Int16(POLLPRI), revents: 0)
            return poll(&watched, 1, 0) != 0
        case nil: return true
        }
    }
}
