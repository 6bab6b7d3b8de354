import AuraConfinement
import AuraModel
import Glibc
import Testing

@testable import AuraDaemon

/// What an agent plants so that git runs it.
///
/// Each tries to leave a trace wherever it could write.
@Suite(.serialized)
struct HostileTreeTests {
    /// `evil` leaves traces; `plant DIR` makes the repository DIR run it whenever git lets it.
    private static let tools = #"""
        set -e
        cat >/ws/evil <<'END'
        #!/bin/sh
        for place in /ws /store /repo /src /in; do echo RAN >$place/ran; done 2>/dev/null
        echo RAN; cat
        END
        chmod +x /ws/evil
        plant() {
            for hook in pre-commit post-commit post-index-change post-checkout pre-push \
                reference-transaction fsmonitor-watchman post-update pre-receive update; do
                mkdir -p "$1/hooks"; cp /ws/evil "$1/hooks/$hook"
            done
            mkdir -p "$1/info"
            echo '* filter=evil diff=evil merge=evil' >"$1/info/attributes"
            cat >>"$1/config" <<'END'
        [core]
            fsmonitor = /ws/evil
            hooksPath = hooks
            sshCommand = /ws/evil
            pager = /ws/evil
            editor = /ws/evil
            alternateRefsCommand = /ws/evil
            attributesFile = /ws/attributes
            worktree = /ws
        [filter "evil"]
            clean = /ws/evil
            smudge = /ws/evil
            process = /ws/evil
            required = true
        [diff "evil"]
            textconv = /ws/evil
            command = /ws/evil
        [diff]
            external = /ws/evil
        [uploadpack]
            packObjectsHook = /ws/evil
        [alias]
            add = !/ws/evil
        END
        }

        """#

    static let trees = [
        Leaving(
            "configuration, hooks, filters and alternates",
            #"""
            plant .git; echo '* filter=evil' >attributes
            mkdir -p .git/objects/info; echo /in >.git/objects/info/alternates
            rm attributes
            """#, ""),
        Leaving(
            ".git as a file",
            #"""
            mv .git /tmp/git; git init -q --bare other; plant other; mv other .other
            rm -rf .other/hooks/*.sample; echo 'gitdir: /ws/.other' >.git
            """#, ""),
        Leaving(
            "another .git in place of the one that was there",
            "mv .git /tmp/git; git init -q .; plant .git", ""),
        Leaving(
            "a common directory elsewhere",
            #"""
            git init -q --bare /tmp/bare; plant /tmp/bare; mv /tmp/bare .git/evil
            echo evil >.git/commondir; rm -rf .git/evil/hooks/*.sample
            """#, ""),
        Leaving(
            "a work tree's own configuration, and locks that stay",
            #"""
            plant .git; git config extensions.worktreeConfig true
            mv .git/config .git/config.worktree; git config extensions.worktreeConfig true
            touch .git/config.lock .git/index.lock .git/HEAD.lock
            """#, ""),
        Leaving(".git as a link into the store", "rm -rf .git; ln -s /store/git .git", ""),
        Leaving("no .git", "rm -rf .git", ""),
        Leaving("a corrupt .git", "rm -rf .git/HEAD .git/objects; echo '[' >.git/config", ""),
        Leaving(
            "a bare repository at the top",
            #"""
            git init -q --bare /tmp/bare; plant /tmp/bare; rm -rf .git /tmp/bare/hooks/*.sample
            cp -r /tmp/bare/* .; cp evil .git
            """#, ""),
        Leaving(
            "a filter in use",
            #"""
            plant .git; git config --global filter.evil.clean /ws/evil
            """#, ""),
    ]

    @Test("nothing that an agent planted runs, and its files are exported", arguments: trees)
    func planted(leaving: Leaving) throws {
        let lab = try StepLab()
        let base = try lab.prepared()
        let made = try lab.agent(Self.tools + "cd /ws; echo 2 >code.txt\n" + leaving.script)
        #expect(made.end == .exited(0), "\(made.output)")
        let outcome = try lab.export(base)
        #expect(outcome.end == .exited(0), "\(outcome.output)")
        let commit = try #require(outcome.commit)
        let landed = try lab.step(.land(branch: "aura/fixer/T1", commit: commit, base: base))
        #expect(landed.end == .exited(0), "\(landed.output)")
        #expect(try lab.step(.checkout(commit: commit)).end == .exited(0))
        #expect(try lab.inRepository("git show \(commit):code.txt") == "2")
        #expect(!outcome.output.contains("RAN") && !landed.output.contains("RAN"))
        try expectNoTrace(lab)
    }

    @Test(
        "a submodule of the base is neither looked into nor changed",
        arguments: [
            // At the commit that the base names git asks for more than a commit's name.
            "git clone -q . sub; git -C sub reset -q --hard HEAD~; plant sub/.git",
            """
            git clone -q . sub; git -C sub reset -q --hard HEAD~
            git -C sub config core.fsmonitor /ws/.git/evil
            """,
            "git init -q sub; cd sub; git commit -q --allow-empty -m x; plant .git",
            "plant sub/.git; echo x >sub/file",
            "rm -rf sub; echo x >sub",
            "rm -rf sub",
        ])
    func submodule(script: String) throws {
        let lab = try StepLab()
        let pinned = try lab.commit("main")
        try lab.inRepository(
            """
            git update-index --add --cacheinfo 160000,\(pinned),sub; git commit -qm sub
            """)
        let base = try lab.prepared()
        let made = try lab.agent(
            Self.tools.replacing("/ws/evil", with: "/ws/.git/evil") + "cd /ws; echo 2 >code.txt\n"
                + script)
        // Its own git may well have run what it planted; the trace that counts is the steps'.
        try lab.agent("rm -f /ws/ran")
        let outcome = try lab.export(base)
        #expect(outcome.end == .exited(0), "\(made.output) \(outcome.output)")
        let commit = try #require(outcome.commit)
        let landed = try lab.step(.land(branch: "aura/fixer/T1", commit: commit, base: base))
        #expect(landed.end == .exited(0), "\(landed.output)")
        #expect(try lab.listing(commit).contains("160000 commit \(pinned)\tsub"))
        #expect(try lab.inRepository("git diff --name-only main \(commit)") == "code.txt")
        try expectNoTrace(lab)
    }

    private func expectNoTrace(_ lab: StepLab) throws {
        for room in Workspaces.Room.allCases {
            #expect(
                !Scratch.names(lab.workspaces.path(lab.run.id, room)).contains("ran"), "\(room)")
        }
        #expect(!Scratch.names(lab.repository).contains("ran"))
    }
}
