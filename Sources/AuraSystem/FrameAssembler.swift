/// What can go wrong on a channel of frames.
package enum FrameError: Error, Equatable, Sendable {
    /// A frame longer than agreed: by its peer's header, or one that was to be sent.
    case frameTooLarge(bytes: Int, bytesMax: Int)
    /// The peer reads too slowly: the frame does not fit in the outgoing queue and was not queued.
    case backlogFull(bytesMax: Int)
    /// The stream ended inside a frame, after this many bytes of it, header included.
    case truncated(bytes: Int)
    /// The peer is gone, with bytes unread or unsent.
    case peerGone
    /// A blocking call's time was up.
    case timedOut
    /// Any other failure of the socket.
    case system(SystemError)

    /// Whether the peer has gone, be it in the middle of a frame.
    package var isLoss: Bool {
        switch self {
        case .truncated, .peerGone: true
        case .frameTooLarge, .backlogFull, .timedOut, .system: false
        }
    }
}

/// Cuts a stream of bytes into frames: four bytes of length, big-endian, and the payload.
///
/// How the stream is split makes no difference. Once a length is above the bound nothing more is
/// returned and `next` throws each time: there is no way to find the next frame.
struct FrameAssembler {
    /// Bytes of a frame's header.
    static let headerBytes = 4

    /// 64 KiB: consumed bytes are dropped at the latest when they are this many, so that a buffer
    /// is not copied for every small frame.
    private static let slackBytesMax = 64 << 10

    let frameBytesMax: Int
    private var buffer: [UInt8] = []
    private var consumed = 0

    /// `frameBytesMax` bounds a payload, in bytes.
    init(frameBytesMax: Int) {
        self.frameBytesMax = frameBytesMax
    }

    /// Bytes of a frame that has begun and is not whole.
    var pendingBytes: Int { buffer.count - consumed }

    /// Takes what the stream gave.
    mutating func append(_ bytes: some Sequence<UInt8>) {
        if consumed == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= FrameAssembler.slackBytesMax)
            consumed = 0
        } else if consumed >= FrameAssembler.slackBytesMax {
            buffer.removeFirst(consumed)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole frame's payload, nil when more bytes are needed.
    mutating func next() throws(FrameError) -> [UInt8]? {
        guard pendingBytes >= FrameAssembler.headerBytes else { return nil }
        let start = consumed + FrameAssembler.headerBytes
        let length = buffer[consumed..<start].reduce(0) { $0 << 8 | Int($1) }
        guard length <= frameBytesMax else {
            throw .frameTooLarge(bytes: length, bytesMax: frameBytesMax)
        }
        guard buffer.count - start >= length else { return nil }
        consumed = start + length
        return Array(buffer[start..<consumed])
    }

    /// A payload with its header.
    ///
    /// The caller has checked the bound.
    static func header(forBytes length: Int) -> [UInt8] {
        let word = UInt32(length)
        return (0..<headerBytes).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) }
    }
}
