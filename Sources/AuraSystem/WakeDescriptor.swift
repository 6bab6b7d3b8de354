import CLinux
import Glibc

/// A bell that any thread may ring and one reactor hears.
///
/// See eventfd(2).
package final class WakeDescriptor: Sendable {
    private let descriptor: OwnedDescriptor

    /// A silent bell.
    package init() throws(SystemError) {
        let flags = Int32(EFD_CLOEXEC | EFD_NONBLOCK)
        descriptor = OwnedDescriptor(adopting: try checked("eventfd") { eventfd(0, flags) })
    }

    /// The number to watch for reading.
    package var raw: Int32 { descriptor.raw }

    /// Makes the descriptor readable until `acknowledge`.
    ///
    /// From any thread; never blocks.
    package func wake() {
        var one: UInt64 = 1
        while write(descriptor.raw, &one, MemoryLayout<UInt64>.size) == -1 {
            // EAGAIN: the counter is full, so the bell is ringing already.
            if errno != EINTR { return }
        }
    }

    /// Silences the bell.
    ///
    /// Do it before looking at what the bell was about: a ring that comes during the look is then
    /// kept for the next wait. Returns whether it had been rung.
    @discardableResult
    package func acknowledge() throws(SystemError) -> Bool {
        var rings: UInt64 = 0
        do {
            try checked("read") { read(descriptor.raw, &rings, MemoryLayout<UInt64>.size) }
            return true
        } catch  where error.code == EAGAIN {
            return false
        }
    }
}
