import Glibc

/// Frames of bytes, both ways, over a connected stream socket that it owns.
///
/// Two ways of use that may be mixed: without blocking from a reactor (`receive`, `send`, `flush`),
/// and blocking with a timeout, for a process that has one peer (`receiveBlocking`,
/// `sendBlocking`). A peer can cost at most the bounds given here: one frame and one read budget of
/// memory on the way in, the backlog on the way out.
package final class FrameChannel {
    /// How a stream has ended.
    package enum End: Equatable, Sendable {
        /// The peer closed between two frames.
        case closed
        /// Anything else: `truncated`, `frameTooLarge` or `peerGone`.
        ///
        /// Close the channel.
        case failed(FrameError)
    }

    /// What one call has received.
    package struct Received: Equatable, Sendable {
        /// Whole frames, in order.
        package let frames: [[UInt8]]
        /// Set when nothing will follow these frames; stays set for later calls.
        package let end: End?
    }

    /// 256 KiB: what one `receive` reads at most, so that a peer that never stops sending gets no
    /// more of a turn than that; the level-triggered reactor brings the rest to the next turn.
    package static let readBudgetBytes = 256 << 10

    /// 64 KiB: one read; a frame here is mostly smaller.
    private static let chunkBytes = 64 << 10

    private let descriptor: OwnedDescriptor
    private let backlogBytesMax: Int
    private var assembler: FrameAssembler
    private var chunk = [UInt8](repeating: 0, count: FrameChannel.chunkBytes)
    private var end: End?
    private var outgoing: [UInt8] = []
    private var sent = 0

    /// Takes over a connected stream socket and makes it non-blocking.
    ///
    /// `frameBytesMax` bounds a payload in both directions. `backlogBytesMax` bounds what waits to
    /// be sent, headers included, and must hold at least one frame.
    package init(
        descriptor: consuming OwnedDescriptor, frameBytesMax: Int, backlogBytesMax: Int
    ) throws(SystemError) {
        precondition(frameBytesMax >= 0 && frameBytesMax <= Int(UInt32.max), "frame bound")
        precondition(
            backlogBytesMax >= frameBytesMax + FrameAssembler.headerBytes, "no room for a frame")
        try descriptor.setNonblocking()
        self.descriptor = descriptor
        self.backlogBytesMax = backlogBytesMax
        assembler = FrameAssembler(frameBytesMax: frameBytesMax)
    }

    /// The number to watch: for reading until an end was received, for writing while `wantsWrite`.
    package var raw: Int32 { descriptor.raw }

    /// Whether bytes wait for room in the socket: call `flush` when it is writable.
    package var wantsWrite: Bool { sent < outgoing.count }

    /// Bytes waiting to be sent.
    package var backlogBytes: Int { outgoing.count - sent }

    // MARK: Without blocking

    /// Reads what is there, at most `readBudgetBytes`, and returns the frames it completes.
    ///
    /// Frames that came before an end are delivered with it. Throws only `.system`.
    package func receive() throws(FrameError) -> Received {
        var frames: [[UInt8]] = []
        var budget = FrameChannel.readBudgetBytes
        drain(into: &frames)
        while end == nil, budget > 0 {
            guard let count = try readChunk(bytesMax: budget) else { break }
            budget -= count
            drain(into: &frames)
        }
        return Received(frames: frames, end: end)
    }

    /// Queues a frame and writes what the socket takes now.
    ///
    /// Throws `.frameTooLarge` or `.backlogFull` with nothing queued, `.peerGone`, or `.system`.
    package func send(_ frame: [UInt8]) throws(FrameError) {
        try enqueue(frame)
        try flush()
    }

    /// Writes what the socket takes of the backlog.
    ///
    /// Throws `.peerGone` or `.system`.
    package func flush() throws(FrameError) {
        while wantsWrite {
            let result = outgoing.withUnsafeBytes { bytes in
                // Without a signal: a peer that is gone is an error of this channel alone.
                Glibc.send(
                    descriptor.raw, bytes.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if result == -1 {
                let code = errno
                if code == EINTR { continue }
                if code == EAGAIN { break }
                throw FrameChannel.failure("send", code)
            }
            sent += result
        }
        dropSentBytes()
    }

    // MARK: Blocking

    /// Waits for the next frame for at most `timeoutMilliseconds` (nil: for ever).
    ///
    /// Nil when the peer has closed between two frames. Throws `.timedOut`, after which the call
    /// may be repeated, or the reason of any other end.
    package func receiveBlocking(timeoutMilliseconds: Int32?) throws(FrameError) -> [UInt8]? {
        let deadline = Deadline(inMilliseconds: timeoutMilliseconds)
        while true {
            if case .failed(let reason) = end { throw reason }
            do {
                if let frame = try assembler.next() { return frame }
            } catch {
                end = .failed(error)
                throw error
            }
            if end != nil { return nil }
            if try readChunk(bytesMax: FrameChannel.chunkBytes) == nil, end == nil {
                try wait(for: Int16(POLLIN), until: deadline)
            }
        }
    }

    /// Sends a frame and everything queued before it, for at most `timeoutMilliseconds` (nil: for
    /// ever).
    ///
    /// Throws as `send`, and `.timedOut` with the rest still queued: the frame will be sent whole,
    /// or never, but must not be queued again.
    package func sendBlocking(
        _ frame: [UInt8], timeoutMilliseconds: Int32?
    ) throws(FrameError) {
        let deadline = Deadline(inMilliseconds: timeoutMilliseconds)
        try send(frame)
        while wantsWrite {
            try wait(for: Int16(POLLOUT), until: deadline)
            try flush()
        }
    }

    // MARK: Parts

    private func drain(into frames: inout [[UInt8]]) {
        if case .failed = end { return }
        do {
            while let frame = try assembler.next() { frames.append(frame) }
        } catch {
            end = .failed(error)
        }
    }

    /// Reads once.
    ///
    /// Nil when nothing is there now, or when the stream has ended and `end` is set.
    private func readChunk(bytesMax: Int) throws(FrameError) -> Int? {
        while true {
            let result = chunk.withUnsafeMutableBytes { bytes in
                recv(descriptor.raw, bytes.baseAddress, min(bytes.count, bytesMax), 0)
            }
            if result > 0 {
                assembler.append(chunk[..<result])
                return result
            }
            if result == 0 {
                finish()
                return nil
            }
            let code = errno
            switch code {
            case EINTR: continue
            case EAGAIN: return nil
            default:
                let reason = FrameChannel.failure("recv", code)
                guard reason == .peerGone else { throw reason }
                // A peer that ended with our bytes unread: the kernel gives what it had sent first.
                end = .failed(reason)
                return nil
            }
        }
    }

    /// The stream has ended; whole frames have been taken from the assembler before each read,
    /// except by `receiveBlocking`, which takes one at a time and never reads while it has one.
    private func finish() {
        let rest = assembler.pendingBytes
        end = rest == 0 ? .closed : .failed(.truncated(bytes: rest))
    }

    private func enqueue(_ frame: [UInt8]) throws(FrameError) {
        guard frame.count <= assembler.frameBytesMax else {
            throw .frameTooLarge(bytes: frame.count, bytesMax: assembler.frameBytesMax)
        }
        guard backlogBytes + FrameAssembler.headerBytes + frame.count <= backlogBytesMax else {
            throw .backlogFull(bytesMax: backlogBytesMax)
        }
        outgoing.append(contentsOf: FrameAssembler.header(forBytes: frame.count))
        outgoing.append(contentsOf: frame)
    }

    private func dropSentBytes() {
        if sent == outgoing.count {
            outgoing.removeAll(keepingCapacity: outgoing.capacity <= FrameChannel.chunkBytes)
            sent = 0
        } else if sent >= backlogBytesMax {
            // Bounds memory at twice the backlog; moving less often than that costs less.
            outgoing.removeFirst(sent)
            sent = 0
        }
    }

    private func wait(for events: Int16, until deadline: Deadline) throws(FrameError) {
        let ready: Bool
        do {
            ready = try waitReady(descriptor.raw, for: events, until: deadline)
        } catch {
            throw .system(error)
        }
        guard ready else { throw .timedOut }
    }

    private static func failure(_ operation: String, _ code: Int32) -> FrameError {
        switch code {
        case EPIPE, ECONNRESET: return .peerGone
        default:
            precondition(code != EBADF && code != EFAULT, "\(operation): error \(code) is misuse")
            return .system(SystemError(operation, code: code))
        }
    }
}
