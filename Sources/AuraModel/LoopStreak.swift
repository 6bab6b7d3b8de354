/// How a dev-loop's tasks went lately, over all its runs: what its breaker judges by.
///
/// The loop's kernel keeps one as it goes on, and the daemon folds the same of the record for the run
/// that comes next.
package struct LoopStreak: Hashable, Sendable, Codable {
    /// Tasks that failed since one landed.
    package private(set) var failures = 0
    /// What agents and reviewers have consumed since a task landed.
    package private(set) var spent = Amount.zero
    /// What it took to each landing, oldest first, at most `landingsMax`.
    package private(set) var landings: [Amount] = []

    /// 32: a median that follows a change of the model within a night.
    private static let landingsMax = 32
    /// 3 landed tasks: the median of fewer is chance.
    private static let landingsMin = 3

    /// Nothing has happened yet.
    package init() {}

    /// An agent or a reviewer has ended.
    package mutating func spend(_ amount: Amount) { spent = spent + amount }

    /// A task is given up.
    package mutating func fail() { failures += 1 }

    /// A task landed that was worked on.
    package mutating func land() {
        failures = 0
        landings = Array((landings + [spent]).suffix(Self.landingsMax))
        spent = .zero
    }

    /// Somebody has seen to it, or it has cooled down: what went wrong is not held against it.
    package mutating func forgive() {
        failures = 0
        spent = .zero
    }

    /// Why so much spending without a landing opens the breaker; nil when it does not.
    package func waste(_ limits: Definition.Breaker) -> String? {
        guard landings.count >= Self.landingsMin else { return nil }
        let isPriced = spent.microDollars > 0
        let cost = { (amount: Amount) in isPriced ? amount.microDollars : amount.tokens }
        let median = landings.map(cost).sorted()[landings.count / 2]
        guard median > 0, cost(spent) > median * limits.spendFactor else { return nil }
        let text = { (count: Int) in isPriced ? DollarText.format(count) : "\(count) tokens" }
        return "\(text(cost(spent))) were spent since a task landed, more than "
            + "\(limits.spendFactor) times the median of \(text(median))"
    }
}
