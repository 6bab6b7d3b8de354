import AuraConfinement
import AuraModel
import AuraSupervision
import Testing

@testable import AuraDaemon

@Suite(.serialized)
struct NotesStepTests {
    private func notes(_ lab: StepLab) throws -> [ProjectNote] {
        let outcome = try lab.step(.notes(commit: lab.commit("main")))
        #expect(outcome.end == .exited(0), "\(outcome.output)")
        return try #require(ProjectNote.read(outcome.output), "\(outcome.output)")
    }

    @Test("a project without notes has none, one with them has the root's first")
    func chain() throws {
        let lab = try StepLab()
        #expect(try notes(lab).isEmpty)
        try lab.inRepository(
            """
            mkdir -p lib/deep zoo; echo zoo >zoo/AGENTS.md; echo deep >lib/deep/AGENTS.md
            echo root >AGENTS.md; echo lib >lib/AGENTS.md; echo not >lib/MY-AGENTS.md
            git add .; git commit -qm notes
            """)
        let found = try notes(lab)
        #expect(
            found.map(\.path) == [
                "AGENTS.md", "lib/AGENTS.md", "zoo/AGENTS.md", "lib/deep/AGENTS.md",
            ])
        #expect(found.map(\.text) == ["root\n", "lib\n", "zoo\n", "deep\n"])
        #expect(found[0].blob == (try lab.inRepository("git rev-parse HEAD:AGENTS.md")))
    }

    @Test("what an agent writes into its tree is no note; the commit's is")
    func fromTheCommit() throws {
        let lab = try StepLab()
        try lab.inRepository("echo mine >AGENTS.md; git add .; git commit -qm notes")
        _ = try lab.prepared()
        try lab.agent("echo obey >AGENTS.md; mkdir sub; echo obey >sub/AGENTS.md")
        try lab.inRepository("echo dirty >AGENTS.md")
        #expect(try notes(lab).map(\.text) == ["mine\n"])
    }

    @Test("links inside are followed, links outside are none; sizes are bounded and told")
    func bounds() throws {
        let lab = try StepLab()
        try lab.inRepository(
            """
            echo here >docs/real; ln -s docs/real AGENTS.md
            mkdir a b c d e; ln -s /etc/passwd a/AGENTS.md; ln -s gone b/AGENTS.md
            head -c 100000 /dev/zero | tr '\\0' x >c/AGENTS.md
            printf 'caf\\303\\251 \\377\\000 end\\n' >d/AGENTS.md
            for i in $(seq 40); do mkdir e/$i; yes note | head -c 9000 >e/$i/AGENTS.md; done
            git add .; git commit -qm notes
            """)
        let found = try notes(lab)
        #expect(found.prefix(3).map(\.path) == ["AGENTS.md", "c/AGENTS.md", "d/AGENTS.md"])
        #expect(found[0].text == "here\n")
        #expect(found[1].bytes == 100_000 && found[1].text.utf8.count == 12_288)
        #expect(found[2].text == "café  end\n")
        #expect(found.count < 32 && found.map(\.text.utf8.count).reduce(0, +) <= 40_960)
    }
}

/// What can be read of a command in the background.
@Suite struct BackgroundJobsTests {
    private let run = RunID(at: Instant(milliseconds: 1), sequence: 1)
    private var job: CageRunner.Key { .init(run: run, command: 2) }

    private func texts(_ events: [Event]) -> [String] {
        events.compactMap { event in
            if case .toolEnded(_, let caller, let result) = event {
                "\(caller): \(result.output)"
            } else {
                nil
            }
        }
    }

    @Test("output is read on from any byte, in whole characters, and what is gone is said")
    func offsets() throws {
        var log = OutputLog()
        log.append(Array("caf\u{e9} au lait".utf8))
        #expect(log.read(from: 0).text == "café au lait" && log.read(from: 0).next == 13)
        #expect(log.read(from: 4).text == " au lait" && log.read(from: 4).from == 5)
        #expect(log.read(from: 99).text.isEmpty && log.read(from: 99).from == 13)
        for _ in 0..<200 { log.append(Array(repeating: UInt8(ascii: "x"), count: 8192)) }
        let part = log.read(from: 5)
        #expect(part.from > log.count - 3 * OutputLog.keptBytesMax)
        #expect(part.next - part.from == OutputLog.readBytesMax)
    }

    @Test("who waits is answered at the end of the command or of the time, and once")
    func waiting() throws {
        var jobs = BackgroundJobs()
        jobs.began(job)
        jobs.put(Array("ready\n".utf8), of: job)
        let now = jobs.read(job, for: 3, from: 0, wait: .zero, at: 100)
        #expect(
            texts(now) == [
                "3: [command 2 is running; bytes 0 to 6 of 6 so far; read on with offset 6]\nready\n"
            ])
        #expect(jobs.read(job, for: 4, from: 6, wait: .seconds(1), at: 100).isEmpty)
        #expect(jobs.nextDeadline == 1100 && jobs.takeDue(at: 1099).isEmpty)
        #expect(texts(jobs.takeDue(at: 1100)).count == 1)
        #expect(jobs.takeDue(at: 5000).isEmpty)
        #expect(jobs.read(job, for: 5, from: 6, wait: .seconds(9), at: 100).isEmpty)
        jobs.put(Array("bye\n".utf8), of: job)
        let end = texts(jobs.ended(job, .exited(code: 3)))
        #expect(end.count == 1 && end[0].hasPrefix("5: [command 2 has ended: status 3;"))
        #expect(end[0].hasSuffix("\nbye\n") && !jobs.isRunning(job))
        // It can be read until its run is over.
        #expect(texts(jobs.read(job, for: 6, from: 0, wait: .seconds(9), at: 100)).count == 1)
        jobs.forget(run)
        let gone = texts(jobs.read(job, for: 7, from: 0, wait: .zero, at: 100))
        #expect(gone.count == 1 && gone[0].contains("There is no background command 2"))
    }
}
