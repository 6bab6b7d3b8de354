import AuraModel
import AuraSupervision
import Testing

@Suite("What may land")
struct PolicyTests {
    private static let step = StepDeclaration.shell("make test", name: "tests")

    private static func bench() throws -> (KernelBench, RunID) {
        var definition = KernelBench.definition()
        definition.workspace = .init(repository: "/srv/r.git")
        definition.verify = [step]
        var bench = try KernelBench(definition)
        let run = try #require(try bench.startRun())
        return (bench, run)
    }

    private static let land = StepRequest.land(
        branch: "aura/nightly/T1", commit: "abc", base: "000")

    /// Proposes a step as the run's next command and lets it end.
    private static func run(
        _ request: StepRequest, _ bench: inout KernelBench, _ run: RunID, exit: Int = 0,
        output: String = ""
    ) throws {
        let id = (bench.kernel.state.runs[run]?.commands ?? 0) + 1
        try bench.propose(run, (id, .step(request: request)))
        let result = StepResult(
            exit: .exited(code: exit), output: output, duration: Milliseconds(1))
        try bench.send(.stepEnded(run, id, result))
    }

    @Test("a commit that was exported, checked out afresh and verified may land")
    func proven() throws {
        var (bench, run) = try Self.bench()
        let export = StepRequest.export(base: "000", message: "m", overlay: [])
        try Self.run(export, &bench, run, output: "commit abc\n 1 file changed\n")
        try Self.run(.checkout(commit: "abc"), &bench, run)
        try Self.run(.verify(step: Self.step), &bench, run)
        try Self.run(Self.land, &bench, run)
        #expect(bench.kernel.state.runs[run] != nil)
    }

    @Test("R43: a landing without its proof ends the run as a violation", arguments: 0..<5)
    func unproven(flaw: Int) throws {
        var (bench, run) = try Self.bench()
        let export = StepRequest.export(base: "000", message: "m", overlay: [])
        try Self.run(export, &bench, run, output: "commit \(flaw == 0 ? "other" : "abc")")
        try Self.run(.checkout(commit: flaw == 1 ? "other" : "abc"), &bench, run)
        if flaw != 2 {
            try Self.run(.verify(step: Self.step), &bench, run, exit: flaw == 3 ? 1 : 0)
        }
        // The tree was made anew after the proof: it has to be proven again.
        if flaw == 4 { try Self.run(.checkout(commit: "abc"), &bench, run) }
        try Self.run(Self.land, &bench, run)
        #expect(try bench.outcome(run)?.ending == .protocolViolation)
    }

    @Test("nothing lands outside the automaton's own branches")
    func foreignBranch() throws {
        var (bench, run) = try Self.bench()
        try Self.run(.land(branch: "main", commit: "abc", base: "000"), &bench, run)
        #expect(try bench.outcome(run)?.ending == .protocolViolation)
    }

    @Test("a task-run verifies only what its definition declares")
    func undeclaredStep() throws {
        var (bench, run) = try Self.bench()
        try Self.run(.verify(step: .shell("true")), &bench, run)
        #expect(try bench.outcome(run)?.ending == .protocolViolation)
    }
}
