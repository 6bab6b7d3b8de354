import CLinux
import Glibc

/// Readiness of many descriptors, level-triggered, for one thread.
///
/// See epoll(7).
///
/// A descriptor is known by the token it was added with. Use a token once only: an event that was
/// already taken from the kernel for a descriptor removed in the same batch then names nobody.
/// Descriptors stay the caller's; remove each before it is closed.
package final class Reactor {
    /// What to wait for on a descriptor.
    package struct Interest: OptionSet, Sendable {
        /// The bits of `readable` and `writable`.
        package let rawValue: UInt8

        /// An interest of these bits; others mean nothing.
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Bytes, a connection, an expiry, an exit: something to read.
        ///
        /// Includes the peer's shutdown.
        package static let readable = Interest(rawValue: 1)
        /// Room to write.
        package static let writable = Interest(rawValue: 2)
    }

    /// One ready descriptor.
    package struct Readiness: Equatable, Sendable {
        /// The token given to `add`.
        package let token: UInt64
        /// Whether a read would not block.
        ///
        /// Also true at end of file.
        package let readable: Bool
        /// Whether a write would not block.
        package let writable: Bool
        /// Whether the peer has closed or shut down its side, or the descriptor has an error.
        ///
        /// Reported without being asked for, at every wait, until the descriptor is removed.
        package let hungUp: Bool
    }

    /// 64: enough that one turn can share its commit among many events, small enough that a timer
    /// or a signal is not kept waiting behind a flood from one kind of descriptor.
    package static let eventBatchMax = 64

    private let epoll: OwnedDescriptor
    private var events = [epoll_event](repeating: epoll_event(), count: Reactor.eventBatchMax)

    /// An empty set.
    package init() throws(SystemError) {
        epoll = OwnedDescriptor(
            adopting: try checked("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    /// Watches a descriptor.
    ///
    /// EPERM for a regular file, EEXIST when it is watched already.
    package func add(
        _ descriptor: Int32, interest: Interest, token: UInt64
    ) throws(SystemError) {
        try control(EPOLL_CTL_ADD, descriptor, interest, token)
    }

    /// Replaces interest and token of a watched descriptor.
    ///
    /// ENOENT when it is not watched.
    package func modify(
        _ descriptor: Int32, interest: Interest, token: UInt64
    ) throws(SystemError) {
        try control(EPOLL_CTL_MOD, descriptor, interest, token)
    }

    /// Stops watching a descriptor.
    ///
    /// ENOENT when it is not watched.
    package func remove(_ descriptor: Int32) throws(SystemError) {
        try control(EPOLL_CTL_DEL, descriptor, [], 0)
    }

    /// Waits for at most `timeoutMilliseconds` (nil: for ever) and returns what is ready.
    ///
    /// At most `eventBatchMax`; the rest comes with the next call, in the kernel's round-robin
    /// order. Empty after the timeout, and also after an interruption (a stop and a continue).
    package func wait(timeoutMilliseconds: Int32?) throws(SystemError) -> [Readiness] {
        let timeout = max(-1, timeoutMilliseconds ?? -1)
        let (count, code) = events.withUnsafeMutableBufferPointer { buffer in
            let count = epoll_wait(epoll.raw, buffer.baseAddress, Int32(buffer.count), timeout)
            return (count, count == -1 ? errno : 0)
        }
        // Not repeated as other calls are: the timeout would start again each time.
        if code == EINTR { return [] }
        guard code == 0 else { throw SystemError("epoll_wait", code: code) }
        return events[..<Int(count)].map(Reactor.readiness)
    }

    private func control(
        _ act: Int32, _ descriptor: Int32, _ interest: Interest, _ token: UInt64
    ) throws(SystemError) {
        var event = epoll_event()
        event.data.u64 = token
        if interest.contains(.readable) {
            // The shutdown goes with reading: level-triggered, it would otherwise wake a caller
            // that is not reading at every wait, with nothing it could do.
            event.events |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue
        }
        if interest.contains(.writable) { event.events |= EPOLLOUT.rawValue }
        try checked("epoll_ctl") { epoll_ctl(epoll.raw, act, descriptor, &event) }
    }

    private static func readiness(_ event: epoll_event) -> Readiness {
        let lost = EPOLLHUP.rawValue | EPOLLERR.rawValue | EPOLLRDHUP.rawValue
        return Readiness(
            token: event.data.u64,
            readable: event.events & EPOLLIN.rawValue != 0,
            writable: event.events & EPOLLOUT.rawValue != 0,
            hungUp: event.events & lost != 0)
    }
}
