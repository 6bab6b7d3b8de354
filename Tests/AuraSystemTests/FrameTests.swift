import Glibc
import Testing

@testable import AuraSystem

@Suite("Frames")
struct FrameTests {
    private static let frameBytesMax = 100_000

    /// A channel and the raw other end of its stream.
    private struct Ends: ~Copyable {
        let channel: FrameChannel
        var peer: OwnedDescriptor

        init(frameBytesMax: Int = FrameTests.frameBytesMax, backlogBytesMax: Int = 1 << 20) throws {
            var pair = try DescriptorPair.sockets(.stream)
            channel = try FrameChannel(
                descriptor: pair.takeFirst(), frameBytesMax: frameBytesMax,
                backlogBytesMax: backlogBytesMax)
            peer = pair.takeSecond()
        }

        /// Writes bytes that fit in the socket's buffer.
        func write(_ bytes: some Sequence<UInt8>) {
            let content = Array(bytes)
            #expect(Glibc.write(peer.raw, content, content.count) == content.count)
        }
    }

    private func framed(_ payload: [UInt8]) -> [UInt8] {
        FrameAssembler.header(forBytes: payload.count) + payload
    }

    @Test("the header is four bytes, the most significant first")
    func headerBytes() {
        #expect(FrameAssembler.header(forBytes: 0x0102_0304) == [1, 2, 3, 4])
    }

    @Test("any split of the stream gives the same frames", arguments: UInt64(1)...200)
    func anySplit(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        let sizes = [0, 1, 2, 3, 4, 5, 255, 256, 257, 5_000, 70_000]
        let frames = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
            let size = sizes.randomElement(using: &generator) ?? 0
            return (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ Int(seed)) }
        }
        var rest = frames.flatMap(framed)[...]
        var assembler = FrameAssembler(frameBytesMax: 70_000)
        var received: [[UInt8]] = []
        while !rest.isEmpty {
            let most = [1, 3, 10, 3_000, 200_000].randomElement(using: &generator) ?? 1
            let piece = rest.prefix(Int.random(in: 1...most, using: &generator))
            rest = rest.dropFirst(piece.count)
            assembler.append(piece)
            while let frame = try assembler.next() { received.append(frame) }
        }
        #expect(received == frames, "seed \(seed)")
        #expect(assembler.pendingBytes == 0)
    }

    @Test("an oversized length is refused after the frames before it, and stays refused")
    func oversized() throws {
        let ends = try Ends(frameBytesMax: 10)
        ends.write(framed(bytes("fine")) + [0, 0, 0, 11] + framed(bytes("after")))
        let refusal = FrameChannel.End.failed(.frameTooLarge(bytes: 11, bytesMax: 10))
        #expect(try ends.channel.receive() == .init(frames: [bytes("fine")], end: refusal))
        #expect(try ends.channel.receive() == .init(frames: [], end: refusal))
        #expect(throws: FrameError.frameTooLarge(bytes: 11, bytesMax: 10)) {
            try ends.channel.receiveBlocking(timeoutMilliseconds: 0)
        }
        #expect(throws: FrameError.frameTooLarge(bytes: 11, bytesMax: 10)) {
            try ends.channel.send([UInt8](repeating: 0, count: 11))
        }
    }

    @Test("a stream that ends inside a frame is refused, between frames it is closed")
    func ends() throws {
        let torn = try Ends()
        torn.write(framed(bytes("whole")) + framed(bytes("torn")).dropLast())
        #expect(shutdown(torn.peer.raw, Int32(SHUT_WR)) == 0)
        #expect(
            try torn.channel.receive()
                == .init(frames: [bytes("whole")], end: .failed(.truncated(bytes: 7))))

        let closed = try Ends()
        closed.write(framed(bytes("whole")))
        #expect(shutdown(closed.peer.raw, Int32(SHUT_WR)) == 0)
        #expect(
            try closed.channel.receive() == .init(frames: [bytes("whole")], end: .closed))
        #expect(try closed.channel.receiveBlocking(timeoutMilliseconds: 0) == nil)
    }

    @Test("a partial frame is kept for the next receive")
    func partial() throws {
        let ends = try Ends()
        let stream = framed(bytes("slowly"))
        for byte in stream.dropLast() {
            ends.write([byte])
            #expect(try ends.channel.receive() == .init(frames: [], end: nil))
        }
        ends.write(stream.suffix(1))
        #expect(try ends.channel.receive() == .init(frames: [bytes("slowly")], end: nil))
    }

    @Test("frames sent before the peer ended are delivered although it left ours unread")
    func peerGone() throws {
        var ends = try Ends()
        try ends.channel.send(bytes("unread"))
        ends.write(framed(bytes("last words")))
        ends.peer = OwnedDescriptor(adopting: open("/dev/null", O_RDONLY | O_CLOEXEC))
        let received = try ends.channel.receive()
        #expect(received == .init(frames: [bytes("last words")], end: .failed(.peerGone)))
        #expect(throws: FrameError.peerGone) { try ends.channel.send(bytes("more")) }
    }

    @Test("one receive takes no more than its budget, and the rest follows")
    func budget() throws {
        let ends = try Ends(frameBytesMax: 1 << 10)
        // More than a budget, written while it is read: the socket's buffer holds less.
        let frame = framed([UInt8](repeating: 1, count: 1 << 10))
        #expect(fcntl(ends.peer.raw, F_SETFL, O_NONBLOCK) == 0)
        var size: Int32 = 2 << 20
        setsockopt(
            ends.peer.raw, SOL_SOCKET, SO_SNDBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
        var written = 0
        while write(ends.peer.raw, frame, frame.count) == frame.count { written += 1 }
        let perCall = FrameChannel.readBudgetBytes / frame.count + 1
        var received = 0
        while received < written {
            let count = try ends.channel.receive().frames.count
            #expect(count > 0 && count <= perCall)
            if count == 0 { break }
            received += count
        }
        #expect(received >= written)
    }

    @Test("a peer that does not read fills the backlog to its bound; nothing queued is lost")
    func backlog() throws {
        let ends = try Ends(frameBytesMax: 50_000, backlogBytesMax: 200_000)
        var sent: [[UInt8]] = []
        do {
            while true {
                let frame = [UInt8](repeating: UInt8(truncatingIfNeeded: sent.count), count: 50_000)
                try ends.channel.send(frame)
                sent.append(frame)
            }
        } catch {
            #expect(error == .backlogFull(bytesMax: 200_000))
        }
        #expect(ends.channel.wantsWrite)
        #expect(ends.channel.backlogBytes <= 200_000)

        let reader = try FrameChannel(
            descriptor: OwnedDescriptor(adopting: dup(ends.peer.raw)), frameBytesMax: 50_000,
            backlogBytesMax: 50_004)
        var received: [[UInt8]] = []
        while received.count < sent.count {
            received += try reader.receive().frames
            try ends.channel.flush()
        }
        #expect(received == sent)
        #expect(ends.channel.wantsWrite == false)
    }

    @Test("blocking calls pass frames to and fro, and give up at their time")
    func blocking() throws {
        let ends = try Ends(frameBytesMax: 1 << 20, backlogBytesMax: 2 << 20)
        let peer = try FrameChannel(
            descriptor: OwnedDescriptor(adopting: dup(ends.peer.raw)), frameBytesMax: 1 << 20,
            backlogBytesMax: 2 << 20)
        try ends.channel.sendBlocking(bytes("one"), timeoutMilliseconds: nil)
        try ends.channel.sendBlocking(bytes("two"), timeoutMilliseconds: 1_000)
        #expect(try peer.receiveBlocking(timeoutMilliseconds: nil) == bytes("one"))
        #expect(try peer.receiveBlocking(timeoutMilliseconds: 0) == bytes("two"))
        #expect(throws: FrameError.timedOut) { try peer.receiveBlocking(timeoutMilliseconds: 1) }

        // A megabyte does not fit in the socket: it times out, and is whole after all.
        let large = [UInt8](repeating: 5, count: 1 << 20)
        #expect(throws: FrameError.timedOut) {
            try ends.channel.sendBlocking(large, timeoutMilliseconds: 1)
        }
        var received: [[UInt8]] = []
        while received.isEmpty {
            received = try peer.receive().frames
            try ends.channel.flush()
        }
        #expect(received == [large])
    }
}
