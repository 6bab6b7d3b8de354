internal import CCurl

/// What takes an answer from libcurl, piece by piece.
///
/// Whoever holds the easy handle is the receiver and outlives it.
package protocol CurlReceiver: AnyObject {
    /// Takes a part of the body; false ends the exchange.
    func takeBody(_ bytes: [UInt8]) -> Bool
    /// Takes a line of the head.
    func takeHeader(_ line: [UInt8])
}

/// What a context pointer leads to: the receiver, and no reference that keeps it alive.
package final class CurlContext {
    private weak var receiver: (any CurlReceiver)?

    /// The context of `receiver`, which keeps it for as long as its easy handle lives.
    package init(_ receiver: any CurlReceiver) { self.receiver = receiver }

    /// Has libcurl hand the answer of `easy` to the receiver; false when it refuses an option.
    package func attach(to easy: UnsafeMutableRawPointer) -> Bool {
        // SAFETY: used by callbacks of this easy handle only, which goes before the context does.
        let context = Unmanaged.passUnretained(self).toOpaque()
        return [
            aura_curl_set_pointer(easy, CURLOPT_WRITEDATA, context),
            aura_curl_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                let part = CurlContext.copy(bytes, size * count)
                let isTaken = CurlContext.receiver(context)?.takeBody(part) ?? false
                // Any other number than was offered ends the exchange.
                return isTaken ? size * count : 0
            },
            aura_curl_set_pointer(easy, CURLOPT_HEADERDATA, context),
            aura_curl_set_receiver(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                CurlContext.receiver(context)?.takeHeader(CurlContext.copy(bytes, size * count))
                return size * count
            },
        ].allSatisfy { $0 == CURLE_OK }
    }

    /// The status of a head's first line; nil for any other line of it.
    package static func status(of line: [UInt8]) -> Int? {
        let text = String(decoding: line.prefix(statusBytesMax), as: UTF8.self)
        guard text.hasPrefix("HTTP/") else { return nil }
        let parts = text.split(separator: " ", maxSplits: 2)
        return parts.count > 1 ? Int(parts[1].prefix { $0.isNumber }) ?? 0 : 0
    }

    /// A field of a head: its name in lower case, and its value; nil for any other line.
    package static func field(
        of line: [UInt8], bytesMax: Int
    ) -> (name: String, value: String)? {
        let text = String(decoding: line.prefix(bytesMax), as: UTF8.self)
        guard let colon = text.firstIndex(of: ":") else { return nil }
        var value = text[text.index(after: colon)...].drop(while: \.isWhitespace)
        while value.last?.isWhitespace == true { value.removeLast() }
        return (text[..<colon].lowercased(), String(value))
    }

    /// 64 bytes: a version, a status and the beginning of its words.
    private static let statusBytesMax = 64

    private static func receiver(_ context: UnsafeMutableRawPointer?) -> (any CurlReceiver)? {
        // SAFETY: set in `attach` to a context that lives as long as the callbacks.
        context.flatMap { Unmanaged<CurlContext>.fromOpaque($0).takeUnretainedValue().receiver }
    }

    private static func copy(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> [UInt8] {
        // SAFETY: libcurl lends `count` readable bytes for the length of its callback.
        Array(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count))
    }
}
