import AuraModel
import AuraReasoner
import Testing

@Suite("Scripted reasoner")
struct ScriptedReasonerTests {
    private static let settings = ReasonerSettings(
        provider: .scripted(file: "s.yaml"), model: "fake", idleTimeout: .seconds(1),
        totalTimeout: .seconds(5))

    /// An engine whose clock is moved by hand.
    private final class Bench {
        var instant = Milliseconds(1000)
        var armed: Int?
        private(set) var reasoner: Reasoner?

        init() throws {
            let script = try ScriptTests.script()
            reasoner = Reasoner(
                settings: ["s": settings], credentials: { _ in nil }, scripts: ["s": script],
                watch: { _, _, _ in }, arm: { [unowned self] in armed = $0 },
                now: { [unowned self] in instant })
        }

        /// Asks and returns the time that the timer was set to.
        func start(_ opening: String, answered: Int) -> Int? {
            reasoner?.start(
                call: CallID(1), reasoner: "s",
                request: ScriptTests.request(opening, answered: answered), in: "run")
            return armed
        }

        func fire(at milliseconds: Int) -> [Result<ModelAnswer, ModelFailure>] {
            instant = Milliseconds(milliseconds)
            armed = nil
            reasoner?.timerFired()
            return reasoner?.takeFinished().map(\.1) ?? []
        }
    }

    @Test("an answer comes by the timer, after its delay and not before")
    func delay() throws {
        let bench = try Bench()
        #expect(bench.start("T001", answered: 0) == 200)
        #expect(bench.fire(at: 1199).isEmpty)
        #expect(bench.armed == 1)
        let answers = bench.fire(at: 1200)
        #expect(answers.count == 1)
        #expect(try answers.first?.get().stop == .toolUse)
        #expect(bench.armed == nil)
    }

    @Test(
        "a stall ends by the idle deadline, a missing turn at once, a scripted failure as written")
    func failures() throws {
        let bench = try Bench()
        #expect(bench.start("T002", answered: 0) == 1000)
        #expect(bench.fire(at: 1999).isEmpty)
        #expect(
            bench.fire(at: 2000)
                == [.failure(ModelFailure(cause: .timeout, message: "no byte for 1s"))])
        #expect(bench.start("T001", answered: 2) == 0)
        #expect(
            bench.fire(at: 2000)
                == [
                    .failure(
                        ModelFailure(
                            cause: .badRequest, message: "script has no turn 3 for \"T001\""))
                ])
        #expect(bench.start("T001", answered: 1) == 0)
        #expect(
            bench.fire(at: 2000)
                == [
                    .failure(
                        ModelFailure(cause: .rate, message: "slow down", retryAfter: .seconds(5)))
                ])
    }

    @Test("a cancelled scripted call never answers")
    func cancel() throws {
        let bench = try Bench()
        _ = bench.start("T001", answered: 0)
        bench.reasoner?.cancel(CallID(1))
        #expect(bench.armed == nil)
        #expect(bench.fire(at: 9000).isEmpty)
    }

    @Test("the fake server plays a script exactly as the scripted reasoner does")
    func sameAsFake() throws {
        let server = try FakeServer(script: ScriptTests.json)
        let loop = PollLoop()
        let reasoner = loop.reasoner(
            ["http": server.settings(model: "fake"), "scripted": Self.settings],
            scripts: ["scripted": try ScriptTests.script()])
        for (opening, answered) in [("T001", 0), ("T002", 1), ("T002", 5)] {
            let outcomes = loop.ask(
                reasoner, ["http", "scripted"], ScriptTests.request(opening, answered: answered))
            #expect(try outcomes["http"]?.get() == outcomes["scripted"]?.get())
        }
        let failed = loop.ask(
            reasoner, ["http", "scripted"], ScriptTests.request("T001", answered: 1))
        for name in ["http", "scripted"] {
            guard case .failure(let failure) = failed[name] else {
                Issue.record("\(name) did not fail")
                continue
            }
            #expect(failure.cause == .rate)
            #expect(failure.retryAfter == .seconds(5))
        }
        #expect(try server.log().map(\.play) == ["script", "script", "script", "script"])
    }
}
