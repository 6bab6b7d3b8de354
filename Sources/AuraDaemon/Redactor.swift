import AuraModel
import AuraSupervision
import Glibc

/// Removes known secrets, by value, from everything that comes in from outside, before anything is
/// decided about it.
///
/// What the record, the journal, a worker or a model then holds is the same text, with
/// `[redacted: NAME]` where the credential NAME stood. A secret is known from its first use on;
/// every reasoner's credential is read at the start. What was cut in two by a bound on output is
/// not recognised.
struct Redactor {
    private let credentials: Credentials

    /// Eight bytes: anything shorter stands in ordinary text by chance, and is no key.
    static let secretBytesMin = 8

    /// Removes what `credentials` have handed out.
    init(credentials: Credentials) { self.credentials = credentials }

    private var known: [(name: String, value: [UInt8])] {
        credentials.known.filter { $0.value.count >= Self.secretBytesMin }
    }

    /// `text` without secrets; nil when there are none in it.
    func redacted(_ text: String) -> String? {
        var bytes = Array(text.utf8)
        return redact(&bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// Whether a secret stands in a request's path or query, as it is or with bytes written as %XX.
    func finds(in target: String) -> Bool {
        [target, Self.unescaped(target)].contains { redacted($0) != nil }
    }

    private static func unescaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Takes from the beginning of `bytes` what can be shown: without secrets, and without what may
    /// be the beginning of one whose rest is still to come, which stays.
    func release(from bytes: inout [UInt8]) -> [UInt8] {
        _ = redact(&bytes)
        var kept = 0
        for (_, secret) in known {
            for count in stride(from: min(secret.count - 1, bytes.count), to: kept, by: -1)
            where bytes.suffix(count).elementsEqual(secret.prefix(count)) {
                kept = count
                break
            }
        }
        defer { bytes = Array(bytes.suffix(kept)) }
        return Array(bytes.dropLast(kept))
    }

    /// Puts a mark where a secret stands; whether there was one.
    private func redact(_ bytes: inout [UInt8]) -> Bool {
        var isChanged = false
        for (name, secret) in known {
            let mark = Array("[redacted: \(name)]".utf8)
            var from = 0
            while let start = Self.position(of: secret, in: bytes, from: from) {
                bytes.replaceSubrange(start..<start + secret.count, with: mark)
                // Not in the mark: a secret may be a part of it.
                from = start + mark.count
                isChanged = true
            }
        }
        return isChanged
    }

    /// `text` without secrets.
    func clean(_ text: String) -> String { redacted(text) ?? text }

    private static func position(of secret: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        guard let first = secret.first else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var start = from
            while let base = bytes.baseAddress, start + secret.count <= bytes.count {
                let room = bytes.count - secret.count - start + 1
                guard let found = memchr(base + start, Int32(first), room) else { return nil }
                if memcmp(found, secret, secret.count) == 0 {
                    return UnsafeRawPointer(found) - base
                }
                start = UnsafeRawPointer(found) - base + 1
            }
            return nil
        }
    }
}

extension Redactor {
    /// The event without secrets.
    ///
    func clean(_ event: Event) -> Event {
        switch event {
        case .proposed(let run, let generation, let proposal, let digests):
            guard let redacted = redacted(proposal) else { return event }
            return .redacted(run, generation, redacted, digests: digests)
        case .attemptEnded(let run, let generation, let exit, let detail):
            return .attemptEnded(run, generation, exit, detail: clean(detail))
        case .modelEnded(let run, let command, let result, let chance):
            return .modelEnded(
                run, command, result.map(clean).mapError(clean), chance: chance)
        case .toolEnded(let run, let command, let result):
            return .toolEnded(run, command, clean(result))
        case .stepEnded(let run, let command, let result):
            return .stepEnded(run, command, clean(result))
        case .ordered(.answer(let run, let text), let principal, let ticket):
            return .ordered(.answer(run, text: clean(text)), by: principal, ticket: ticket)
        case .ordered(.tell(let run, var message), let principal, let ticket):
            message.text = clean(message.text)
            return .ordered(.tell(run, message), by: principal, ticket: ticket)
        case .ordered(.say(let name, let thread, var message), let principal, let ticket):
            message.text = clean(message.text)
            return .ordered(.say(name, thread, message), by: principal, ticket: ticket)
        case .ordered(.run(let name, var given), let principal, let ticket):
            given.inputs = given.inputs.mapValues(clean)
            given.texts = given.texts.mapValues(clean)
            return .ordered(.run(name, given), by: principal, ticket: ticket)
        case .ordered(.deliver(let name, var delivery), let principal, let ticket):
            delivery.id = clean(delivery.id)
            delivery.inputs = delivery.inputs?.mapValues(clean)
            return .ordered(.deliver(name, delivery), by: principal, ticket: ticket)
        case .changed(let name, var look):
            look.what = clean(look.what)
            return .changed(name, look)
        case .requestWanted(let run, var request):
            request.url = clean(request.url)
            return .requestWanted(run, request)
        case .requestEnded(let run, var end):
            end.failure = end.failure.map(clean)
            return .requestEnded(run, end)
        case .started, .definitionsRead, .clock, .tick, .ordered, .launched, .attested, .redacted,
            .violated,
            .modelBegan, .checkpointSigned, .stopping:
            return event
        }
    }

    /// The proposal up to the first outcomes with a secret, without it; nil when there is none.
    ///
    /// What the worker made of it is left out: it may hold it as well.
    private func redacted(_ proposal: Proposal) -> Proposal? {
        var rounds = proposal.rounds
        for index in rounds.indices {
            let outcomes = rounds[index].outcomes.map(clean)
            guard outcomes != rounds[index].outcomes else { continue }
            rounds[index] = Proposal.Round(outcomes: outcomes, commands: [])
            return Proposal(
                basis: proposal.basis, outcomes: rounds[0].outcomes, commands: rounds[0].commands,
                further: Array(rounds[1..<max(1, index + 1)]))
        }
        return nil
    }

    private func clean(_ outcome: Transaction) -> Transaction {
        guard case .toolFinished(let command, let result) = outcome else { return outcome }
        return .toolFinished(command: command, result: clean(result))
    }

    private func clean(_ result: ToolResult) -> ToolResult {
        var result = result
        result.output = clean(result.output)
        return result
    }

    private func clean(_ result: StepResult) -> StepResult {
        var result = result
        result.output = clean(result.output)
        return result
    }

    private func clean(_ failure: ModelFailure) -> ModelFailure {
        var failure = failure
        failure.message = clean(failure.message)
        return failure
    }

    /// Thinking stays as it is: a provider refuses it when it was altered, and it has seen no
    /// secret that the rest of the conversation does not hold.
    private func clean(_ answer: ModelAnswer) -> ModelAnswer {
        var answer = answer
        answer.content = answer.content.map { block in
            switch block {
            case .text(let text): .text(clean(text))
            case .toolUse(let id, let name, let input):
                .toolUse(id: id, name: name, input: clean(input))
            case .thinking, .redactedThinking, .toolResult: block
            }
        }
        return answer
    }

    private func clean(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(clean(text))
        case .array(let values): .array(values.map(clean))
        case .object(let members): .object(members.mapValues(clean))
        default: value
        }
    }
}
