/// A run that was let in, with all that it needs to be carried through.
package struct RunAdmitted: Hashable, Sendable, Codable {
    package var trigger: Trigger
    package var kind: AutomatonKind
    package var definition: String
    package var task: TaskBrief?
    package var budget: BudgetLimits
    /// The civil day of the automaton's zone to which all that the run consumes is charged.
    package var day: String
    /// The reasoner of a child that does not use its definition's first.
    package var reasoner: String?
    /// What it was given, complete; nil where its definition declares none.
    package var inputs: [String: JSONValue]?
    /// The rules by which the run's kernel decides, to its end; nil: the first ones.
    package var rules: Int?
    /// How the model changes files; nil: by exact replacement.
    package var edits: EditForm?

    /// An admitted run; `definition` is the digest of its snapshot.
    package init(
        trigger: Trigger, kind: AutomatonKind, definition: String, task: TaskBrief?,
        budget: BudgetLimits, day: String, reasoner: String? = nil,
        inputs: [String: JSONValue]? = nil, rules: Int? = nil, edits: EditForm? = nil
    ) {
        self.trigger = trigger
        self.kind = kind
        self.definition = definition
        self.task = task
        self.budget = budget
        self.day = day
        self.reasoner = reasoner
        self.inputs = inputs
        self.rules = rules
        self.edits = edits
    }
}
