/// Millionths of a US dollar.
///
/// All money is counted in these whole numbers; nothing is rounded twice.
package typealias MicroDollars = Int

/// Tokens by price class, as a provider reports them.
package struct TokenUsage: Hashable, Sendable, Codable {
    package var input: Int
    package var cacheWrite: Int
    package var cacheRead: Int
    package var output: Int

    /// A usage; each class is zero unless given.
    package init(input: Int = 0, cacheWrite: Int = 0, cacheRead: Int = 0, output: Int = 0) {
        self.input = input
        self.cacheWrite = cacheWrite
        self.cacheRead = cacheRead
        self.output = output
    }

    /// All tokens, of whatever class.
    package var total: Int { input + cacheWrite + cacheRead + output }
}

/// What a million tokens of each class cost at a provider, in micro-dollars.
package struct PriceTable: Hashable, Sendable, Codable {
    package var input: MicroDollars
    package var cacheWrite: MicroDollars
    package var cacheRead: MicroDollars
    package var output: MicroDollars

    /// Prices per million tokens.
    package init(
        input: MicroDollars, cacheWrite: MicroDollars, cacheRead: MicroDollars, output: MicroDollars
    ) {
        self.input = input
        self.cacheWrite = cacheWrite
        self.cacheRead = cacheRead
        self.output = output
    }

    /// Costs nothing, whatever is used.
    package static let free = Self(input: 0, cacheWrite: 0, cacheRead: 0, output: 0)

    /// The price of `usage`, rounded up to a whole micro-dollar: never under what is charged.
    package func cost(of usage: TokenUsage) -> MicroDollars {
        let exact =
            usage.input * input + usage.cacheWrite * cacheWrite + usage.cacheRead * cacheRead
            + usage.output * output
        return (exact + 999_999) / 1_000_000
    }

    /// The dearest way in which a provider could charge an input token: it decides what is
    /// reserved.
    package var dearestInput: MicroDollars { max(input, cacheWrite, cacheRead) }
}

/// What was, or may at worst be, consumed: the one quantity that budgets add up.
package struct Amount: Hashable, Sendable, Codable {
    package var tokens: Int
    package var microDollars: MicroDollars
    package var calls: Int
    package var wall: Milliseconds

    /// An amount; each part is zero unless given.
    package init(
        tokens: Int = 0, microDollars: MicroDollars = 0, calls: Int = 0, wall: Milliseconds = .zero
    ) {
        self.tokens = tokens
        self.microDollars = microDollars
        self.calls = calls
        self.wall = wall
    }

    /// Nothing consumed.
    package static let zero = Self()

    package static func + (left: Self, right: Self) -> Self {
        Self(
            tokens: left.tokens + right.tokens,
            microDollars: left.microDollars + right.microDollars,
            calls: left.calls + right.calls, wall: Milliseconds(left.wall.count + right.wall.count))
    }

    package static func - (left: Self, right: Self) -> Self {
        Self(
            tokens: left.tokens - right.tokens,
            microDollars: left.microDollars - right.microDollars,
            calls: left.calls - right.calls, wall: Milliseconds(left.wall.count - right.wall.count))
    }
}

/// An upper bound on each part of an amount; a part without a bound is nil.
package struct BudgetLimits: Hashable, Sendable, Codable {
    package var tokens: Int?
    package var microDollars: MicroDollars?
    package var calls: Int?
    package var wall: Milliseconds?

    /// Limits; a part is unbounded unless given.
    package init(
        tokens: Int? = nil, microDollars: MicroDollars? = nil, calls: Int? = nil,
        wall: Milliseconds? = nil
    ) {
        self.tokens = tokens
        self.microDollars = microDollars
        self.calls = calls
        self.wall = wall
    }

    /// No part is bounded.
    package static let none = Self()

    /// The first part that `amount` exceeds, named for a message, or nil when it fits.
    package func firstExceeded(by amount: Amount) -> String? {
        if let tokens, amount.tokens > tokens { return "tokens (\(tokens))" }
        if let microDollars, amount.microDollars > microDollars {
            return "money (\(DollarText.format(microDollars)))"
        }
        if let calls, amount.calls > calls { return "calls (\(calls))" }
        if let wall, amount.wall > wall { return "wall time (\(DurationText.format(wall.count)))" }
        return nil
    }

    /// What is left of these limits after `amount`, never below zero.
    package func remaining(after amount: Amount) -> Self {
        Self(
            tokens: tokens.map { max(0, $0 - amount.tokens) },
            microDollars: microDollars.map { max(0, $0 - amount.microDollars) },
            calls: calls.map { max(0, $0 - amount.calls) },
            wall: wall.map { Milliseconds(max(0, $0.count - amount.wall.count)) })
    }

    /// The tighter of two limits, part by part: how a child's budget is carved out of its parent's.
    package func tightened(by other: Self) -> Self {
        func least<T: Comparable>(_ left: T?, _ right: T?) -> T? {
            guard let left else { return right }
            guard let right else { return left }
            return min(left, right)
        }
        return Self(
            tokens: least(tokens, other.tokens),
            microDollars: least(microDollars, other.microDollars),
            calls: least(calls, other.calls), wall: least(wall, other.wall))
    }
}

/// Reads and prints dollars without floating point.
package enum DollarText {
    /// Micro-dollars as `$1.25`, with as many of the six decimals as matter and at least two.
    package static func format(_ amount: MicroDollars) -> String {
        let sign = amount < 0 ? "-" : ""
        let magnitude = amount.magnitude
        var decimals = String(magnitude % 1_000_000)
        decimals = String(repeating: "0", count: 6 - decimals.count) + decimals
        while decimals.count > 2, decimals.hasSuffix("0") { decimals.removeLast() }
        return "\(sign)$\(magnitude / 1_000_000).\(decimals)"
    }

    /// Micro-dollars from `2`, `2.5` or `0.000001`; nil for anything else, and above a billion
    /// dollars.
    package static func parse(_ text: String) -> MicroDollars? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, !whole.isEmpty, whole.count <= 9,
            whole.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let dollars = Int(whole)
        else { return nil }
        guard parts.count == 2 else { return dollars * 1_000_000 }
        let decimals = parts[1]
        guard (1...6).contains(decimals.count), decimals.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            let fraction = Int(decimals + String(repeating: "0", count: 6 - decimals.count))
        else { return nil }
        return dollars * 1_000_000 + fraction
    }
}
