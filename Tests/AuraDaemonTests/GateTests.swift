import AuraConfinement
import AuraModel
import Testing

@testable import AuraDaemon

/// Something that an agent leaves in its tree.
struct Leaving: Sendable, CustomTestStringConvertible {
    let what: String
    let script: String
    /// What the answer must name.
    let named: String

    init(_ what: String, _ script: String, _ named: String) {
        self.what = what
        self.script = script
        self.named = named
    }

    var testDescription: String { what }
}

@Suite(.serialized)
struct GateTests {
    static let refused = [
        Leaving(
            "nested repository", "git init -q sub; cd sub; git commit -q --allow-empty -m x",
            "sub ("),
        Leaving("nested repository without a commit", "git init -q sub", "sub"),
        Leaving(
            "bare repository in a directory",
            """
            git init -q --bare x/Docs.git; cd x/Docs.git; git config core.fsmonitor /ws/evil
            touch objects/keep refs/keep
            """, "x/docs.git/ (git takes it"),
        Leaving(
            "bare repository by a common directory",
            "mkdir x; echo ref: refs/heads/main >x/HEAD; echo ../docs >x/commondir", "x/ (git takes"
        ),
        Leaving(
            "bare repository at the top",
            "echo ref: refs/heads/main >HEAD; mkdir objects refs; touch objects/x refs/x",
            ". (git takes"),
        Leaving("link to /etc", "ln -s /etc/passwd link", "link ("),
        Leaving("link up", "ln -s ../in link", "link ("),
        Leaving("link too far up", "ln -s ../../in docs/link", "docs/link ("),
        Leaving("link up after down", "ln -s docs/../../in link", "link ("),
        Leaving("link into .git", "ln -s .git/config link", "link ("),
        Leaving("link with a newline", #"ln -s "$(printf '../a\nb')" link"#, "link ("),
        Leaving("link in place of a file", "ln -sf /etc/shadow code.txt", "code.txt ("),
        Leaving(
            "workflow", "mkdir -p .github/workflows; echo a >.github/workflows/x.yml",
            ".github/workflows/x.yml ("),
        Leaving("workflow in capitals", "mkdir -p .GitHub; echo a >.GitHub/x", ".GitHub/x ("),
        Leaving(
            "workflow that git quotes", "mkdir -p .github; echo a >'.github/wörk \"x\"'",
            ".github/wörk"),
        Leaving("workflow directory as a link", "ln -s docs .github", ".github ("),
        Leaving("attributes", "echo '* filter=x' >docs/.gitattributes", "docs/.gitattributes ("),
        Leaving("modules", "touch .gitmodules; echo '[submodule]' >.gitmodules", ".gitmodules ("),
        Leaving(
            "editor tasks", "mkdir -p docs/.vscode; echo 1 >docs/.vscode/tasks.json",
            "docs/.vscode/tasks.json ("),
        Leaving("hooks", "mkdir .githooks; echo 1 >.githooks/pre-commit", ".githooks/pre-commit ("),
        Leaving("direnv", "echo rm >.envrc", ".envrc ("),
        Leaving("newline", #"touch "$(printf 'a\n.github')""#, "a?.github"),
        Leaving("tab", #"touch "$(printf 'a\tb')""#, "a?b"),
        Leaving("escape", #"touch "$(printf 'a\033[2Jb')""#, "a?[2Jb"),
        Leaving("unreadable file", "echo 1 >closed; chmod 000 closed", "closed"),
        Leaving(
            ".git in HFS's eyes",
            #"d="$(printf '.g\342\200\214it')"; mkdir "$d"; echo 1 >"$d/config""#, "config"),
        Leaving(".git in NTFS's eyes", "mkdir 'git~1'; echo 1 >'git~1/config'", "git~1/config"),
    ]

    @Test("the gate refuses with 5, names the path and makes no commit", arguments: refused)
    func refuses(leaving: Leaving) throws {
        let lab = try StepLab()
        let base = try lab.prepared()
        #expect(try lab.agent("set -e; echo 2 >code.txt; " + leaving.script).end == .exited(0))
        let outcome = try lab.export(base)
        #expect(outcome.end == .exited(5), "\(outcome.output)")
        #expect(outcome.output.contains(leaving.named), "\(outcome.output)")
        #expect(outcome.commit == nil)
    }

    @Test("a file that runs later may not be removed or changed either")
    func existing() throws {
        let lab = try StepLab()
        try lab.inRepository(
            """
            mkdir .github; echo 1 >.github/ci.yml; echo '* text' >.gitattributes
            git add .; git commit -qm ci
            """)
        for script in ["rm -r .github", "echo 2 >.github/ci.yml", "rm .gitattributes"] {
            let base = try lab.prepared()
            try lab.agent(script)
            #expect(try lab.export(base).end == .exited(5), "\(script)")
        }
        let base = try lab.prepared()
        try lab.agent("echo 2 >code.txt")
        #expect(try lab.export(base).end == .exited(0))
    }

    @Test("the overlay passes the gate like everything else, and stays where it belongs")
    func overlay() throws {
        let lab = try StepLab()
        let base = try lab.prepared()
        try lab.agent("echo 2 >code.txt")
        #expect(try lab.export(base, overlay: [".github/x.yml": "x"]).end == .exited(5))
        for path in ["../../escaped", "/escaped", "a//b", "a/./b", "a/..", ""] {
            #expect(throws: (any Error).self, "\(path)") {
                try lab.export(base, overlay: [path: "x"])
            }
        }
        #expect(!Scratch.names(lab.root).contains("escaped"))
        #expect(!Scratch.names(lab.workspaces.root).contains("escaped"))
    }

    @Test("odd names and links inside the tree are exported as they are")
    func odd() throws {
        let lab = try StepLab()
        let base = try lab.prepared()
        let made = try lab.agent(
            #"""
            set -e
            for name in 'two words' -n --all '"quoted"' 'back\slash' '*' ':(top)x' '$(id)' 'é'; do
                echo x >"./$name"
            done
            echo x >"./$(printf 'latin\351')"; echo x >"$(printf 'trail ')"
            ln -s ../code.txt docs/up; ln -s docs here; ln -s nowhere/yet dangling
            """#)
        #expect(made.end == .exited(0), "\(made.output)")
        let outcome = try lab.export(base)
        #expect(outcome.end == .exited(0), "\(outcome.output)")
        let commit = try #require(outcome.commit)
        let landed = try lab.step(.land(branch: "aura/fixer/T1", commit: commit, base: base))
        #expect(landed.end == .exited(0), "\(landed.output)")
        let added = try lab.inRepository("git diff --name-only --diff-filter=A main \(commit)")
        #expect(
            Set(added.split(separator: "\n").map(String.init)) == [
                "two words", "-n", "--all", #""\"quoted\"""#, #""back\\slash""#, "*", ":(top)x",
                "$(id)", #""\303\251""#, #""latin\351""#, "trail ", "docs/up", "here", "dangling",
            ])
    }
}
