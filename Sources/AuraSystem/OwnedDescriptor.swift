import CLinux
import Glibc

/// A file descriptor with one owner; it is closed when the owner goes.
package struct OwnedDescriptor: ~Copyable, Sendable {
    /// The number, valid while this value lives.
    ///
    /// Whoever borrows it must not close it.
    package let raw: Int32

    /// Takes ownership of an open descriptor that nobody else closes.
    package init(adopting raw: Int32) {
        precondition(raw >= 0, "not a descriptor: \(raw)")
        self.raw = raw
    }

    /// Gives ownership away: the caller closes the number.
    package consuming func take() -> Int32 {
        let given = raw
        discard self
        return given
    }

    /// Adds O_NONBLOCK to the open file description, which duplicates of this descriptor share.
    package borrowing func setNonblocking() throws(SystemError) {
        let raw = self.raw
        try checked("fcntl") { clinux_set_nonblocking(raw) }
    }

    deinit {
        // Once: close(2) frees the number on Linux even when it reports EINTR or an I/O error, and a
        // second close could hit a descriptor that another thread has just been given.
        _ = Glibc.close(raw)
    }
}

/// Two descriptors made by one call, each to be taken once; one that is not taken is closed.
package struct DescriptorPair: ~Copyable {
    private var first: OwnedDescriptor?
    private var second: OwnedDescriptor?

    /// How a socket pair carries bytes.
    package enum SocketKind: Sendable {
        /// A byte stream (SOCK_STREAM).
        case stream
        /// Whole messages in order (SOCK_SEQPACKET).
        case packets
    }

    private init(_ ends: [Int32]) {
        first = OwnedDescriptor(adopting: ends[0])
        second = OwnedDescriptor(adopting: ends[1])
    }

    /// A pipe whose first end reads and whose second end writes.
    ///
    /// Close-on-exec. See pipe2(2).
    package static func pipe() throws(SystemError) -> DescriptorPair {
        var ends: [Int32] = [-1, -1]
        try checked("pipe2") { clinux_pipe(&ends) }
        return DescriptorPair(ends)
    }

    /// Two connected AF_UNIX sockets.
    ///
    /// Close-on-exec. See socketpair(2).
    package static func sockets(_ kind: SocketKind) throws(SystemError) -> DescriptorPair {
        var ends: [Int32] = [-1, -1]
        try checked("socketpair") { clinux_socket_pair(kind == .packets ? 1 : 0, &ends) }
        return DescriptorPair(ends)
    }

    /// The first end, for a pipe the reading one.
    ///
    /// Traps when it was taken before.
    package mutating func takeFirst() -> OwnedDescriptor {
        guard let end = first.take() else { preconditionFailure("first end taken twice") }
        return end
    }

    /// The second end, for a pipe the writing one.
    ///
    /// Traps when it was taken before.
    package mutating func takeSecond() -> OwnedDescriptor {
        guard let end = second.take() else { preconditionFailure("second end taken twice") }
        return end
    }
}
