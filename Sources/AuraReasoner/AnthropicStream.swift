package import AuraModel

extension AnthropicMessages {
    /// The events of one answer, folded as they come.
    package struct Stream: AnswerStream {
        package private(set) var result: Result<ModelAnswer, ModelFailure>?

        private struct Block {
            enum Kind {
                case text, thinking
                case redactedThinking(data: String)
                case toolUse(id: String, name: String, input: JSONValue)
                case other
            }

            let kind: Kind
            /// What its deltas have added up to: words, thoughts, or JSON of a tool's input.
            var text = ""
            var signature = ""
            var isClosed = false
        }

        private var model: String?
        private var blocks: [Block] = []
        /// What was said and not taken yet.
        private var prose = ""
        private var stop: String?
        private var usage = TokenUsage()
        private var saidUsage = false
        private var saidFinalUsage = false

        /// The final usage, once it was said.
        private var said: TokenUsage? { saidFinalUsage ? usage : nil }

        /// The usage that the beginning told, while the final one is not there.
        package var begun: TokenUsage? { saidUsage && !saidFinalUsage ? usage : nil }

        /// The fold before the first event.
        package init() {}

        /// The text since this was last asked.
        package mutating func takeProse() -> String {
            defer { prose = "" }
            return prose
        }

        /// Takes the next event; `result` tells whether it was the last.
        package mutating func take(_ event: SSEEvent) {
            guard result == nil else { return }
            do {
                try take(try AnthropicEvent(event.data))
            } catch let failure as ModelFailure {
                result = .failure(failure)
            } catch {
                // A new kind of event need not even be JSON.
                guard event.name.isEmpty || Self.known.contains(event.name) else { return }
                let name = event.name.isEmpty ? "an event" : "event \(event.name)"
                result = .failure(malformed("\(name) is not as the API has it"))
            }
        }

        /// Says that no event will come any more.
        package mutating func end(partial: SSEEvent?) {
            // Cut in the middle of its JSON, it tells only that the stream was cut.
            if let partial, (try? AnthropicEvent(partial.data)) != nil {
                take(partial)
            }
            guard result == nil else { return }
            result = .failure(
                failure(.network, "the stream ended before the answer did"))
        }

        /// Ends the fold with a failure that was found outside of the events.
        package mutating func fail(_ cause: ModelFailure.Class, _ message: String) {
            guard result == nil else { return }
            result = .failure(failure(cause, message))
        }

        private static let known: Set<String> = [
            "message_start", "content_block_start", "content_block_delta", "content_block_stop",
            "message_delta", "message_stop", "error",
        ]

        private mutating func take(_ event: AnthropicEvent) throws(ModelFailure) {
            switch event {
            case .messageStart(let name, let said):
                guard model == nil else { throw malformed("a second message_start") }
                model = name
                learn(said)
            case .blockStart(let index, let block): try open(block, at: index)
            case .blockDelta(let index, let delta): try extend(at: index, with: delta)
            case .blockStop(let index):
                try requireOpen(index)
                blocks[index].isClosed = true
            case .messageDelta(let reason, let said):
                guard model != nil else { throw malformed("message_delta before message_start") }
                stop = reason ?? stop
                learn(said)
                saidFinalUsage = saidFinalUsage || said?.output != nil
            case .messageStop: result = .success(try answer())
            case .error(let type, let message):
                let error = ProviderError(
                    .object(["type": .string(type), "message": .string(message)]))
                throw error.failureInStream(usage: said, begun: begun)
            case .other: break
            }
        }

        private mutating func learn(_ said: AnthropicUsage?) {
            guard let said else { return }
            usage = said.overlaid(on: usage, isFinal: saidFinalUsage)
            saidUsage = saidUsage || said.output != nil
        }

        private mutating func open(
            _ block: AnthropicEvent.Block, at index: Int
        ) throws(ModelFailure) {
            guard model != nil else { throw malformed("a block before message_start") }
            guard index == blocks.count else {
                throw malformed("block \(index) where \(blocks.count) comes next")
            }
            guard index < AnswerBounds.blocksMax else {
                throw malformed("more than \(AnswerBounds.blocksMax) blocks")
            }
            switch block {
            case .text(let text):
                blocks.append(Block(kind: .text, text: text))
                prose += text
            case .thinking(let text, let signature):
                blocks.append(Block(kind: .thinking, text: text, signature: signature))
            case .redactedThinking(let data):
                blocks.append(Block(kind: .redactedThinking(data: data)))
            case .toolUse(let id, let name, let input):
                blocks.append(Block(kind: .toolUse(id: id, name: name, input: input)))
            case .other: blocks.append(Block(kind: .other))
            }
        }

        private mutating func extend(
            at index: Int, with delta: AnthropicEvent.Delta
        ) throws(ModelFailure) {
            try requireOpen(index)
            switch (blocks[index].kind, delta) {
            case (.text, .text(let piece)), (.thinking, .thinking(let piece)),
                (.toolUse, .inputJSON(let piece)):
                blocks[index].text += piece
                if case .text = delta { prose += piece }
            case (.thinking, .signature(let piece)): blocks[index].signature += piece
            case (_, .other), (.other, _): break
            default: throw malformed("a delta that does not fit block \(index)")
            }
        }

        private func requireOpen(_ index: Int) throws(ModelFailure) {
            guard blocks.indices.contains(index), !blocks[index].isClosed else {
                throw malformed("block \(index) is not open")
            }
        }

        private func malformed(_ what: String) -> ModelFailure {
            failure(.malformed, "not a valid stream: \(what)")
        }

        private func failure(_ cause: ModelFailure.Class, _ message: String) -> ModelFailure {
            ModelFailure(
                cause: cause, message: ProviderError.line(message), usage: said, begun: begun)
        }
    }
}

extension AnthropicMessages.Stream {
    private static let stops: [String: StopReason] = [
        "end_turn": .endTurn, "tool_use": .toolUse, "max_tokens": .tokensMax,
        "stop_sequence": .stopSequence, "pause_turn": .pause, "refusal": .refusal,
        "model_context_window_exceeded": .contextOverflow,
    ]

    private func answer() throws(ModelFailure) -> ModelAnswer {
        guard let model else { throw malformed("message_stop before message_start") }
        guard let stop else { throw malformed("no stop reason") }
        guard let reason = Self.stops[stop] else { throw malformed("stop reason \(stop)") }
        // Without it the call would be charged as nothing.
        guard saidUsage else { throw malformed("no usage") }
        var content: [ContentBlock] = []
        var ids: Set<String> = []
        for block in blocks {
            guard let whole = try finished(block, stop: reason) else { continue }
            if case .toolUse(let id, _, _) = whole {
                guard ids.insert(id).inserted else { throw malformed("tool id \(id) twice") }
            }
            content.append(whole)
        }
        guard reason != .toolUse || !ids.isEmpty else {
            throw malformed("stopped for a tool, but called none")
        }
        return ModelAnswer(content: content, stop: reason, usage: usage, model: model)
    }

    /// The block as the conversation keeps it, or nil when there is nothing to keep.
    private func finished(
        _ block: Block, stop: StopReason
    ) throws(ModelFailure) -> ContentBlock? {
        switch block.kind {
        case .text: return block.text.isEmpty ? nil : .text(block.text)
        case .thinking: return .thinking(text: block.text, signature: block.signature)
        case .redactedThinking(let data): return .redactedThinking(data: data)
        case .other: return nil
        case .toolUse(let id, let name, let input):
            if block.isClosed, let value = Self.input(input, pieces: block.text) {
                return .toolUse(id: id, name: name, input: value)
            }
            // Cut off inside of the call: it must not run, and its half could not be sent back.
            guard stop == .toolUse || stop == .endTurn else { return nil }
            throw malformed("the input of tool \(name) is not a whole JSON object")
        }
    }

    private static func input(_ start: JSONValue, pieces: String) -> JSONValue? {
        if pieces.isEmpty {
            guard case .object = start else { return nil }
            return start
        }
        guard let value = try? JSONScanner.value(Array(pieces.utf8)), case .object = value
        else { return nil }
        return value
    }
}
