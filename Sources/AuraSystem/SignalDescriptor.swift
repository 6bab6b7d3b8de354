import CLinux
import Glibc

/// Signals as something to read, in order with everything else.
///
/// See signalfd(2).
package struct SignalDescriptor: ~Copyable {
    /// 16: there are fewer signals a daemon listens to, and pending ones of a kind are merged.
    package static let batchMax = 16

    private let descriptor: OwnedDescriptor

    /// Blocks the signals in the calling thread, for good, and opens a descriptor that yields them.
    ///
    /// Make it before any other thread exists: threads inherit the mask, and a thread without it
    /// would be killed by the signal instead. A spawned child starts with a clear mask (`Spawn`).
    package init(_ signals: [Int32]) throws(SystemError) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals {
            precondition(sigaddset(&set, number) == 0, "no such signal: \(number)")
        }
        let failure = pthread_sigmask(SIG_BLOCK, &set, nil)
        guard failure == 0 else { throw SystemError("pthread_sigmask", code: failure) }
        let flags = Int32(SFD_CLOEXEC | SFD_NONBLOCK)
        descriptor = OwnedDescriptor(
            adopting: try checked("signalfd") { signalfd(-1, &set, flags) })
    }

    /// The number to watch for reading.
    package var raw: Int32 { descriptor.raw }

    /// Takes the pending signals' numbers, at most `batchMax`; empty when none is pending.
    package borrowing func read() throws(SystemError) -> [Int32] {
        var batch = [signalfd_siginfo](
            repeating: signalfd_siginfo(), count: SignalDescriptor.batchMax)
        let stride = MemoryLayout<signalfd_siginfo>.stride
        let raw = self.raw
        do {
            let count = try checked("read") {
                batch.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) }
            }
            return batch[..<(count / stride)].map { Int32($0.ssi_signo) }
        } catch  where error.code == EAGAIN {
            return []
        }
    }
}
