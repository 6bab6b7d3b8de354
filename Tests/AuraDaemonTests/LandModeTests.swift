import AuraConfinement
import AuraModel
import AuraSystem
import Testing

@testable import AuraDaemon

/// The ways of landing, and what may not be changed on the way, in real cages.
@Suite(.serialized)
struct LandModeTests {
    /// The agent's script as one exported commit.
    private func exported(
        _ lab: StepLab, _ script: String, base: String? = nil, files: [String]? = nil
    ) throws -> StepLab.Outcome {
        let base = try base ?? lab.commit("main")
        #expect(try lab.step(.prepare(base: base)).end == .exited(0))
        try lab.agent(script)
        return try lab.step(
            .export(
                base: base, message: "T1: first\n",
                overlay: [
                    OverlayFile(
                        path: "tasks.md", content: StepLab.tasks.replacing("[ ] T1", with: "[x] T1")
                    )
                ], files: files))
    }

    @Test("merge-ff moves a branch that nobody has checked out, and only from where the work began")
    func mergeFF() throws {
        let lab = try StepLab()
        lab.definition.land = .init(.mergeFF)
        let checkedOut = try lab.step(.survey)
        #expect(checkedOut.end == .exited(10) && checkedOut.output.contains("checked out"))
        try lab.inRepository("git checkout -q --detach")
        let base = try lab.commit("main")
        let commit = try #require(try exported(lab, "echo 2 >code.txt").commit)
        let land = StepRequest.land(branch: "main", commit: commit, base: base)
        #expect(try lab.step(land).end == .exited(0))
        #expect(try lab.commit("main") == commit)
        #expect(try lab.step(land).output.contains("already"))

        // Somebody was faster: what was verified is not what would be there.
        try lab.inRepository(
            "git checkout -q main; echo theirs >theirs; git add theirs; git commit -qm theirs")
        let moved = try lab.commit("main")
        let late = try #require(try exported(lab, "echo 3 >code.txt", base: commit).commit)
        try lab.inRepository("git checkout -q --detach")
        let refused = try lab.step(.land(branch: "main", commit: late, base: commit))
        #expect(refused.end == .exited(4), "\(refused.output)")
        #expect(try lab.commit("main") == moved)
        // Nor does it take back what an operator took back.
        try lab.inRepository("git branch -qf main \(base)")
        #expect(try lab.step(.land(branch: "main", commit: late, base: commit)).end == .exited(4))
        // Other branches are not the target.
        lab.definition.land = nil
        #expect(try lab.step(.land(branch: "main", commit: late, base: base)).end == .exited(2))
    }

    @Test(
        "a change is put on a newer base with its message, its tick made anew; a conflict is none")
    func rebase() throws {
        let lab = try StepLab()
        let base = try lab.commit("main")
        let commit = try #require(try exported(lab, "echo 2 >new.txt; echo 2 >code.txt").commit)
        try lab.inRepository(
            """
            printf '# Tasks\\n\\n- [ ] T1 first\\n- [x] T2 second\\n' >tasks.md
            echo theirs >theirs; git add .; git commit -qm theirs
            """)
        let onto = try lab.commit("main")
        let ticked = OverlayFile(
            path: "tasks.md", content: "# Tasks\n\n- [x] T1 first\n- [x] T2 second\n")
        let request = StepRequest.rebase(commit: commit, onto: onto, overlay: [ticked])
        let outcome = try lab.step(request)
        let moved = try #require(outcome.commit, "\(outcome.output)")
        #expect(try lab.step(request).commit == moved, "the same again is the same commit")
        let land = StepRequest.land(branch: "aura/fixer/T1", commit: moved, base: onto)
        #expect(try lab.step(land).end == .exited(0))
        #expect(try lab.commit("aura/fixer/T1^") == onto)
        let files = try lab.inRepository(
            "git show aura/fixer/T1:new.txt; git show aura/fixer/T1:theirs; "
                + "git show aura/fixer/T1:tasks.md; git log -1 --format=%s aura/fixer/T1")
        #expect(files == "2\ntheirs\n\(ticked.content)T1: first")

        try lab.inRepository("echo rival >code.txt; git commit -qam rival")
        let rival = try lab.commit("main")
        let conflict = try lab.step(.rebase(commit: commit, onto: rival, overlay: [ticked]))
        #expect(conflict.end == .exited(9) && conflict.output.contains("code.txt"))

        try lab.inRepository(
            "git checkout -q -b squashed \(base); echo 2 >new.txt; echo 2 >code.txt; git add .; "
                + "git commit -qm squashed; git checkout -q main")
        let there = try lab.commit("squashed")
        let same = try lab.step(.rebase(commit: commit, onto: there, overlay: [ticked]))
        #expect(same.end == .exited(3), "\(same.output)")
    }

    @Test("landed work on a base that has moved is named, and its branch moves only from there")
    func stale() throws {
        let lab = try StepLab()
        let base = try lab.commit("main")
        let first = try #require(try exported(lab, "echo 2 >new.txt").commit)
        let branch = "aura/fixer/T1"
        #expect(try lab.step(.land(branch: branch, commit: first, base: base)).end == .exited(0))
        try lab.inRepository("echo theirs >theirs; git add theirs; git commit -qm theirs")
        let onto = try lab.commit("main")
        let survey = try lab.step(.survey).output
        #expect(survey.hasPrefix("stale \(first) T1\nbase \(onto) "), "\(survey)")

        let moved = try #require(
            try lab.step(.rebase(commit: first, onto: onto, overlay: [])).commit)
        let plain = StepRequest.land(branch: branch, commit: moved, base: onto)
        #expect(try lab.step(plain).end == .exited(4))
        let other = StepRequest.land(branch: branch, commit: moved, base: onto, replaces: base)
        #expect(try lab.step(other).end == .exited(4))
        let right = StepRequest.land(branch: branch, commit: moved, base: onto, replaces: first)
        #expect(try lab.step(right).end == .exited(0))
        #expect(try lab.commit(branch) == moved)
        #expect(try lab.commit("refs/aura/replaced/\(first)") == first, "nothing landed is lost")
        #expect(try lab.step(.survey).output.hasPrefix("base \(moved) "))
    }

    @Test("a push reaches the declared remote and is read back; a rival's branch there stays")
    func push() throws {
        let lab = try StepLab()
        let remote = lab.root + "/remote.git"
        try lab.host("git init -q --bare \(remote)")
        lab.definition.land = .init(.push, remote: remote)
        let base = try lab.commit("main")
        let commit = try #require(try exported(lab, "echo 2 >new.txt").commit)
        let branch = "aura/fixer/T1"
        #expect(try lab.step(.land(branch: branch, commit: commit, base: base)).end == .exited(0))
        let push = StepRequest.push(branch: branch, commit: commit)
        for _ in 1...2 {
            let outcome = try lab.step(push)
            #expect(outcome.end == .exited(0), "\(outcome.output)")
            #expect(try lab.host("git -C \(remote) rev-parse \(branch)") == commit)
        }
        try lab.inRepository(
            "git checkout -q --orphan rival; git commit -qm rival; "
                + "git push -q -f \(remote) rival:refs/heads/\(branch); git checkout -q -f main")
        let rival = try lab.commit("rival")
        #expect(try lab.step(push).end == .exited(4))
        #expect(try lab.host("git -C \(remote) rev-parse \(branch)") == rival)
    }

    @Test("a push to another machine: the network and the credential are in that cage alone")
    func pushOut() throws {
        let lab = try StepLab()
        let url = "https://git.example.com/a.git"
        lab.definition.land = .init(
            .push, remote: url, credential: "git-token", authorities: lab.repository + "/code.txt")
        let push = StepRequest.push(branch: "aura/fixer/T1", commit: "00", remote: url)
        func plan(_ request: StepRequest) throws -> CagePlan {
            try lab.plans.plan(request, of: lab.run, owner: lab.run.id, lab.definition).cage
        }
        #expect(throws: SystemError.self, "there is no credential") { try plan(push) }
        let token = "token-0123456789"
        try lab.host(
            "mkdir -m 700 credentials; umask 77; echo \(token) >credentials/git-token")
        let cage = try plan(push)
        #expect(cage.sharesNetwork)
        #expect(cage.binds.contains { $0.target == "/secret" && !$0.writable })
        // Nothing of the operator's repository but the run's own objects.
        let own = ["/secret", "/store", "/net/authorities", "/net/hosts", "/net/resolv.conf"]
        #expect(Set(cage.binds.map(\.target)).isSubset(of: own))
        #expect(!"\(cage.program)".contains(token))
        for other in [StepRequest.survey, .prepare(base: "00"), .verify(step: .shell("x"))] {
            let plain = try plan(other)
            #expect(!plain.sharesNetwork && !plain.binds.contains { $0.target == "/secret" })
        }
        try lab.host("chmod 644 credentials/git-token")
        #expect(throws: SystemError.self, "others can read it") { try plan(push) }
    }

    @Test(
        "a task may not change what is protected, nor what lies outside of its files",
        arguments: [
            ("echo x >docs/guide", "docs/guide (is protected)"),
            ("rm docs/guide", "docs/guide (is protected)"),
            ("mv docs/guide guide", "docs/guide (is protected)"),
            ("mkdir -p docs/new; echo x >docs/new/file", "docs/new/file (is protected)"),
            ("chmod +x docs/guide", "docs/guide (is protected)"),
            ("rm -r docs; ln -s /ws docs", "docs (is protected)"),
            ("echo x >other.txt", "other.txt (is outside of what the task may change)"),
        ])
    func protected(script: String, refusal: String) throws {
        let lab = try StepLab()
        lab.definition.workspace?.protected = ["docs", "*.lock", "tasks.md"]
        let files = ["code.txt", "src/**", "docs/**", "docs", "guide"]
        let refused = try exported(lab, script, files: files)
        #expect(refused.end == .exited(5), "\(refused.output)")
        #expect(refused.output.contains(refusal), "\(refused.output)")
        let allowed = try exported(
            lab, "echo 2 >code.txt; mkdir -p src/a; echo x >src/a/b", files: files)
        #expect(allowed.end == .exited(0), "the tick is the daemon's own: \(allowed.output)")
    }

    @Test("the tests of a change are put on its base alone; a change without any is told")
    func tests() throws {
        let lab = try StepLab()
        let base = try lab.commit("main")
        let commit = try #require(
            try exported(lab, "mkdir -p t/a; echo 'grep 2 code.txt' >t/a/one; echo 2 >code.txt")
                .commit)
        let tests = StepRequest.checkoutTests(base: base, commit: commit, paths: ["t"])
        #expect(try lab.step(tests).end == .exited(0))
        let check = StepRequest.verify(step: .shell("sh t/a/one"))
        #expect(try lab.step(check).end == .exited(1))
        #expect(try lab.step(.checkout(commit: commit)).end == .exited(0))
        #expect(try lab.step(check).end == .exited(0))
        let none = StepRequest.checkoutTests(base: base, commit: commit, paths: ["u/**"])
        #expect(try lab.step(none).end == .exited(3))
        #expect(try lab.step(.diff(base: base, commit: commit)).output.contains("+grep 2 code.txt"))
    }

    @Test("what a failed task left is kept with its notes, without what would run later")
    func salvage() throws {
        let lab = try StepLab()
        let base = try lab.prepared()
        let branch = "aura-failed/fixer/T1"
        for (script, kept) in [
            ("echo half >code.txt", true), ("mkdir .husky; echo x >.husky/pre-commit", false),
            ("true", true),
        ] {
            #expect(try lab.step(.prepare(base: base)).end == .exited(0))
            try lab.agent(script)
            let salvaged = try lab.step(
                .salvage(base: base, message: "failed: T1\n\nattempt 1: red\n"))
            let commit = try #require(salvaged.commit, "\(salvaged.output)")
            let keep = StepRequest.keep(branch: branch, commit: commit, base: base)
            #expect(try lab.step(keep).end == .exited(0))
            #expect(try lab.commit(branch) == commit)
            let message = try lab.inRepository("git log -1 --format=%B \(branch)")
            #expect(message.hasPrefix("failed: T1\n\nattempt 1: red"))
            #expect(message.contains("The files are not kept") == !kept)
            #expect(try lab.inRepository("git ls-tree \(branch) .husky") == "")
        }
        let foreign = StepRequest.keep(branch: "aura/fixer/T1", commit: base, base: base)
        #expect(try lab.step(foreign).end == .exited(2))
    }

    @Test("tasks at work at the same time have trees of their own, under names that stay inside")
    func lanes() throws {
        let lab = try StepLab()
        let base = try lab.commit("main")
        for lane in ["T1", "T2"] {
            #expect(try lab.step(.prepare(base: base, lane: lane)).end == .exited(0))
        }
        let trees = Scratch.names(lab.workspaces.path(lab.run.id, .tree, lane: "T1"))
        #expect(trees.contains("code.txt"))
        #expect(throws: (any Error).self) {
            try lab.step(.prepare(base: base, lane: "x/../../../escape"))
        }
    }
}
