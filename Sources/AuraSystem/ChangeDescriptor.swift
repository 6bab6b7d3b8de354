import CLinux
import Glibc

/// Changes in directories as something to read, in order with everything else.
///
/// See inotify(7). A watch is of one directory, without those below it: its entries are made,
/// removed, renamed, written or touched, or it goes itself.
package final class ChangeDescriptor {
    /// What was read.
    package struct Changes: Sendable {
        /// Watches whose directory changed.
        package var watches: Set<Int32> = []
        /// Watches that the kernel has removed: their directory is gone.
        package var gone: Set<Int32> = []
        /// Whether changes were lost, or a directory has another name by now: nothing that is known
        /// of the watches holds.
        package var isStale = false

        /// Nothing.
        package init() {}
    }

    /// 64 KiB: some two thousand changes; what is left is read the next time.
    private static let bufferBytes = 64 << 10

    private static let mask = UInt32(
        IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB
            | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

    private let descriptor: OwnedDescriptor

    /// Nothing is watched yet.
    ///
    /// - Throws: EMFILE when the user has too many of these, see fs.inotify.max_user_instances.
    package init() throws(SystemError) {
        descriptor = OwnedDescriptor(
            adopting: try checked("inotify_init1") {
                inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
            })
    }

    /// The number to watch for reading.
    package var raw: Int32 { descriptor.raw }

    /// Watches a directory; of one that is watched already the same number is returned.
    ///
    /// - Throws: ENOSPC when the user watches too much, see fs.inotify.max_user_watches.
    package func watch(_ directory: String) throws(SystemError) -> Int32 {
        let raw = self.raw
        return try checked("inotify_add_watch", subject: directory) {
            inotify_add_watch(raw, directory, Self.mask)
        }
    }

    /// Forgets a watch; harmless for one that is gone.
    package func forget(_ watch: Int32) { inotify_rm_watch(raw, watch) }

    /// Takes what has changed; nothing when nothing has.
    package func read() throws(SystemError) -> Changes {
        var buffer = [UInt8](repeating: 0, count: Self.bufferBytes)
        let raw = self.raw
        var changes = Changes()
        do {
            let count = try checked("read") {
                buffer.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) }
            }
            buffer.withUnsafeBytes { bytes in
                var at = 0
                while at + Self.headBytes <= count {
                    let watch = bytes.loadUnaligned(fromByteOffset: at, as: Int32.self)
                    let mask = bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
                    let length = bytes.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self)
                    changes.note(watch, mask)
                    at += Self.headBytes + Int(length)
                }
            }
        } catch {
            guard error.code == EAGAIN else { throw error }
        }
        return changes
    }

    /// `struct inotify_event` before its name: watch, mask, cookie, length.
    private static let headBytes = 16
}

extension ChangeDescriptor.Changes {
    fileprivate mutating func note(_ watch: Int32, _ mask: UInt32) {
        if mask & UInt32(IN_Q_OVERFLOW | IN_MOVE_SELF) != 0 {
            isStale = true
        } else if mask & UInt32(IN_IGNORED) != 0 {
            gone.insert(watch)
        } else {
            watches.insert(watch)
        }
    }
}
