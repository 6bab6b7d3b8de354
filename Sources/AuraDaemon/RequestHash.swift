import AuraModel
import AuraSupervision
import Crypto

/// The SHA-256 of one agent's requests, each as the bytes of its JSON.
///
/// A conversation only grows: what it had in common with the request before is not hashed again,
/// so a turn costs what it adds.
struct RequestHash {
    private var state = SHA256()
    private var bytes = 0
    /// Messages that are in `state`, each with a comma behind it.
    private var count = 0
    private var answerTokensMax: Int?
    private var ending = Ending()

    /// What stands behind the messages; it seldom changes.
    private struct Ending {
        var system = ""
        var tools: [ToolSchema] = []
        var text: [UInt8] = []
        var digest = ""
    }

    /// The digest of `request`, of which the first `kept` messages are those of the one before.
    mutating func digest(of request: ModelRequest, kept: Int) throws -> RequestDigest {
        if kept < count || answerTokensMax != request.answerTokensMax {
            (state, bytes, count) = (SHA256(), 0, 0)
            answerTokensMax = request.answerTokensMax
            feed("{\"answerTokensMax\":\(request.answerTokensMax),\"messages\":[")
        }
        // The last message may still grow: what follows it is not kept.
        let stable = max(count, request.messages.count - 1)
        for message in request.messages[count..<stable] {
            feed(try JSON.encode(message))
            feed(",")
        }
        count = stable
        var rest = self
        if let last = request.messages.last { rest.feed(try JSON.encode(last)) }
        let ending = try end(of: request)
        rest.feed(ending.text)
        let text = HexText.text(rest.state.finalize())
        return RequestDigest(sha256: text, bytes: rest.bytes, prompt: ending.digest)
    }

    private mutating func end(of request: ModelRequest) throws -> Ending {
        if ending.text.isEmpty || ending.system != request.system || ending.tools != request.tools {
            let system = try JSON.text(request.system)
            let tools = try JSON.text(request.tools)
            let text = Array("],\"system\":\(system),\"tools\":\(tools)}".utf8)
            ending = Ending(
                system: request.system, tools: request.tools, text: text,
                digest: HexText.text(SHA256.hash(data: text)))
        }
        return ending
    }

    /// By which the record names the requests among `commands`.
    static func digests(of commands: [Command]) -> [CommandID: RequestDigest] {
        var digests: [CommandID: RequestDigest] = [:]
        for command in commands {
            guard case .reason(let request) = command.act else { continue }
            var hash = RequestHash()
            digests[command.id] = try? hash.digest(of: request, kept: 0)
        }
        return digests
    }

    private mutating func feed(_ text: String) { feed(Array(text.utf8)) }

    private mutating func feed(_ bytes: [UInt8]) {
        self.bytes += bytes.count
        bytes.withUnsafeBytes { state.update(bufferPointer: $0) }
    }
}
