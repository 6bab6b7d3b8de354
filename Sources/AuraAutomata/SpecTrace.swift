import AuraModel

/// `trace.json`: which task stands for which requirement, and the receipt of the lint.
///
/// Made of `spec.md`, `plan.md` and `tasks.md` alone, so it is true exactly when it is what those
/// make.
enum SpecTrace {
    /// A requirement with what it is accepted by.
    private struct Row: Encodable {
        struct Criterion: Encodable {
            var id: String
            var tasks: [Work]
        }

        struct Work: Encodable {
            var id: String
            var verify: [String]
        }

        var requirement: String
        var acceptance: [Criterion]
    }

    /// What the lint has seen and found to hold.
    struct Receipt: Hashable, Sendable, Codable {
        /// The rules that were applied.
        var lint: Int
        /// Of the three texts, with every box open.
        var digest: String
        /// Of the requirements that the specification was made of.
        var requirements: String
    }

    /// The text of `trace.json` for texts that the lint has nothing against.
    ///
    /// - Throws: `EncodingError`, which these values never cause.
    static func text(
        spec: String, plan: String, tasks: String, requirements: String
    ) throws -> String {
        let document = SpecDocument(spec)
        let list = SpecTasks(tasks)
        var lines = ["{"]
        let receipt = Receipt(
            lint: SpecLint.version, digest: digest(spec: spec, plan: plan, tasks: list),
            requirements: requirements)
        lines.append("\"receipt\": \(try JSON.text(receipt)),")
        lines.append("\"removed\": \(try JSON.text(document.removed + list.removed)),")
        lines.append("\"trace\": [")
        let rows = try document.requirements.map { try JSON.text(row($0, list)) }
        lines.append(rows.joined(separator: ",\n"))
        lines.append("]")
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ item: SpecDocument.Item, _ tasks: SpecTasks) -> Row {
        Row(
            requirement: item.id,
            acceptance: item.acceptance.map { criterion in
                Row.Criterion(
                    id: criterion,
                    tasks: tasks.list.tasks
                        .filter { SpecTasks.accept(of: $0).contains(criterion) }
                        .map { Row.Work(id: $0.id, verify: $0.verify) })
            })
    }

    /// The receipt in a `trace.json`; nil when there is none that can be read.
    static func receipt(in text: String) -> Receipt? {
        struct Trace: Decodable { var receipt: Receipt }
        return try? JSON.decode(Trace.self, from: text.utf8).receipt
    }

    /// Why a dev-loop may not build by these texts; nil when it may.
    static func refusal(spec: String, plan: String, tasks: String, trace: String) -> String? {
        guard let receipt = receipt(in: trace) else {
            return "trace.json has no lint receipt"
        }
        guard receipt.lint == SpecLint.version else {
            return "the lint receipt is of rules \(receipt.lint), not \(SpecLint.version)"
        }
        let list = SpecTasks(tasks)
        guard receipt.digest == digest(spec: spec, plan: plan, tasks: list) else {
            return "the specification was changed after its lint receipt was given"
        }
        return SpecLint.findings(spec: spec, plan: plan, tasks: tasks).first.map {
            "\($0.file):\($0.line): \($0.text)"
        }
    }

    private static func digest(spec: String, plan: String, tasks: SpecTasks) -> String {
        ContentDigest.of([spec, plan, tasks.opened])
    }
}
