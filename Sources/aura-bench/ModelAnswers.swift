import AuraModel

/// Whole HTTP answers of the Messages API, made beforehand.
enum ModelAnswers {
    /// An answer with one tool call.
    static func call(_ name: String, _ input: JSONValue, turn: Int) throws -> [UInt8] {
        try answer(try block(name, input, id: "toolu_\(turn)", index: 0))
    }

    /// An answer that says a word in each of `count` events, and then calls a tool.
    static func words(_ count: Int, then name: String, _ input: JSONValue) throws -> [UInt8] {
        let pieces = try pieces(thenCalling: name, input)
        return pieces.head + Array(repeating: pieces.word, count: count).joined() + pieces.tail
    }

    /// The same answer: what comes before the words, each of them, and what comes behind.
    static func pieces(
        thenCalling name: String, _ input: JSONValue
    ) throws -> (head: [UInt8], word: [UInt8], tail: [UInt8]) {
        let first: JSONValue = .integer(0)
        let word = try event(
            "content_block_delta",
            [
                "index": first,
                "delta": .object(["type": .string("text_delta"), "text": .string("word ")]),
            ])
        let start = try event(
            "content_block_start",
            [
                "index": first,
                "content_block": .object(["type": .string("text"), "text": .string("")]),
            ])
        let rest =
            [try event("content_block_stop", ["index": first])]
            + (try block(name, input, id: "toolu_w", index: 1))
        return (
            Array((head + chunks([try opening(), start])).utf8), Array(chunks([word]).utf8),
            Array((chunks(rest + (try closing())) + "0\r\n\r\n").utf8)
        )
    }

    /// An answer with one tool call, not streamed.
    static func whole(_ name: String, _ input: JSONValue, turn: Int) throws -> [UInt8] {
        let use = JSONValue.object([
            "type": .string("tool_use"), "id": .string("toolu_\(turn)"), "name": .string(name),
            "input": input,
        ])
        let body = try JSON.text(
            JSONValue.object([
                "id": .string("msg_\(turn)"), "type": .string("message"),
                "role": .string("assistant"), "model": .string("bench"),
                "content": .array([use]), "stop_reason": .string("tool_use"),
                "stop_sequence": .null, "usage": usage,
            ]))
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
        return Array("\(head)\(body.utf8.count)\r\n\r\n\(body)".utf8)
    }

    private static let usage = JSONValue.object([
        "input_tokens": .integer(10), "output_tokens": .integer(5),
    ])

    private static func block(
        _ name: String, _ input: JSONValue, id: String, index: Int
    ) throws -> [String] {
        let place: JSONValue = .integer(index)
        let start = JSONValue.object([
            "type": .string("tool_use"), "id": .string(id), "name": .string(name),
            "input": .object([:]),
        ])
        let delta = JSONValue.object([
            "type": .string("input_json_delta"), "partial_json": .string(try JSON.text(input)),
        ])
        return [
            try event("content_block_start", ["index": place, "content_block": start]),
            try event("content_block_delta", ["index": place, "delta": delta]),
            try event("content_block_stop", ["index": place]),
        ]
    }

    private static func answer(_ blocks: [String]) throws -> [UInt8] {
        let events = [try opening()] + blocks + (try closing())
        return Array((head + chunks(events) + "0\r\n\r\n").utf8)
    }

    private static let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// A chunk for each event, as providers send them.
    private static func chunks(_ events: [String]) -> String {
        events.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
    }

    private static func opening() throws -> String {
        let message = JSONValue.object([
            "id": .string("msg_1"), "type": .string("message"), "role": .string("assistant"),
            "model": .string("bench"), "content": .array([]), "usage": usage,
        ])
        return try event("message_start", ["message": message])
    }

    private static func closing() throws -> [String] {
        let end = JSONValue.object(["stop_reason": .string("tool_use"), "stop_sequence": .null])
        return [
            try event("message_delta", ["delta": end, "usage": usage]),
            try event("message_stop", [:]),
        ]
    }

    private static func event(_ type: String, _ members: [String: JSONValue]) throws -> String {
        let data = JSONValue.object(members.merging(["type": .string(type)]) { first, _ in first })
        return "event: \(type)\ndata: \(try JSON.text(data))\n\n"
    }
}
