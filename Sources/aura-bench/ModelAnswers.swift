import AuraModel

/// Whole HTTP answers of the Messages API, made beforehand.
enum ModelAnswers {
    /// An answer with one tool call.
    static func call(_ name: String, _ input: JSONValue, turn: Int) throws -> [UInt8] {
        try answer(try block(name, input, id: "toolu_\(turn)", index: 0))
    }

    /// An answer that says a word in each of `count` events, and then calls a tool.
    static func words(_ count: Int, then name: String, _ input: JSONValue) throws -> [UInt8] {
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
        return try answer(
            [start] + Array(repeating: word, count: count)
                + [try event("content_block_stop", ["index": first])]
                + (try block(name, input, id: "toolu_w", index: 1)))
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
        let message = JSONValue.object([
            "id": .string("msg_1"), "type": .string("message"), "role": .string("assistant"),
            "model": .string("bench"), "content": .array([]), "usage": usage,
        ])
        let end = JSONValue.object(["stop_reason": .string("tool_use"), "stop_sequence": .null])
        let events =
            [try event("message_start", ["message": message])] + blocks + [
                try event("message_delta", ["delta": end, "usage": usage]),
                try event("message_stop", [:]),
            ]
        // A chunk for each event, as providers send them.
        let body = events.map { event in
            "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n"
        }.joined()
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        return Array("\(head)Transfer-Encoding: chunked\r\n\r\n\(body)0\r\n\r\n".utf8)
    }

    private static func event(_ type: String, _ members: [String: JSONValue]) throws -> String {
        let data = JSONValue.object(members.merging(["type": .string(type)]) { first, _ in first })
        return "event: \(type)\ndata: \(try JSON.text(data))\n\n"
    }
}
