import AuraModel
import Testing

@testable import AuraDaemon

@Suite struct SetbackPaceTests {
    /// Entries of one automaton, and what became of them.
    private struct Story {
        static let name = AutomatonName("looper")
        var pace = SetbackPace()
        var at = Instant(milliseconds: 1_800_000_000_000)
        var told: [(at: Instant, kind: Fact.Kind)] = []
        var saidLeftOut = 0
        var leftOut = 0

        mutating func add(_ fact: Fact, run: Bool = true) throws {
            let name = try #require(Story.name)
            let entry = Entry(
                sequence: told.count + 1, at: at, principal: Principal("aurad"), automaton: name,
                automatonSequence: nil, run: run ? RunID(at: at, sequence: 1) : nil, parent: nil,
                generation: 1, fact: fact, previous: Entry.genesis)
            switch pace.judge(entry) {
            case .tell(let before):
                saidLeftOut += before
                told.append((at, fact.kind))
            case .leaveOut: leftOut += 1
            }
        }

        /// A run whose workers die at once, then the pause.
        mutating func fail(_ failures: Int, deaths: Int, pause: Milliseconds) throws {
            try add(.reserved(command: 0, amount: .zero))
            for _ in 0..<deaths {
                try add(.attemptStarted)
                try add(.attemptReady(attestation: SetbackPaceTests.attestation))
                try add(.attemptEnded(exit: .signalled(number: 11), detail: "died"))
            }
            let outcome = RunOutcome(.crashed, "died")
            try add(.runFinished(outcome: outcome, report: "", wall: .seconds(1)))
            let held = RunsHeld(until: at + pause, failures: failures, since: at, restarts: true)
            try add(.runsHeld(held), run: false)
            at = at + pause
        }

        /// The most that was told in any hour.
        var linesAnHour: Int {
            told.map { first in
                told.count { $0.at >= first.at && $0.at - first.at < .minutes(60) }
            }.max() ?? 0
        }
    }

    private static let attestation = Attestation(
        noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0, namespaces: [:])

    @Test("a crash loop has at most twenty lines in any hour, and says what it left out")
    func loops() throws {
        for deaths in [1, 5] {
            var story = Story()
            var pause = Milliseconds.seconds(5)
            for failures in 1...60 {
                try story.fail(failures, deaths: deaths, pause: pause)
                pause = min(.minutes(60), Milliseconds(2 * pause.count))
            }
            let total = 60 * (3 + 3 * deaths)
            #expect(story.linesAnHour <= 20, "\(deaths) deaths")
            #expect(story.told.count + story.leftOut == total)
            #expect(story.leftOut > 0)
            // Once an hour is slow enough to be told whole.
            #expect(story.told.count >= 45 * 6)
            for failures in 61...90 { try story.fail(failures, deaths: 1, pause: .minutes(5)) }
            #expect(story.linesAnHour <= 20, "\(deaths) deaths")
            let quarantine = Quarantine(reason: "enough", failures: [])
            try story.add(.quarantined(quarantine), run: false)
            #expect(story.told.last?.kind == .quarantined)
            #expect(story.saidLeftOut == story.leftOut)
        }
    }

    @Test("what works again is told whole: after a success, an order, and a run that goes on")
    func over() throws {
        let ends: [(inout Story) throws -> Void] = [
            { try $0.add(.automatonResumed, run: false) },
            {
                let outcome = RunOutcome(.done, "")
                try $0.add(.runFinished(outcome: outcome, report: "", wall: .seconds(1)))
            },
            { for _ in 0...SetbackPace.entriesMax { try $0.add(.attemptStarted) } },
        ]
        for end in ends {
            var story = Story()
            for failures in 1...8 { try story.fail(failures, deaths: 2, pause: .seconds(1)) }
            try end(&story)
            #expect(story.saidLeftOut == story.leftOut && story.leftOut > 0)
            let before = story.told.count
            for _ in 0..<100 { try story.add(.attemptStarted) }
            #expect(story.told.count == before + 100)
        }
    }
}
