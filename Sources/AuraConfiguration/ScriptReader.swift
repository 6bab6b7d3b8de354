package import AuraModel

/// Reads the file of a scripted reasoner, in the form that `Script` documents.
package enum ScriptReader {
    /// The script in `text`, or every reason why there is none; `file` names it in the diagnostics.
    package static func read(file: String, text: String) -> (Script?, [Diagnostic]) {
        var report = Report(file)
        let script = read(text, &report)
        return (report.isEmpty ? script : nil, report.sorted)
    }

    /// 1,000 conversations, 1,000 turns in each and 64 tools in a turn; the file's own bounds are
    /// tighter.
    private static let listMax = 1_000
    private static let toolsMax = 64

    /// 200,000 characters: an answer as long as a large model gives.
    private static let textLengthMax = 200_000
    private static let nameLengthMax = 128

    /// Up to an hour: a longer silence is what `stall` is for.
    private static let delayRange = Milliseconds.zero...Milliseconds.minutes(60)

    /// A billion tokens, as in a budget.
    private static let tokensRange = 0...1_000_000_000

    private static func read(_ text: String, _ report: inout Report) -> Script? {
        guard let root = YAMLTree.read(text, &report),
            let fields = Fields(
                Field(path: "", node: root), keys: ["conversations"],
                expected: "a mapping that begins with `conversations:`", &report),
            let conversations = fields.required(
                "conversations", expected: "a list of conversations", &report)?.items(
                    max: listMax, expected: "a list of conversations", &report)
        else { return nil }
        return Script(conversations: conversations.compactMap { conversation($0, &report) })
    }

    private static func conversation(
        _ field: Field, _ report: inout Report
    ) -> ScriptedConversation? {
        guard
            let fields = Fields(
                field, keys: ["match", "turns"], expected: "a mapping with `match` and `turns`",
                &report)
        else { return nil }
        let match = fields["match"]?.text(
            max: textLengthMax, expected: "a text that the first message has in it", &report)
        let turns = fields.required("turns", expected: "a list of turns", &report)?.items(
            max: listMax, expected: "a list of turns", &report)
        return turns.map {
            ScriptedConversation(match: match, turns: $0.compactMap { turn($0, &report) })
        }
    }

    private static let answerKeys = ["text", "tools", "usage", "stop"]
    private static let turnKeys = answerKeys + ["failure", "stall", "delay", "repeat"]

    private static func turn(_ field: Field, _ report: inout Report) -> ScriptedTurn? {
        guard
            let fields = Fields(
                field, keys: turnKeys, expected: "a mapping such as `{text: Done.}`", &report)
        else { return nil }
        let isStall = fields["stall"]?.truth(&report) ?? false
        let play: ScriptedTurn.Play
        if isStall {
            refuse(answerKeys + ["failure"], beside: "stall", in: fields, &report)
            play = .stall
        } else if let failure = fields["failure"] {
            refuse(answerKeys, beside: "failure", in: fields, &report)
            guard let failure = self.failure(failure, &report) else { return nil }
            play = .failure(failure)
        } else {
            play = answer(fields, &report)
        }
        return ScriptedTurn(
            play: play, delay: fields["delay"]?.duration(delayRange, &report),
            repeats: fields["repeat"]?.truth(&report) ?? false)
    }

    /// What a turn says must be one thing: the rest would silently never be played.
    private static func refuse(
        _ keys: [String], beside key: String, in fields: Fields, _ report: inout Report
    ) {
        for other in keys {
            guard let field = fields[other] else { continue }
            report.add(
                field.node.place, "`\(field.path)` is never played beside `\(key)`",
                hint: "keep one of the two")
        }
    }

    private static func answer(_ fields: Fields, _ report: inout Report) -> ScriptedTurn.Play {
        let text = fields["text"]?.text(max: textLengthMax, expected: "an answer", &report)
        let tools = fields["tools"]?.items(
            max: toolsMax, expected: "a list of tool calls", &report)
        var calls: [ScriptedTool] = []
        for tool in tools ?? [] {
            if let call = self.tool(tool, &report) { calls.append(call) }
        }
        let stop = fields["stop"]?.stopReason(&report)
        let usage = fields["usage"].flatMap { self.usage($0, &report) }
        return .answer(text: text, tools: calls, stop: stop, usage: usage ?? TokenUsage())
    }

    private static func tool(_ field: Field, _ report: inout Report) -> ScriptedTool? {
        guard
            let fields = Fields(
                field, keys: ["name", "input"],
                expected: "a mapping such as `{name: read_file, input: {path: a}}`", &report)
        else { return nil }
        // Not only names of tools that exist: a script also tries what happens with others.
        let name = fields.required("name", expected: "a tool's name", &report)?.line(
            max: nameLengthMax, expected: "a tool's name", &report)
        let input = fields["input"].map { $0.json(&report) } ?? .object([:])
        guard let name, let input else { return nil }
        return ScriptedTool(name: name, input: input)
    }

    private static func failure(_ field: Field, _ report: inout Report) -> ModelFailure? {
        guard
            let fields = Fields(
                field, keys: ["cause", "message", "usage", "retry-after"],
                expected: "a mapping such as `{cause: rate}`", &report)
        else { return nil }
        let cause = fields.required("cause", expected: "a class of failure", &report)?
            .failureClass(&report)
        let message = fields["message"]?.line(
            max: textLengthMax, expected: "a message", &report)
        let usage = fields["usage"].flatMap { self.usage($0, &report) }
        let retryAfter = fields["retry-after"]?.duration(delayRange, &report)
        return cause.map {
            ModelFailure(
                cause: $0, message: message ?? "scripted failure", usage: usage,
                retryAfter: retryAfter)
        }
    }

    private static func usage(_ field: Field, _ report: inout Report) -> TokenUsage? {
        guard
            let fields = Fields(
                field, keys: ["input", "output", "cache-read", "cache-write"],
                expected: "a mapping such as `{input: 1200, output: 80}`", &report)
        else { return nil }
        return TokenUsage(
            input: fields["input"]?.whole(tokensRange, &report) ?? 0,
            cacheWrite: fields["cache-write"]?.whole(tokensRange, &report) ?? 0,
            cacheRead: fields["cache-read"]?.whole(tokensRange, &report) ?? 0,
            output: fields["output"]?.whole(tokensRange, &report) ?? 0)
    }
}

extension Field {
    fileprivate func stopReason(_ report: inout Report) -> StopReason? {
        word(
            of: [
                StopReason.endTurn, .toolUse, .tokensMax, .stopSequence, .pause, .refusal,
                .contextOverflow,
            ], &report)
    }

    fileprivate func failureClass(_ report: inout Report) -> ModelFailure.Class? {
        word(
            of: [
                ModelFailure.Class.auth, .quota, .rate, .overloaded, .badRequest, .contextOverflow,
                .network, .timeout, .malformed, .refused,
            ], &report)
    }
}
