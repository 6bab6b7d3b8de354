package import AuraModel

extension OpenAIResponses {
    /// The events of one answer, folded as they come.
    ///
    /// An item counts as its `done` event has it; while that is not there, as its pieces add up.
    package struct Stream: AnswerStream {
        package private(set) var result: Result<ModelAnswer, ModelFailure>?

        private struct Item {
            var kind: String
            var text = ""
            var refusal = ""
            var arguments = ""
            var callID = ""
            var name = ""
            var reasoning: JSONValue?
            var isDone = false
        }

        private var model: String
        private var items: [Int: Item] = [:]
        private var usage: TokenUsage?
        /// What was said and not taken yet.
        private var prose = ""

        /// The fold before the first event of an answer of `model`.
        package init(model: String) { self.model = model }

        /// Responses say their usage at the end.
        package var begun: TokenUsage? { nil }

        /// The text since this was last asked.
        package mutating func takeProse() -> String {
            defer { prose = "" }
            return prose
        }

        /// Takes the next event; `result` tells whether it was the last.
        package mutating func take(_ event: SSEEvent) {
            guard result == nil, !event.isDone else { return }
            do {
                try take(try ResponsesEvent(event.data))
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
            if let partial, (try? ResponsesEvent(partial.data)) != nil { take(partial) }
            fail(.network, "the stream ended before the answer did")
        }

        /// Ends the fold with a failure that was found outside of the events.
        package mutating func fail(_ cause: ModelFailure.Class, _ message: String) {
            guard result == nil else { return }
            result = .failure(failure(cause, message))
        }

        private static let known: Set<String> = [
            "response.created", "response.output_item.added", "response.output_text.delta",
            "response.refusal.delta", "response.function_call_arguments.delta",
            "response.output_item.done", "response.completed", "response.incomplete",
            "response.failed", "error",
        ]

        private mutating func take(_ event: ResponsesEvent) throws(ModelFailure) {
            if let name = event.response?.model, !name.isEmpty { model = name }
            if let said = event.response?.usage { usage = said.tokens(after: usage) }
            switch event.type {
            case "response.output_item.added": try open(event)
            case "response.output_item.done": try close(event)
            case "response.output_text.delta": try extend(event, \.text, "message")
            case "response.refusal.delta": try extend(event, \.refusal, "message")
            case "response.function_call_arguments.delta":
                try extend(event, \.arguments, "function_call")
            case "response.completed": result = .success(try answer(nil))
            case "response.incomplete":
                result = .success(try answer(event.response?.reason ?? ""))
            case "response.failed", "error":
                let error = event.error ?? event.response?.error
                guard let error else { throw malformed("a failure without its error") }
                throw error.failureInStream(usage: usage, begun: nil)
            default: break
            }
        }

        private mutating func open(_ event: ResponsesEvent) throws(ModelFailure) {
            guard let place = event.place, let item = event.item,
                let kind = item["type"]?.stringValue
            else { throw malformed("an item without place or type") }
            guard items[place] == nil else { throw malformed("item \(place) twice") }
            guard items.count < AnswerBounds.blocksMax else {
                throw malformed("more than \(AnswerBounds.blocksMax) items")
            }
            var opened = Item(kind: kind)
            opened.callID = item["call_id"]?.stringValue ?? ""
            opened.name = item["name"]?.stringValue ?? ""
            items[place] = opened
        }

        private mutating func extend(
            _ event: ResponsesEvent, _ part: WritableKeyPath<Item, String>, _ kind: String
        ) throws(ModelFailure) {
            guard let place = event.place, let delta = event.delta, let item = items[place],
                item.kind == kind, !item.isDone
            else { throw malformed("a piece of an item that is not open") }
            items[place]?[keyPath: part] += delta
            if kind == "message" { prose += delta }
        }

        private mutating func close(_ event: ResponsesEvent) throws(ModelFailure) {
            guard let place = event.place, let item = event.item, let open = items[place],
                !open.isDone, item["type"]?.stringValue == open.kind
            else { throw malformed("the end of an item that is not open") }
            var done = open
            done.isDone = true
            switch open.kind {
            case "message":
                guard case .array(let parts)? = item["content"] else { break }
                done.text = parts.compactMap { $0["text"]?.stringValue }.joined()
                done.refusal = parts.compactMap { $0["refusal"]?.stringValue }.joined()
            case "function_call":
                done.arguments = item["arguments"]?.stringValue ?? open.arguments
                done.callID = item["call_id"]?.stringValue ?? open.callID
                done.name = item["name"]?.stringValue ?? open.name
            case "reasoning": done.reasoning = item
            default: break
            }
            items[place] = done
        }

        private func malformed(_ what: String) -> ModelFailure {
            failure(.malformed, "not a valid stream: \(what)")
        }

        private func failure(_ cause: ModelFailure.Class, _ message: String) -> ModelFailure {
            ModelFailure(cause: cause, message: ProviderError.line(message), usage: usage)
        }
    }
}

extension OpenAIResponses.Stream {
    /// The answer; `reason` says why it is incomplete, if it is.
    private func answer(_ reason: String?) throws(ModelFailure) -> ModelAnswer {
        var content: [ContentBlock] = []
        var ids: Set<String> = []
        var hasRefusal = false
        for (_, item) in items.sorted(by: { $0.key < $1.key }) {
            switch item.kind {
            case "message":
                hasRefusal = hasRefusal || !item.refusal.isEmpty
                if !item.text.isEmpty { content.append(.text(item.text)) }
                if !item.refusal.isEmpty { content.append(.text(item.refusal)) }
            case "function_call":
                guard item.isDone, let input = AnswerBounds.input(item.arguments) else {
                    // Cut off inside of the call: it must not run.
                    guard reason == nil else { continue }
                    throw malformed("the arguments of tool \(item.name) are not a whole object")
                }
                guard !item.callID.isEmpty, !item.name.isEmpty else {
                    throw malformed("a tool call without id or name")
                }
                guard ids.insert(item.callID).inserted else {
                    throw malformed("tool id \(item.callID) twice")
                }
                content.append(.toolUse(id: item.callID, name: item.name, input: input))
            case "reasoning": if let block = Self.kept(item.reasoning) { content.append(block) }
            default: break
            }
        }
        var stop: StopReason = ids.isEmpty ? .endTurn : .toolUse
        if hasRefusal { stop = .refusal }
        switch reason {
        case nil: break
        case "max_output_tokens", "max_tokens": stop = .tokensMax
        case "content_filter": stop = .refusal
        default: throw malformed("incomplete because of \(reason ?? "")")
        }
        return ModelAnswer(
            content: content, stop: stop, usage: usage ?? TokenUsage(), model: model,
            isUsageUnknown: usage == nil ? true : nil)
    }

    /// A reasoning item that can be sent back; one that is not encrypted cannot.
    private static func kept(_ item: JSONValue?) -> ContentBlock? {
        guard let item, let encrypted = item["encrypted_content"], encrypted.stringValue != nil
        else { return nil }
        var members: [String: JSONValue] = [
            "type": .string("reasoning"), "encrypted_content": encrypted,
        ]
        members["id"] = item["id"]
        members["summary"] = item["summary"] ?? .array([])
        guard let text = try? JSON.text(JSONValue.object(members)) else { return nil }
        return .redactedThinking(data: OpenAIResponses.reasoningMark + text)
    }
}
