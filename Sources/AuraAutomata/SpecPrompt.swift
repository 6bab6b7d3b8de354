import AuraModel

/// What the kernel says to the model of a spec-gen.
enum SpecPrompt {
    /// The system prompt: the same bytes in every call of a run.
    static func system(_ definition: Definition) -> String {
        let guidance =
            definition.spec?.requirements == nil || definition.prompt.isEmpty
            ? "" : "\n\nAbout this project:\n" + definition.prompt
        return """
            You are \(definition.name.text), an unattended writer of specifications. You turn \
            requirements into a specification that others build by, task after task, each with a \
            fresh context and nobody to ask.

            Rules:
            - The workspace /ws is a clone of the repository that will be worked on. Read what \
            bears on the requirements before you write; you cannot change it.
            - Every requirement has acceptance criteria, every criterion a task, every task a \
            `verify`: one line of shell, run in a fresh checkout without network, that fails now \
            and succeeds only when the task is done.
            - A task is what one person does in a sitting. Its text says all that is needed.
            - Keep the ids of what stays, also where its words change. New things get new ids. \
            What you leave out is struck out for good. Done tasks stay as they are.
            - What only a person can decide is a question. Ask it, never guess; with a question \
            everything else may stand as far as you have it.
            - Hand in with `submit_spec`, called alone. If the requirements cannot be specified, \
            end with `finish`, status `failed`, and the reason.
            """ + guidance
    }

    /// The first message.
    static func task(requirements: String, old: SpecFiles) -> String {
        var text = "The requirements:\n\n\(requirements)\n"
        if !old.spec.isEmpty {
            text += """

                There is a specification already. Bring it to what the requirements say now, by \
                the same ids. spec.md:

                \(old.spec)
                plan.md:

                \(old.plan)
                tasks.md, in which ticked tasks are done:

                \(old.tasks)
                """
        }
        return text
    }

    /// What is wrong with what was handed in.
    static func flaws(_ flaws: [String]) -> String {
        let shown = flaws.prefix(flawsMax).map { "- \(Excerpt.line($0))" }
        let more = flaws.count > flawsMax ? "\n- and \(flaws.count - flawsMax) more" : ""
        return """
            The specification does not hold together yet:
            \(shown.joined(separator: "\n"))\(more)

            Correct that, and hand in the whole again.
            """
    }

    /// 40: enough to see the pattern behind them.
    private static let flawsMax = 40

    /// The operator's answers.
    static func answers(_ answers: [SpecDocument.Clarification]) -> String {
        """
        The operator answered:
        \(answers.map { "- \($0.question)\n  \($0.answer)" }.joined(separator: "\n"))

        Work that in, and hand in the whole again.
        """
    }

    static let noMoreQuestions = """
        You have asked often enough. Hand in what can be said without further questions, or end \
        with `finish`, status `failed`.
        """

    static let handIn = "Nothing was handed in. Call `submit_spec` with the whole specification."
}
