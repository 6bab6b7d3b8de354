import CLinux
import Glibc

/// A one-shot timer that is a descriptor: readable when its instant has come.
///
/// See timerfd_create(2).
///
/// Holds one deadline; arming again replaces it. Never early; late by scheduling only.
package struct TimerDescriptor: ~Copyable {
    /// The clock a deadline is read on.
    package enum Clock: Sendable {
        /// Wall time.
        ///
        /// The timer also wakes when the clock is set, so that a deadline computed from the old
        /// time can be computed again.
        case realtime
        /// Time since an unspecified start, as `SystemClock.monotonicMilliseconds`.
        ///
        /// Never set.
        case monotonic
    }

    private let clock: Clock
    private let descriptor: OwnedDescriptor

    /// An idle timer.
    package init(_ clock: Clock) throws(SystemError) {
        self.clock = clock
        let identifier = clock == .realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC
        descriptor = OwnedDescriptor(
            adopting: try checked("timerfd_create") {
                timerfd_create(identifier, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
            })
    }

    /// The number to watch for reading.
    package var raw: Int32 { descriptor.raw }

    /// Sets the deadline, in milliseconds of the timer's clock (realtime: since the epoch).
    ///
    /// A deadline in the past expires at once.
    package borrowing func arm(atMilliseconds deadline: Int) throws(SystemError) {
        var setting = itimerspec()
        // Zero would disarm, and the kernel refuses negative times: both mean "at once" here.
        setting.it_value =
            deadline > 0 ? TimerDescriptor.time(deadline) : timespec(tv_sec: 0, tv_nsec: 1)
        var flags = Int32(TFD_TIMER_ABSTIME)
        if clock == .realtime { flags |= Int32(TFD_TIMER_CANCEL_ON_SET) }
        let raw = self.raw
        do {
            try checked("timerfd_settime") { timerfd_settime(raw, flags, &setting, nil) }
        } catch  where error.code == ECANCELED {
            // fs/timerfd.c starts the timer first and then reports that the clock was set before:
            // whoever arms by the wall clock reads it first, so that is no news.
        }
    }

    /// Forgets the deadline.
    ///
    /// Without one, setting the clock wakes nobody.
    package borrowing func disarm() throws(SystemError) {
        var setting = itimerspec()
        let raw = self.raw
        try checked("timerfd_settime") { timerfd_settime(raw, 0, &setting, nil) }
    }

    /// Takes the wake, so that the descriptor is no longer readable.
    ///
    /// Whether the deadline passed or the wall clock was set, only the clocks tell. False when
    /// there was no wake: it was for a deadline that has been replaced since.
    @discardableResult
    package borrowing func acknowledge() throws(SystemError) -> Bool {
        var expirations: UInt = 0
        let raw = self.raw
        do {
            try checked("read") { read(raw, &expirations, MemoryLayout<UInt>.size) }
            return true
        } catch {
            switch error.code {
            case EAGAIN: return false
            case ECANCELED: return true
            default: throw error
            }
        }
    }

    private static func time(_ milliseconds: Int) -> timespec {
        timespec(
            tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
    }
}
