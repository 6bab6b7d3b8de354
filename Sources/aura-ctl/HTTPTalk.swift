import NIOCore
import NIOEmbedded
import NIOHTTP1

/// A request in HTTP/1.1 as bytes to send, and the answer to it from bytes that came.
///
/// The answer is read by NIO's codec in a channel without a socket: a real one has a loop and a thread of
/// its own, which one request over a local socket can do without.
final class HTTPTalk {
    /// Why the bytes are no answer.
    enum Damage: Error, Equatable {
        /// In the codec's words.
        case malformed(String)
        case tooLarge(bytesMax: Int)
        /// The connection was closed before the answer was whole.
        case cut
    }

    private let channel = EmbeddedChannel()
    private let bodyBytesMax: Int
    private var body: [UInt8] = []
    /// 0 until the head of the answer is there.
    private(set) var status = 0
    /// Whether the answer is whole.
    private(set) var isWhole = false

    /// Expects the answer to a request by `method`; its body, or what of it nobody has taken yet, has at
    /// most `bodyBytesMax` bytes.
    ///
    /// Takes a millisecond: for when the request is on its way.
    init(to method: String, bodyBytesMax: Int) throws(Damage) {
        self.bodyBytesMax = bodyBytesMax
        do {
            try channel.pipeline.syncOperations.addHandler(
                ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)))
            // By its request the codec knows which answers have no body.
            let head = HTTPRequestHead(
                version: .http1_1, method: HTTPMethod(rawValue: method), uri: "")
            try channel.writeOutbound(HTTPClientRequestPart.head(head))
        } catch {
            throw .malformed("\(error)")
        }
    }

    /// The bytes of a request for `target`, in which what would end it is escaped, with `body` as JSON, if
    /// any.
    static func request(_ method: String, _ target: String, body: [UInt8]?) -> [UInt8] {
        var bytes = Array("\(method) ".utf8)
        for byte in target.utf8 {
            if (0x21...0x7e).contains(byte) {
                bytes.append(byte)
            } else {
                bytes += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8
            }
        }
        bytes += " HTTP/1.1\r\nHost: aurad\r\nConnection: close\r\n".utf8
        if let body {
            bytes += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n".utf8
        }
        return bytes + "\r\n".utf8 + (body ?? [])
    }

    /// Takes what came.
    func take(_ bytes: ArraySlice<UInt8>) throws(Damage) {
        do {
            try channel.writeInbound(ByteBuffer(bytes: bytes))
        } catch {
            throw .malformed("\(error)")
        }
        try collect()
    }

    /// The connection is closed: nothing more comes.
    func close() throws(Damage) {
        // What the codec says of a missing end is said below, of whatever is missing.
        _ = try? channel.finish(acceptAlreadyClosed: true)
        try collect()
        guard isWhole else { throw .cut }
    }

    /// Gives what there is of the body, and keeps none of it.
    func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    private func collect() throws(Damage) {
        while let part = try? channel.readInbound(as: HTTPClientResponsePart.self) {
            switch part {
            case .head(let head): status = Int(head.status.code)
            case .body(let part):
                guard body.count + part.readableBytes <= bodyBytesMax else {
                    throw .tooLarge(bytesMax: bodyBytesMax)
                }
                body += part.readableBytesView
            case .end: isWhole = true
            }
        }
    }
}
