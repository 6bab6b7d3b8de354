import AuraConfinement
import AuraModel
import FoundationEssentials
import Glibc
import Testing

@testable import AuraDaemon

@Suite(.serialized)
struct LandTests {
    /// A prepared lab with one exported commit.
    private func exported(_ lab: StepLab, _ text: String = "2") throws -> (
        base: String, commit: String
    ) {
        let base = try lab.prepared()
        try lab.agent("echo \(text) >code.txt")
        let outcome = try lab.export(base)
        guard let commit = outcome.commit else { throw StepLab.Failure(outcome.output) }
        return (base, commit)
    }

    @Test(
        "landing makes the branch, readable to others; landing again changes nothing and succeeds")
    func lands() throws {
        let lab = try StepLab()
        let (base, commit) = try exported(lab)
        let request = StepRequest.land(branch: "aura/fixer/T1", commit: commit, base: base)
        #expect(try lab.step(request).end == .exited(0))
        #expect(try lab.commit("aura/fixer/T1") == commit)
        #expect(try lab.inRepository("git fsck --strict --no-dangling 2>&1") == "")
        let hidden = try lab.inRepository("find .git/refs .git/objects ! -perm -a+r")
        #expect(hidden == "")

        let before = try snapshot(lab)
        let again = try lab.step(request)
        #expect(again.end == .exited(0))
        #expect(again.output.contains("already"))
        #expect(try snapshot(lab) == before)
    }

    @Test("a branch goes forward to a commit that builds on it, and stays when it is elsewhere")
    func moved() throws {
        let lab = try StepLab()
        let (base, first) = try exported(lab)
        let branch = "aura/fixer/T1"
        #expect(try lab.step(.land(branch: branch, commit: first, base: base)).end == .exited(0))

        let (_, rival) = try exported(lab, "rival")
        let before = try snapshot(lab)
        let refused = try lab.step(.land(branch: branch, commit: rival, base: base))
        #expect(refused.end == .exited(4), "\(refused.output)")
        #expect(try lab.commit(branch) == first)
        #expect(try snapshot(lab) == before, "a refused landing leaves nothing behind")

        try lab.inRepository("git checkout -q \(branch)")
        #expect(try lab.step(.prepare(base: first)).end == .exited(0))
        try lab.agent("echo 3 >code.txt")
        let second = try #require(try lab.export(first).commit)
        let forward = StepRequest.land(branch: branch, commit: second, base: first)
        #expect(try lab.step(forward).end == .exited(4), "it is checked out")
        try lab.inRepository("git checkout -q main")
        #expect(try lab.step(forward).end == .exited(0))
        #expect(try lab.commit(branch) == second)
    }

    @Test(
        "only branches of the automaton itself are landed on",
        arguments: [
            "main", "aura", "aura/", "aura/../main", "aura/x", "aura/other/T1", "aura/fixer/",
            "aura/fixer/../../main", "aura/fixer/x.lock", "aura/fixer/a b", "-d", "",
        ])
    func foreign(branch: String) throws {
        let lab = try StepLab()
        let (base, commit) = try exported(lab)
        let before = try snapshot(lab)
        #expect(try lab.step(.land(branch: branch, commit: commit, base: base)).end == .exited(2))
        #expect(try snapshot(lab) == before)
    }

    @Test("landing runs no program of the operator's repository and leaves the checkout as it was")
    func untouched() throws {
        let lab = try StepLab()
        let (base, commit) = try exported(lab)
        try lab.inRepository(
            """
            printf '#!/bin/sh\\necho RAN; echo RAN >>/repo/.git/ran\\n' >.git/evil; chmod +x .git/evil
            for hook in reference-transaction post-update update pre-receive post-index-change; do
                cp .git/evil .git/hooks/$hook
            done
            git config core.hooksPath /repo/.git/hooks; git config core.fsmonitor /repo/.git/evil
            git config core.alternateRefsCommand /repo/.git/evil
            echo staged >staged; git add staged 2>/dev/null; echo loose >loose; echo edited >code.txt
            rm -f .git/ran
            """)
        let before = try snapshot(lab)
        let outcome = try lab.step(.land(branch: "aura/fixer/T1", commit: commit, base: base))
        #expect(outcome.end == .exited(0), "\(outcome.output)")
        #expect(!outcome.output.contains("RAN"))
        let after = try snapshot(lab)
        let news = after.keys.filter { before[$0] == nil }
        let places = [".git/objects/", ".git/refs/heads/aura", ".git/logs/refs/heads/aura"]
        #expect(news.allSatisfy { path in places.contains { path.hasPrefix($0) } }, "\(news)")
        #expect(after.filter { before[$0.key] != nil } == before)
    }

    /// Every path of the operator's directory with its mode and bytes.
    private func snapshot(_ lab: StepLab) throws -> [String: String] {
        var found: [String: String] = [:]
        let paths = try FileManager.default.subpathsOfDirectory(atPath: lab.repository)
        for path in paths {
            let full = lab.repository + "/" + path
            var status = stat()
            lstat(full, &status)
            let bytes = FileManager.default.contents(atPath: full) ?? Data()
            found[path] = "\(status.st_mode) \(bytes.base64EncodedString())"
        }
        return found
    }
}
