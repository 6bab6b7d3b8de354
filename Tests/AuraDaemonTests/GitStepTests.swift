import AuraConfinement
import AuraModel
import Testing

@testable import AuraDaemon

@Suite(.serialized)
struct GitStepTests {
    @Test("a survey prints the base, the list's length and the list, byte for byte")
    func survey() throws {
        let lab = try StepLab()
        let base = try lab.commit("main")
        let outcome = try lab.step(.survey)
        #expect(outcome.end == .exited(0))
        #expect(outcome.output == "base \(base) \(StepLab.tasks.utf8.count)\n\(StepLab.tasks)")
    }

    @Test("a survey goes on from the longest line of landed commits that is not merged")
    func stack() throws {
        let lab = try StepLab()
        try lab.inRepository(
            """
            git checkout -q -b aura/fixer/T1; git commit -q --allow-empty -m T1
            git checkout -q -b aura/fixer/T2; git commit -q --allow-empty -m T2
            git checkout -q -b aura/fixer/T9 main; git commit -q --allow-empty -m T9
            git checkout -q -b aura/other/T1 main
            for i in 1 2 3 4; do git commit -q --allow-empty -m $i; done
            git checkout -q main
            """)
        let stacked = try lab.step(.survey).output
        #expect(stacked.hasPrefix("base \(try lab.commit("aura/fixer/T2")) "))

        try lab.inRepository("git merge -q aura/fixer/T2")
        let merged = try lab.step(.survey).output
        let stale = "stale \(try lab.commit("aura/fixer/T9")) T9\n"
        #expect(merged.hasPrefix(stale + "base \(try lab.commit("main")) "), "\(merged)")

        try lab.inRepository("git branch -q -D aura/fixer/T9")
        let plain = try lab.step(.survey).output
        #expect(plain.hasPrefix("base \(try lab.commit("main")) "))
    }

    @Test("a command finds what its run was given in its environment, whatever stands in it")
    func inputs() throws {
        let lab = try StepLab(.taskRun)
        lab.run.inputs = [
            "branch": .string("$(touch /ws/evil); 'x' \"y\"\nz"), "rows": .integer(3),
        ]
        let line = #"printf '%s|%s' "$AURA_INPUT_BRANCH" "$AURA_INPUT_ROWS"; ls"#
        let outcome = try lab.step(.run(step: .shell(line)))
        #expect(outcome.end == .exited(0))
        #expect(outcome.output == "$(touch /ws/evil); 'x' \"y\"\nz|3")
    }

    @Test("a survey without its base ends with 6, without its list with 7")
    func missing() throws {
        let lab = try StepLab()
        lab.definition.workspace?.base = "nowhere"
        #expect(try lab.step(.survey).end == .exited(6))
        lab.definition.workspace?.base = "main"
        lab.definition.workspace?.tasks = "nothing.md"
        #expect(try lab.step(.survey).end == .exited(7))
        lab.definition.workspace?.tasks = "docs"
        #expect(try lab.step(.survey).end == .exited(7))
    }

    @Test("prepare and checkout give the commit they were asked for, a second time too")
    func trees() throws {
        let lab = try StepLab()
        let first = try lab.commit("main")
        try lab.inRepository("echo two >code.txt; git commit -qam two")
        for commit in [first, try lab.commit("main"), first] {
            #expect(try lab.step(.prepare(base: commit)).end == .exited(0))
            let tree = try lab.agent("git rev-parse HEAD; git status --porcelain; cat code.txt")
            #expect(tree.output == "\(commit)\n\(commit == first ? "one" : "two")\n")
            #expect(try lab.step(.checkout(commit: commit)).end == .exited(0))
            let check = try lab.step(.verify(step: .shell("git rev-parse HEAD; cat code.txt")))
            #expect(check.output == tree.output)
        }
    }

    @Test(
        "an export is one commit on the base with the tree's changes and the overlay, and repeatable"
    )
    func export() throws {
        let lab = try StepLab()
        let base = try lab.prepared()
        try lab.agent(
            """
            echo changed >code.txt; rm docs/guide; mkdir -p new/deep; echo x >new/deep/file
            chmod +x new/deep/file; echo mine >tasks.md; echo '*.o' >.gitignore; echo o >a.o
            git add -A; git commit -qm 'a commit of the agent'; git checkout -q -b elsewhere
            """)
        let ticked = StepLab.tasks.replacing("- [ ] T1", with: "- [x] T1")
        let outcome = try lab.export(base, overlay: ["tasks.md": ticked])
        #expect(outcome.end == .exited(0), "\(outcome.output)")
        let commit = try #require(outcome.commit)
        #expect(try lab.export(base, overlay: ["tasks.md": ticked]).commit == commit)

        let landed = try lab.step(.land(branch: "aura/fixer/T1", commit: commit, base: base))
        #expect(landed.end == .exited(0), "\(landed.output)")
        #expect(try lab.commit("\(commit)^@") == base)
        #expect(
            try lab.inRepository("git show -s --format=%B%at,%ct \(commit)")
                == "T1: first\n1700000000,1700000000")
        #expect(try lab.inRepository("git show \(commit):tasks.md") + "\n" == ticked)
        let changes = try lab.inRepository("git diff --no-renames --raw --abbrev=1 main \(commit)")
        let paths = changes.split(separator: "\n").map { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            return "\(words[4]) \(words[1]) \(words[5])"
        }
        #expect(
            paths == [
                "A 100644 .gitignore", "M 100644 code.txt", "D 000000 docs/guide",
                "A 100755 new/deep/file", "M 100644 tasks.md",
            ])
    }

    @Test("a tree in which nothing changed but the overlay's own files is no result")
    func unchanged() throws {
        let lab = try StepLab()
        let base = try lab.prepared()
        #expect(try lab.export(base).end == .exited(3))
        let overlay = ["tasks.md": "- [x] T1\n"]
        #expect(try lab.export(base, overlay: overlay).end == .exited(3))
        try lab.agent("echo the agent ticked it itself >tasks.md")
        #expect(try lab.export(base, overlay: overlay).end == .exited(3))
        #expect(try lab.export(base).end == .exited(0))
    }

    @Test("the overlay wins over whatever the agent put in its way")
    func overlayWins() throws {
        let lab = try StepLab()
        let base = try lab.prepared()
        try lab.agent("echo 2 >code.txt; rm tasks.md; mkdir tasks.md; echo x >tasks.md/x")
        let outcome = try lab.export(base, overlay: ["tasks.md": "ticked\n"])
        #expect(outcome.end == .exited(0), "\(outcome.output)")
        let commit = try #require(outcome.commit)
        _ = try lab.step(.land(branch: "aura/fixer/T1", commit: commit, base: base))
        #expect(try lab.inRepository("git show \(commit):tasks.md") == "ticked")
    }

    @Test(
        "what a lying worker names instead of a commit is refused and not run",
        arguments: ["--upload-pack=echo RAN", "-x", "", "main", "HEAD~1"])
    func lies(commit: String) throws {
        let lab = try StepLab()
        let base = try lab.prepared()
        try lab.agent("echo 2 >code.txt")
        for request in [
            StepRequest.prepare(base: commit), .checkout(commit: commit),
            .export(base: commit, message: "m", overlay: []),
            .land(branch: "aura/fixer/T1", commit: commit, base: base),
            .land(branch: "aura/fixer/T1", commit: base, base: commit),
        ] {
            let outcome = try lab.step(request)
            #expect(outcome.end == .exited(2), "\(request)")
            #expect(!outcome.output.split(separator: "\n").contains("RAN"))
        }
    }
}
