/// One server-sent event, as the provider framed it.
package struct SSEEvent: Hashable, Sendable {
    /// The `event:` field; empty when there was none.
    package var name: String
    /// The `data:` fields, joined with line feeds.
    package var data: [UInt8]

    /// An event.
    package init(name: String, data: [UInt8]) {
        self.name = name
        self.data = data
    }
}

/// Bytes of an event stream, in whatever pieces they arrive, to events.
///
/// Follows the HTML standard, section 9.2.6: lines end with LF, CR or CRLF; a byte order mark at
/// the start, comments, `id` and `retry` are passed over; an event without data is none. Holds at
/// most `lineBytesMax + eventBytesMax` bytes, whatever comes.
package struct SSEParser: Sendable {
    /// The stream broke a bound; nothing after this can be understood.
    package enum Failure: Error, Hashable, Sendable {
        case lineTooLong(bytesMax: Int)
        case eventTooLong(bytesMax: Int)
    }

    /// 16 MiB: an unfragmented answer of the longest output in use, escaped at its worst, is
    /// smaller.
    package static let lineBytesMax = 16 << 20
    /// 16 MiB: as a line; providers send one `data:` line in an event.
    package static let eventBytesMax = 16 << 20

    private let lineMax: Int
    private let eventMax: Int
    private var line: [UInt8] = []
    private var name: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    /// A CR ended the last line: a LF that comes next belongs to it.
    private var swallowsLineFeed = false
    private var isFirstLine = true

    /// A parser at the start of a stream; narrower bounds serve tests.
    package init(lineBytesMax: Int = Self.lineBytesMax, eventBytesMax: Int = Self.eventBytesMax) {
        lineMax = lineBytesMax
        eventMax = eventBytesMax
    }

    /// Takes the next bytes and returns the events that they complete, in order.
    package mutating func push(_ bytes: [UInt8]) throws(Failure) -> [SSEEvent] {
        var events: [SSEEvent] = []
        let (lineFeed, carriageReturn) = (Byte.lineFeed, Byte.carriageReturn)
        var start = 0
        var next = 0
        while next < bytes.count {
            let byte = bytes[next]
            if byte == lineFeed, swallowsLineFeed {
                swallowsLineFeed = false
                next += 1
                start = next
                continue
            }
            swallowsLineFeed = false
            guard byte == lineFeed || byte == carriageReturn else {
                next += 1
                continue
            }
            try extendLine(with: bytes[start..<next])
            if let event = try endLine() { events.append(event) }
            swallowsLineFeed = byte == carriageReturn
            next += 1
            start = next
        }
        try extendLine(with: bytes[start...])
        return events
    }

    /// The event that lacks its blank line at the end of the stream, if there is one.
    ///
    /// The standard drops it; providers' own readers deliver it, and some servers rely on that.
    package mutating func finish() throws(Failure) -> SSEEvent? {
        if !line.isEmpty, let event = try endLine() { return event }
        return dispatch()
    }

    private mutating func extendLine(with bytes: ArraySlice<UInt8>) throws(Failure) {
        guard bytes.count <= lineMax - line.count else {
            throw .lineTooLong(bytesMax: lineMax)
        }
        line.append(contentsOf: bytes)
    }

    private mutating func endLine() throws(Failure) -> SSEEvent? {
        defer { line.removeAll(keepingCapacity: line.count <= Self.keptCapacity) }
        var content = line[...]
        if isFirstLine {
            isFirstLine = false
            if content.starts(with: Byte.byteOrderMark) { content = content.dropFirst(3) }
        }
        guard !content.isEmpty else { return dispatch() }
        let colon = content.firstIndex(of: Byte.colon) ?? content.endIndex
        let field = content[..<colon]
        var value = content[colon...].dropFirst()
        if value.first == Byte.space { value = value.dropFirst() }
        if field.elementsEqual("data".utf8) {
            try extendData(with: value)
        } else if field.elementsEqual("event".utf8) {
            name = Array(value)
        }
        return nil
    }

    private mutating func extendData(with value: ArraySlice<UInt8>) throws(Failure) {
        guard value.count < eventMax - data.count else {
            throw .eventTooLong(bytesMax: eventMax)
        }
        if hasData { data.append(Byte.lineFeed) }
        data.append(contentsOf: value)
        hasData = true
    }

    private mutating func dispatch() -> SSEEvent? {
        defer {
            name = []
            data = []
            hasData = false
        }
        return hasData ? SSEEvent(name: String(decoding: name, as: UTF8.self), data: data) : nil
    }

    /// 64 KiB: usual lines reuse the buffer; one giant line does not hold its memory for the whole
    /// call.
    private static let keptCapacity = 64 << 10

    private enum Byte {
        static let lineFeed = UInt8(ascii: "\n")
        static let carriageReturn = UInt8(ascii: "\r")
        static let colon = UInt8(ascii: ":")
        static let space = UInt8(ascii: " ")
        static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
    }
}
