import AuraModel
import Testing

@Suite("Money, tokens and names")
struct ValueTests {
    @Test("dollars are read and printed without rounding, and anything else is refused")
    func dollars() {
        let good: [(String, MicroDollars, String)] = [
            ("0", 0, "$0.00"), ("2", 2_000_000, "$2.00"), ("2.5", 2_500_000, "$2.50"),
            ("0.000001", 1, "$0.000001"), ("999999999", 999_999_999_000_000, "$999999999.00"),
        ]
        for (text, amount, printed) in good {
            #expect(DollarText.parse(text) == amount)
            #expect(DollarText.format(amount) == printed)
        }
        for text in ["", ".", "1.", ".5", "-1", "1e3", "0.0000001", "1,5", "1000000000", "２"] {
            #expect(DollarText.parse(text) == nil, "\(text)")
        }
        #expect(DollarText.format(-1_500_000) == "-$1.50")
    }

    @Test("a cost is never rounded down")
    func cost() {
        let prices = PriceTable(
            input: 3_000_000, cacheWrite: 3_750_000, cacheRead: 300_000, output: 1)
        #expect(prices.cost(of: TokenUsage(output: 1)) == 1)
        #expect(prices.cost(of: TokenUsage(input: 2, cacheRead: 1)) == 7)
        #expect(prices.cost(of: TokenUsage()) == 0)
        #expect(prices.dearestInput == 3_750_000)
    }

    @Test("the tighter of two budgets holds part by part, and what is left is never negative")
    func limits() {
        let wide = BudgetLimits(tokens: 100, wall: .minutes(1))
        let narrow = BudgetLimits(tokens: 50, microDollars: 7)
        let both = BudgetLimits(tokens: 50, microDollars: 7, wall: .minutes(1))
        #expect(wide.tightened(by: narrow) == both)
        #expect(both.remaining(after: Amount(tokens: 60)).tokens == 0)
        #expect(both.firstExceeded(by: Amount(tokens: 50)) == nil)
        #expect(both.firstExceeded(by: Amount(tokens: 51)) == "tokens (50)")
    }

    @Test("run ids sort by time, then by sequence, and only their own form is read back")
    func runIDs() {
        let early = RunID(at: Instant(milliseconds: 1_700_000_000_000), sequence: 900_000)
        let later = RunID(at: Instant(milliseconds: 1_700_000_000_001), sequence: 1)
        let next = RunID(at: Instant(milliseconds: 1_700_000_000_001), sequence: 2)
        #expect(early < later)
        #expect(later < next)
        #expect(RunID(early.text) == early)
        let bad = [
            "", "01m7y38mrg00000", "01M7Y38MRG000003", "01m7y38mrg00000u", "../../etc/passwd",
        ]
        for text in bad {
            #expect(RunID(text) == nil, "\(text)")
        }
    }

    @Test("an automaton's name is safe wherever a name is used")
    func names() {
        #expect(AutomatonName("nightly-fixer") != nil)
        #expect(AutomatonName(String(repeating: "a", count: 63)) != nil)
        let bad = [
            "", "-a", "1a", "A", "a/b", "a.b", "a b", "é", String(repeating: "a", count: 64),
        ]
        for text in bad { #expect(AutomatonName(text) == nil, "\(text)") }
    }

    @Test("frames survive the wire, and equal values have equal bytes")
    func frames() throws {
        let call = ToolCall(
            use: "u1", tool: .editFile,
            input: .object(["path": .string("a/b"), "all": .bool(true), "n": .integer(3)]),
            images: [FileImage(path: "a/b", before: nil, after: "00")])
        let up = FrameUp.propose(
            proposal: Proposal(
                basis: 2,
                outcomes: [
                    .toolFinished(
                        command: 1, result: ToolResult(output: "\u{1b}[31m\n", place: .worker))
                ],
                commands: [
                    Command(id: 2, act: .tool(call: call)),
                    Command(id: 3, act: .step(request: .survey)),
                ]))
        let bytes = try JSON.encode(up)
        #expect(try JSON.decode(FrameUp.self, from: bytes) == up)
        #expect(try JSON.encode(try JSON.decode(FrameUp.self, from: bytes)) == bytes)
    }
}
