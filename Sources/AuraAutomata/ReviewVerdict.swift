import AuraModel

/// What a reviewer decided about a change.
///
///     {"verdict": "accept", "checks": [{"accept": "US1-AC1", "met": true, "why": "..."}],
///      "findings": [{"path": "a.c", "line": 3, "problem": "..."}]}
struct ReviewVerdict: Hashable, Sendable, Encodable {
    /// Whether it may land.
    var isAccepted: Bool
    /// What is to be mended, a line each.
    var findings: [String]

    /// 20: more than an agent mends in one round.
    private static let findingsMax = 20

    private struct Answer: Decodable {
        struct Check: Decodable {
            var accept: String
            var met: Bool
            var why: String?
        }

        struct Finding: Decodable {
            var path: String?
            var line: Int?
            var problem: String
        }

        var verdict: String
        var checks: [Check]
        var findings: [Finding]?
    }

    /// The verdict in a reviewer's last words; nil when there is none, or it leaves out one of
    /// `accept`.
    ///
    /// Accepted is only what the reviewer accepts with everything in `accept` met: a verdict that
    /// contradicts its own checks sends the work back.
    init?(_ report: String, accept: [String]) {
        guard let open = report.utf8.firstIndex(of: Ascii.brace),
            let close = report.utf8.lastIndex(of: UInt8(ascii: "}")), open < close,
            let answer = try? JSON.decode(Answer.self, from: report.utf8[open...close]),
            answer.verdict == "accept" || answer.verdict == "rework"
        else { return nil }
        let named = Set(answer.checks.map(\.accept))
        guard accept.allSatisfy(named.contains) else { return nil }
        let unmet = answer.checks.filter { !$0.met }
        isAccepted = answer.verdict == "accept" && unmet.isEmpty
        let lines =
            unmet.map { "not met: \($0.accept)" + ($0.why.map { ": \($0)" } ?? "") }
            + (answer.findings ?? []).map { finding in
                let place = [finding.path, finding.line.map(String.init)].compactMap { $0 }
                return (place.isEmpty ? "" : place.joined(separator: ":") + ": ") + finding.problem
            }
        findings = lines.prefix(Self.findingsMax).map { Excerpt.line($0) }
    }

    /// What a reviewer is told of the form.
    static func instructions(_ accept: [String]) -> String {
        let checks = accept.map { _ in
            #"{"accept": "<the line, word for word>", "met": true, "why": "<what you saw>"}"#
        }
        return """

            Read the change and what is around it in the workspace, which you cannot change. Then \
            call `finish` with status `done` and as its summary nothing but this JSON object:
            {"verdict": "accept" or "rework", "checks": [\(checks.joined(separator: ", "))], \
            "findings": [{"path": "<file>", "line": 1, "problem": "<what has to change>"}]}
            """
    }
}
