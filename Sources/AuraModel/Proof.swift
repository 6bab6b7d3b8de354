extension RunRow {
    /// What the daemon itself has seen of a run's results: decides what may land.
    package struct Proof: Hashable, Sendable, Codable {
        /// The commit that the newest export made; nil before one.
        package var exported: String?
        /// The commit whose fresh tree the verify steps run in; nil before a checkout.
        package var checkedOut: String?
        /// What passed there since.
        package var passed: [StepDeclaration]
        /// Exported commits that have been checked out since, with what passed on each, oldest first,
        /// at most `provenMax`.
        package var proven: [Proven]?
        /// The commit that the newest salvage made.
        package var salvaged: String?
        /// The commit that landed last, and its branch.
        package var landed: String?
        /// The commit that its branch left for it.
        package var replaced: String?

        /// 32: twice as many as can be at work at once.
        package static let provenMax = 32

        /// What passed in a fresh tree of one commit.
        package struct Proven: Hashable, Sendable, Codable {
            package var commit: String
            package var passed: [StepDeclaration]

            /// A commit with what passed on it.
            package init(commit: String, passed: [StepDeclaration]) {
                self.commit = commit
                self.passed = passed
            }
        }

        /// Nothing is proven.
        package init() { passed = [] }

        /// What passed in a fresh tree of `commit`, which this run exported; nil when it was not both
        /// exported and checked out.
        ///
        /// A commit's name is the hash of all that is in it, so what was seen of it stays true.
        package func passed(on commit: String) -> [StepDeclaration]? {
            proven?.last { $0.commit == commit }?.passed
        }
    }
}
