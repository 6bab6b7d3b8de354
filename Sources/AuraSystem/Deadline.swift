import Glibc

/// The end of a blocking wait, on the monotonic clock, so that interruptions do not lengthen it.
struct Deadline {
    private let monotonicMilliseconds: Int?

    /// `timeout` from now; nil is never.
    init(inMilliseconds timeout: Int32?) {
        monotonicMilliseconds = timeout.map { SystemClock.monotonicMilliseconds() + Int($0) }
    }

    /// What is left, never negative, as poll(2) wants it: -1 without an end.
    var remainingMilliseconds: Int32 {
        guard let monotonicMilliseconds else { return -1 }
        let left = monotonicMilliseconds - SystemClock.monotonicMilliseconds()
        return Int32(clamping: max(0, left))
    }
}

/// Waits until a descriptor is ready for `events` or has failed; false when the deadline came
/// first.
func waitReady(_ descriptor: Int32, for events: Int16, until deadline: Deadline)
    throws(SystemError) -> Bool
{
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    let ready = try checked("poll") { poll(&entry, 1, deadline.remainingMilliseconds) }
    // poll does not fail for a closed number, it only marks it.
    precondition(entry.revents & Int16(POLLNVAL) == 0, "poll: descriptor \(descriptor) is not open")
    return ready > 0
}
