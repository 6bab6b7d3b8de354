import NIOCore
import NIOEmbedded
import NIOHTTP1

/// One request in HTTP/1.1 and the answer to it, as bytes to send and bytes that came.
///
/// NIO's codec in a channel without a socket: a real one has a loop and a thread of its own, which one
/// request over a local socket can do without.
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

    /// Nothing is asked; an answer's body, or what of it nobody has taken yet, has at most
    /// `bodyBytesMax` bytes.
    init(bodyBytesMax: Int) { self.bodyBytesMax = bodyBytesMax }

    /// The bytes of a request for `target`, with `body` as JSON, if any; to be asked for once.
    func request(_ method: String, _ target: String, body: [UInt8]?) throws(Damage) -> [UInt8] {
        var fields: HTTPHeaders = ["Host": "aurad", "Connection": "close"]
        if let body {
            fields.add(name: "Content-Type", value: "application/json")
            fields.add(name: "Content-Length", value: String(body.count))
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: method), uri: target, headers: fields)
        var bytes: [UInt8] = []
        do {
            let handlers = channel.pipeline.syncOperations
            try handlers.addHandler(HTTPRequestEncoder())
            try handlers.addHandler(
                ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)))
            try channel.writeOutbound(HTTPClientRequestPart.head(head))
            if let body {
                try channel.writeOutbound(
                    HTTPClientRequestPart.body(.byteBuffer(.init(bytes: body))))
            }
            try channel.writeOutbound(HTTPClientRequestPart.end(nil))
            while let part = try channel.readOutbound(as: ByteBuffer.self) {
                bytes += part.readableBytesView
            }
        } catch {
            throw .malformed("\(error)")
        }
        return bytes
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
