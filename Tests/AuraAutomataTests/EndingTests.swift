import AuraAutomata
import AuraModel
import Testing

/// One way in which a run can end, played to its end.
struct EndingCase: Sendable, CustomTestStringConvertible {
    let ending: RunOutcome.Ending
    let name: String
    let play: @Sendable () throws -> Driver

    init(
        _ ending: RunOutcome.Ending, _ name: String, _ play: @escaping @Sendable () throws -> Driver
    ) {
        self.ending = ending
        self.name = name
        self.play = play
    }

    var testDescription: String { "\(ending.rawValue): \(name)" }

    /// A child run of an agent with few turns.
    static func agent(
        _ ending: RunOutcome.Ending, _ name: String,
        _ play: @escaping @Sendable (inout Driver) -> Void
    ) -> Self {
        Self(ending, name) {
            var driver = try Fixture.child(limits: Definition.Limits(turns: 8))
            play(&driver)
            return driver
        }
    }

    /// A task-run with a workspace and one verify step, at the point where the agent has said done.
    static func taskRun(
        _ ending: RunOutcome.Ending, _ name: String,
        _ play: @escaping @Sendable (inout Driver) -> Void
    ) -> Self {
        Self(ending, name) {
            var driver = Driver(try Fixture.assignment(verify: ["make test"]))
            driver.step(0, "base \(Fixture.base)\n")
            driver.step()
            driver.answer([Fixture.finish()])
            play(&driver)
            return driver
        }
    }

    static let all: [Self] =
        agents + [
            taskRun(.done, "landed") { driver in
                driver.step(0, "commit \(Fixture.commit)\n")
                for _ in 1...3 { driver.step() }
            },
            taskRun(.done, "nothing changed, base verified") { driver in
                driver.step(3)
                driver.step()
                driver.step()
            },
            taskRun(.denied, "the gate") { $0.step(5, ".github/workflows/x.yml\n") },
            taskRun(.failedVerify, "red after two reworks") { driver in
                for _ in 1...3 {
                    driver.step(0, "commit \(Fixture.commit)\n")
                    driver.step()
                    driver.step(1, "FAIL")
                    driver.answer([Fixture.finish()])
                }
            },
            taskRun(.workspaceFailed, "export") { $0.step(1, "no space") },
            taskRun(.workspaceFailed, "the branch moved") { driver in
                driver.step(0, "commit \(Fixture.commit)\n")
                driver.step()
                driver.step()
                driver.step(4)
            },
            taskRun(.workspaceFailed, "interrupted four times") { driver in
                for _ in 1...4 { driver.feed(.interrupted(command: driver.id, reason: "died")) }
            },
            taskRun(.confinement, "no cage") { driver in
                driver.feed(
                    .stepFinished(
                        command: driver.id,
                        result: StepResult(
                            exit: .refused(feature: "user namespaces"), output: "",
                            duration: .zero)))
            },
            Self(.workspaceFailed, "no base branch") {
                var driver = Driver(try Fixture.assignment())
                driver.step(6, "no branch main")
                return driver
            },
            Self(.done, "without a workspace") {
                var driver = Driver(try Fixture.assignment(hasWorkspace: false))
                driver.answer([Fixture.finish()])
                return driver
            },
            Self(.denied, "commands that are not granted") {
                var driver = try Fixture.child(commands: false)
                for _ in 1...3 {
                    driver.answer([Fixture.use("run_command", ["command": .string("ls")])])
                }
                return driver
            },
        ]

    private static let agents: [Self] = [
        agent(.done, "finish") { $0.answer([Fixture.finish()]) },
        agent(.failed, "finish failed") { $0.answer([Fixture.finish("failed")]) },
        agent(.stalled, "prose") { driver in
            for _ in 1...3 { driver.answer([.text("all is done!")], stop: .endTurn) }
        },
        agent(.stalled, "five equal calls") { driver in
            for _ in 1...5 {
                driver.answer([Fixture.read()])
                driver.result("same")
            }
        },
        agent(.stalled, "a tool that does not exist") { driver in
            for _ in 1...5 { driver.answer([Fixture.use("teleport", [:])]) }
        },
        agent(.turns, "never ends") { driver in
            for turn in 1...8 {
                driver.answer([Fixture.read("\(turn)")])
                driver.result("x")
            }
        },
        agent(.denied, "outside the workspace") { driver in
            for turn in 1...3 {
                driver.answer([Fixture.read("../\(turn)")])
                driver.result("outside", isDenied: true)
            }
        },
        agent(.unanswered, "no operator") { driver in
            driver.answer([Fixture.use("ask_operator", ["question": .string("which?")])])
            driver.feed(.operatorAnswered(command: driver.id, text: nil))
        },
        agent(.auth, "401") { $0.fail(.auth) },
        agent(.providerRejected, "400") { $0.fail(.badRequest) },
        agent(.providerRejected, "quota") { $0.fail(.quota) },
        agent(.providerRejected, "refusal") { $0.answer([.text("no")], stop: .refusal) },
        agent(.providerRejected, "nonsense, again and again") { driver in
            for _ in 1...6 {
                driver.fail(.malformed)
                driver.feed(.waited(command: driver.id))
            }
        },
        agent(.providerUnavailable, "down") { driver in
            for _ in 1...6 {
                driver.fail(.network)
                driver.feed(.waited(command: driver.id))
            }
        },
        agent(.providerUnavailable, "given up by the daemon, at once") { driver in
            var failure = ModelFailure(cause: .network, message: "away")
            failure.tries = 5
            driver.feed(.modelFailed(command: driver.id, failure: failure))
        },
        agent(.contextOverflow, "by failure") { $0.fail(.contextOverflow) },
        agent(.contextOverflow, "by stop") { $0.answer([], stop: .contextOverflow) },
    ]
}

@Suite struct EndingTests {
    @Test(
        "R1: a run ends as it should, once, and only `done` is success", arguments: EndingCase.all)
    func ending(_ row: EndingCase) throws {
        let driver = try row.play()
        let outcome = try #require(driver.outcome, "\(driver.titles)")
        #expect(outcome.ending == row.ending, "\(outcome.detail)")
        #expect(!outcome.detail.isEmpty && !driver.report.isEmpty)
        #expect(driver.titles.filter { $0.hasPrefix("finish") }.count == 1)
        #expect(outcome.isSuccess == (row.ending == .done))
    }

    @Test("the failing step's output goes back to the agent in the same conversation")
    func rework() throws {
        var driver = Driver(try Fixture.assignment(verify: ["make test"]))
        driver.step(0, "base \(Fixture.base)\n")
        driver.step()
        driver.answer([Fixture.finish(), Fixture.read()])
        driver.step(0, "commit \(Fixture.commit)\n")
        driver.step()
        driver.step(2, "assertion failed: 1 == 2")
        #expect(
            driver.titles == [
                "survey the repository", "prepare a clone at bbbbbbbbbbbb", "reason",
                "export the result as a commit", "check out cccccccccccc afresh",
                "verify: make test", "reason",
            ])
        let request = try #require(driver.request)
        #expect(request.messages.map(\.role) == [.user, .assistant, .user])
        guard case .text(let text)? = driver.said.last else {
            Issue.record("no message: \(driver.said)")
            return
        }
        #expect(text.contains("status 2") && text.contains("assertion failed: 1 == 2"))
        #expect(driver.said.count == 3)
    }
}
