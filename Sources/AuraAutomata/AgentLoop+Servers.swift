import AuraModel

/// The tools of the definition's servers: asked for before the first words are said, so that they
/// stand in the record before any request does.
extension AgentLoop {
    /// Asks the servers for their tools; `words` are what is said after that.
    mutating func list(
        _ words: [ContentBlock], interruptions: Int = 0, issuing counter: inout CommandCounter
    ) -> Progress {
        guard interruptions <= StepReading.interruptionsMax else {
            return stop(.workspaceFailed, "the servers' tools: interrupted again and again")
        }
        let command = counter.issue(.step(request: .tools(servers: servers.map(\.name))))
        phase = .listing(command.id, words, interruptions: interruptions)
        return .commands([command])
    }

    /// Offers what the servers have, says what is missing, and begins.
    mutating func listed(
        _ result: StepResult, _ words: [ContentBlock], issuing counter: inout CommandCounter
    ) -> Progress {
        let listings = ServerListing.read(result.output)
        guard listings.map(\.name) == servers.map(\.name) else {
            return stop(
                .workspaceFailed, StepReading.failure("the servers' tools are not known", result))
        }
        offer(listings.flatMap(\.tools))
        let isWhole = listings.allSatisfy { $0.problem == nil }
        return nextTurn(
            words + (isWhole ? [] : [.text(AgentPrompt.missing(listings))]), issuing: &counter)
    }

    /// Whether the model calls a server's tool by this name.
    func isServed(_ name: String) -> Bool {
        offered.contains { if case .served(let tool) = $0 { tool.name == name } else { false } }
    }

    /// By which names the model calls tools that may change its tree.
    var writers: Set<String> {
        let names = Set(servers.filter { $0.tree == .write }.map(\.name))
        return Set(
            offered.compactMap { tool in
                guard case .served(let served) = tool, names.contains(served.server) else {
                    return nil
                }
                return served.name
            })
    }
}
