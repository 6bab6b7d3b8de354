import AuraModel

/// The message of a commit that a run lands.
enum CommitMessage {
    /// 100: a subject longer than this is cut by every tool that shows it.
    static let subjectCharactersMax = 100

    /// Subject, body and trailers.
    ///
    /// Control characters, which the model may have written, are left out.
    static func text(
        subject: String, body: String, run: RunID, task: String?, automaton: AutomatonName,
        spec: String? = nil, bodyBytesMax: Int = Excerpt.commitBodyBytesMax
    ) -> String {
        var trailers = ["Aura-Run: \(run.text)"]
        if let task { trailers.append("Aura-Task: \(task)") }
        trailers.append("Aura-Automaton: \(automaton.text)")
        if let spec { trailers.append("Aura-Spec: \(Excerpt.line(printable(spec)))") }
        let kept = printable(Excerpt.headAndTail(body, bytesMax: bodyBytesMax))
        let parts = [cut(printable(subject)), kept, trailers.joined(separator: "\n")]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    private static func cut(_ subject: String) -> String {
        let line = Excerpt.line(subject)
        guard line.count > subjectCharactersMax else { return line }
        return line.prefix(subjectCharactersMax - 1) + "…"
    }

    private static func printable(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where scalar.value >= 32 || scalar == "\n" {
            if scalar.value != 127 { scalars.append(scalar) }
        }
        var lines = String(scalars).split(separator: "\n", omittingEmptySubsequences: false)
        while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
        while lines.first?.allSatisfy(\.isWhitespace) == true { lines.removeFirst() }
        return lines.joined(separator: "\n")
    }
}
