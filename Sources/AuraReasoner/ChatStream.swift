package import AuraModel

extension ChatCompletions {
    /// The chunks of one answer, folded as they come.
    package struct Stream: AnswerStream {
        package private(set) var result: Result<ModelAnswer, ModelFailure>?

        private struct Call {
            var index: Int?
            var id: String
            var name: String
            var arguments: String
            /// The arguments came whole, as an object.
            var isWhole = false
        }

        private let quirks: Set<ProviderSettings.Quirk>
        private var model: String
        private var text = ""
        private var refusal = ""
        /// What was said and not taken yet.
        private var prose = ""
        private var reasoning = ""
        private var calls: [Call] = []
        private var finish: String?
        private var usage: TokenUsage?

        /// The fold before the first chunk of an answer of `model`.
        package init(model: String, quirks: Set<ProviderSettings.Quirk>) {
            self.model = model
            self.quirks = quirks
        }

        /// Chat completions say their usage at the end or not at all.
        package var begun: TokenUsage? { nil }

        /// The text since this was last asked.
        package mutating func takeProse() -> String {
            defer { prose = "" }
            return prose
        }

        /// Takes the next event; `result` tells whether it was the last.
        package mutating func take(_ event: SSEEvent) {
            guard result == nil else { return }
            do {
                if event.isDone {
                    result = .success(try answer())
                } else {
                    try take(try ChatChunk(event.data))
                }
            } catch let failure as ModelFailure {
                result = .failure(failure)
            } catch {
                result = .failure(malformed("a chunk is not as the API has it"))
            }
        }

        /// Says that no event will come any more.
        package mutating func end(partial: SSEEvent?) {
            // Cut in the middle of its JSON, it tells only that the stream was cut.
            if let partial, partial.isDone || (try? ChatChunk(partial.data)) != nil {
                take(partial)
            }
            guard result == nil else { return }
            guard quirks.contains(.noDone), finish != nil else {
                return fail(.network, "the stream ended before the answer did")
            }
            do {
                result = .success(try answer())
            } catch {
                result = .failure(error)
            }
        }

        /// Ends the fold with a failure that was found outside of the events.
        package mutating func fail(_ cause: ModelFailure.Class, _ message: String) {
            guard result == nil else { return }
            result = .failure(failure(cause, message))
        }

        private mutating func take(_ chunk: ChatChunk) throws(ModelFailure) {
            if let said = chunk.usage { usage = said.tokens(after: usage) }
            if let error = chunk.error {
                throw error.failureInStream(usage: usage, begun: nil)
            }
            if let name = chunk.model, !name.isEmpty { model = name }
            reasoning += chunk.reasoning ?? ""
            text += chunk.content ?? ""
            refusal += chunk.refusal ?? ""
            prose += (chunk.content ?? "") + (chunk.refusal ?? "")
            for piece in chunk.calls { try take(piece) }
            finish = chunk.finish ?? finish
        }

        /// Adds a piece to the call that it belongs to, or begins one.
        private mutating func take(_ piece: ChatChunk.Call) throws(ModelFailure) {
            let isLoose = quirks.contains(.looseToolIndex)
            let id = piece.id.flatMap { $0.isEmpty ? nil : $0 }
            guard piece.index != nil || isLoose else {
                throw malformed("a tool call without index")
            }
            guard !piece.hasObject || quirks.contains(.objectArguments) else {
                throw malformed("arguments of a tool call that are no text")
            }
            var place = calls.lastIndex { $0.index == piece.index }
            if let known = place, let id, calls[known].id != id {
                guard isLoose else { throw malformed("tool call \(piece.index ?? 0) has two ids") }
                place = nil
            }
            if let place {
                guard !calls[place].isWhole || piece.arguments == nil else {
                    throw malformed("more arguments behind an object")
                }
                calls[place].arguments += piece.arguments ?? ""
                calls[place].isWhole = calls[place].isWhole || piece.hasObject
                if calls[place].name.isEmpty { calls[place].name = piece.name ?? "" }
                if calls[place].id.isEmpty { calls[place].id = id ?? "" }
                return
            }
            guard calls.count < AnswerBounds.blocksMax else {
                throw malformed("more than \(AnswerBounds.blocksMax) tool calls")
            }
            calls.append(
                Call(
                    index: piece.index, id: id ?? "", name: piece.name ?? "",
                    arguments: piece.arguments ?? "", isWhole: piece.hasObject))
        }

        private func malformed(_ what: String) -> ModelFailure {
            failure(.malformed, "not a valid stream: \(what)")
        }

        private func failure(_ cause: ModelFailure.Class, _ message: String) -> ModelFailure {
            ModelFailure(cause: cause, message: ProviderError.line(message), usage: usage)
        }
    }
}

extension ChatCompletions.Stream {
    private func answer() throws(ModelFailure) -> ModelAnswer {
        let stop = try stopReason()
        var content: [ContentBlock] = []
        if !reasoning.isEmpty { content.append(.thinking(text: reasoning, signature: "")) }
        if !text.isEmpty { content.append(.text(text)) }
        if !refusal.isEmpty { content.append(.text(refusal)) }
        var ids: Set<String> = []
        for call in calls {
            guard !call.id.isEmpty, !call.name.isEmpty else {
                throw malformed("a tool call without id or name")
            }
            guard let input = AnswerBounds.input(call.arguments) else {
                // Cut off inside of the call: it must not run, and its half could not be sent back.
                guard stop == .toolUse || stop == .endTurn else { continue }
                throw malformed("the arguments of tool \(call.name) are not a whole JSON object")
            }
            guard ids.insert(call.id).inserted else { throw malformed("tool id \(call.id) twice") }
            content.append(.toolUse(id: call.id, name: call.name, input: input))
        }
        guard stop != .toolUse || !ids.isEmpty else {
            throw malformed("stopped for a tool, but called none")
        }
        return ModelAnswer(
            content: content, stop: stop, usage: usage ?? TokenUsage(), model: model,
            isUsageUnknown: usage == nil ? true : nil)
    }

    private func stopReason() throws(ModelFailure) -> StopReason {
        guard let finish else {
            guard quirks.contains(.noFinishReason) else { throw malformed("no finish reason") }
            return calls.isEmpty ? .endTurn : .toolUse
        }
        switch finish {
        case "stop":
            if !refusal.isEmpty { return .refusal }
            if calls.isEmpty { return .endTurn }
            guard quirks.contains(.stopAfterTools) else {
                throw malformed("finish reason stop after tool calls")
            }
            return .toolUse
        case "tool_calls": return .toolUse
        case "length": return .tokensMax
        case "content_filter": return .refusal
        case "insufficient_system_resource":
            throw failure(.overloaded, "the provider stopped the answer: \(finish)")
        default: throw malformed("finish reason \(finish)")
        }
    }
}

extension SSEEvent {
    /// Whether it is the mark that ends a stream of the chat dialect.
    var isDone: Bool {
        // Some servers put blanks around it.
        let words = data.drop { $0 == 0x20 }
        return words.starts(with: "[DONE]".utf8) && words.dropFirst(6).allSatisfy { $0 == 0x20 }
    }
}
