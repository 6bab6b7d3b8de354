import AuraModel
import Testing

@testable import aura_ctl

/// Firings of the past and of the coming day, as pure functions.
struct FiringTests {
    private let plain = Style(isColoured: false)
    private let hour = 3_600_000
    private let times = TimeText(now: Instant(milliseconds: 90_000_000), offset: { _ in 3600 })

    @Test("an explanation has the verdict first, and each sentence beside its entry")
    func explanation() throws {
        let name = try #require(AutomatonName("nightly"))
        let explanation = Explanation(
            automaton: name, nominal: Instant(milliseconds: 0),
            decision: .missed(reason: "aurad was away"),
            lines: [
                .init("aurad stopped\u{1b}[2J for a reason that is long enough", sequence: 61),
                .init("aurad started", sequence: 1204), .init("the next firing is tomorrow"),
            ])
        #expect(
            ExplanationText.lines(of: explanation, asked: nil, width: 46, plain, times) == [
                "nightly, due 1970-01-01 01:00:00 +01:00 (1d1h ago): ✖ missed",
                "         aurad was away", "    #61  aurad stopped\\x1b[2J for a reason",
                "         that is long enough", "  #1204  aurad started",
                "         the next firing is tomorrow",
            ])
        let nothing = Explanation(automaton: name, nominal: nil, decision: nil, lines: [])
        #expect(
            ExplanationText.lines(
                of: nothing, asked: Instant(milliseconds: 0), width: nil, plain, times)
                == ["nightly, 1970-01-01 01:00:00 +01:00 (1d1h ago): nothing was planned"])
    }

    @Test("a day is told by hour, many firings in one hour by their number, jitter by a mark")
    func timeline() throws {
        func firing(_ name: String, _ minutes: Int, jitter: Int = 0) throws -> PlannedFiring {
            let nominal = Instant(milliseconds: 90_000_000 + minutes * 60_000)
            return PlannedFiring(
                automaton: try #require(AutomatonName(name)), nominal: nominal,
                expected: nominal + Milliseconds(jitter))
        }
        var firings = [try firing("b", 3, jitter: 90_000)]
        firings += try (0..<30).map { try firing("a", 2 * $0) }
        firings.append(try firing("b", 22 * 60))
        let text = TimelineText(
            firings: firings, automata: [], from: times.now,
            to: times.now + .minutes(24 * 60), width: 40)
        #expect(
            text.lines(plain, times) == [
                "32 firings of 2 automata in the 24 hours from 1970-01-02 02:00", "",
                "Fri 1970-01-02", "  02:00  b  ~02:04:30",
                "         a  30 times, 02:00 to 02:58", "", "Sat 1970-01-03",
                "  00:00  b  00:00", "", "~ moved by the automaton's jitter",
            ])
    }

    @Test("what fires all the time is told in one line and does not hide the others")
    func often() throws {
        let name = try #require(AutomatonName("poller"))
        let firings = (0..<144).map {
            let at = Instant(milliseconds: 90_000_000 + $0 * 600_000)
            return PlannedFiring(automaton: name, nominal: at, expected: at)
        }
        let text = TimelineText(
            firings: firings, automata: [], from: times.now,
            to: times.now + .minutes(24 * 60), width: 80)
        #expect(
            text.lines(plain, times).dropFirst() == [
                "", "often", "  poller  144 times, first at 02:00",
            ])
    }

    @Test("who does not fire is told with the reason: inactive, paused, no schedule")
    func whyNot() throws {
        func status(
            _ schedule: String, isActive: Bool = true, whyNot: String? = nil
        ) throws -> AutomatonStatus {
            let name = try #require(AutomatonName("a"))
            return AutomatonStatus(
                row: AutomatonRow(
                    name: name, definition: "d", kind: .taskRun, isActive: isActive,
                    cursor: times.now), description: "", schedule: schedule, next: nil,
                whyNot: whyNot, runs: [], budget: .none,
                today: BudgetRow(automaton: name, day: "1970-01-02", limits: .none))
        }
        let all = try [
            status("every 1h"), status("every 1h", isActive: false),
            status("every 1h", whyNot: "paused"), status("manual"),
        ]
        let states = all.map { AutomatonText.state(of: $0).word }
        #expect(states == ["active", "inactive", "paused", "no schedule"])
        #expect(
            AutomatonText.table(all, width: 80, plain, times) == [
                "  AUTOMATON  SCHEDULE  NEXT         LAST",
                "● a          every 1h  -            ○ never ran",
                "○ a          every 1h  inactive     ○ never ran",
                "◌ a          every 1h  paused       ○ never ran",
                "○ a          manual    no schedule  ○ never ran",
            ])
        let text = TimelineText(
            firings: [], automata: [try status("manual")], from: times.now,
            to: times.now + .minutes(60), width: 80)
        #expect(text.lines(plain, times).suffix(2) == ["not in this time:", "  a  no schedule"])
    }

    @Test("past firings fit a terminal, and a reason is told in full in a pipe")
    func occurrences() throws {
        let reason = String(repeating: "x", count: 100)
        let row = OccurrenceRow(
            automaton: try #require(AutomatonName("a")), nominal: Instant(milliseconds: 0),
            decision: .skipped(reason: reason), decidedAt: Instant(milliseconds: 12_000),
            sequence: 7)
        let narrow = OccurrenceText.table([row], width: 80, plain, times)
        #expect(narrow.allSatisfy { TextWidth.of($0) <= 80 })
        #expect(
            OccurrenceText.table([row], width: nil, plain, times)[1]
                == "1970-01-01 01:00:00 +01:00 (1d1h ago)  ○ skipped   12s     #7  \(reason)")
        var many = row
        many.through = Instant(milliseconds: 60_000)
        #expect(
            OccurrenceText.table([many], width: nil, plain, times)[1]
                .hasSuffix("and all others up to 1970-01-01 01:01:00: \(reason)"))
    }

    @Test("a daemon that is away is borne; what is not an absence is not")
    func absence() throws {
        var absence = Absence()
        let away = Failure(.unreachable, .unavailable, "gone")
        let borne = [try absence.bear(away), try absence.bear(away)]
        let ended = [absence.end(), absence.end()]
        #expect(borne == [true, false] && ended == [true, false])
        #expect(throws: Failure.self) { try absence.bear(Failure(.denied, .denied, "no")) }
    }
}
