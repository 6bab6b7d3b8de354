import AuraModel

/// What the kernel says to the model of a chat.
enum ChatPrompt {
    /// The system prompt: the same bytes in every call of a thread, so that providers can cache it.
    static func system(_ assignment: Assignment) -> String {
        let definition = assignment.definition
        var parts = [rules(definition, assignment.rules)]
        if definition.capabilities.edits == true, !definition.verify.isEmpty {
            let steps = definition.verify.map { "- \($0.name): \($0.argv.joined(separator: " "))" }
            parts.append(
                """
                When you have changed files and answered, these steps are run on your result in a \
                fresh checkout, out of your reach. It lands only if they pass:
                \(steps.joined(separator: "\n"))
                """)
        }
        if !definition.prompt.isEmpty { parts.append(definition.prompt) }
        return parts.joined(separator: "\n\n")
    }

    private static func rules(_ definition: Definition, _ rules: Int) -> String {
        """
        You are \(definition.name.text), in a conversation with the operators of a server. Each \
        of their messages is answered once, by your first message without a tool call.

        Rules:
        - \(place(definition))
        - \(definition.capabilities.commands ? AgentPrompt.commands(rules) : noCommands)\
        \(AgentPrompt.requests(definition))\(AgentPrompt.servers(definition))
        - Look before you claim: your tools are there to check what you say.
        - A tool's error tells what to do next; do not repeat the same call unchanged.
        - Answer what was asked, plainly and briefly. If something is missing, ask for it in your \
        answer. Never claim what you have not seen.
        """
    }

    private static func place(_ definition: Definition) -> String {
        guard definition.workspace != nil else {
            return "The directory /ws is scratch; it is gone with your answer."
        }
        let clone =
            "The workspace is /ws: a disposable clone of a git repository, made anew for each "
            + "message. Give paths relative to it. "
        guard definition.capabilities.edits == true else {
            return clone + "You can read it; changes are not kept."
        }
        return clone
            + "Leave git alone; what you change is taken over as one commit on a branch of "
            + "this thread, from which the next message goes on."
    }

    private static let noCommands = "You cannot run commands."

    /// What the agent is told when a step has failed on its result.
    static func rework(step: StepDeclaration, result: StepResult) -> String {
        let output = Excerpt.headAndTail(result.output, bytesMax: Excerpt.stepOutputBytesMax)
        return """
            [Your changes were checked in a fresh checkout and did not pass: step `\(step.name)` \
            ended with \(result.exit.text). Its output:
            \(output)

            They are still in the workspace. Correct them, then answer again.]
            """
    }

    /// What was said before, as messages.
    ///
    /// A message without an answer is part of the next one: no answer is made up for it.
    static func earlier(_ turn: ChatTurn) -> [Message] {
        var messages: [Message] = []
        if turn.omitted > 0 {
            messages.append(
                Message(
                    role: .user,
                    content: [
                        .text("[\(turn.omitted) earlier messages of this thread are not shown]")
                    ]))
        }
        for exchange in turn.earlier {
            messages.append(Message(role: .user, content: [.text(exchange.text)]))
            if let answer = exchange.answer {
                messages.append(Message(role: .assistant, content: [.text(answer)]))
            }
        }
        return messages
    }
}
