import AuraConfinement
import AuraModel
import AuraSystem
import Foundation
import Glibc
import Testing

@Suite(.serialized)
struct CageTests {
    @Test("a program's exit code, signal and output arrive as they were")
    func ends() throws {
        let launcher = try CageLab.shared.get().launcher()
        func run(_ script: String) throws -> Outcome {
            try launcher.launch(.command(run: "r", ["sh", "-c", script], workspace: nil)).collect()
        }
        let spoken = try run("echo out; echo err >&2; exit 7")
        #expect(spoken.end == .exited(7))
        #expect(spoken.output == "out\nerr\n")
        #expect(try run("kill -TERM $$").end == .signalled(15))
        #expect(try run("exit 137").end == .exited(137))
        #expect(try run("exit 125").end == .exited(125))
    }

    @Test("a set-up failure is named and never taken for a program's exit")
    func refusals() throws {
        let launcher = try CageLab.shared.get().launcher()
        let folder = try CageLab.makeDirectory("links")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        symlink("/etc", folder + "/link")
        mkfifo(folder + "/fifo", 0o600)
        func end(_ plan: CagePlan) throws -> CageExit {
            try launcher.launch(plan).collect().end
        }
        #expect(
            try end(.command(run: "r", ["no-such-program"], workspace: nil))
                == .refused(feature: "exec", detail: "no-such-program", code: ENOENT))
        #expect(
            try end(.command(run: "r", ["true"], workspace: folder + "/link"))
                == .refused(feature: "source_refused", detail: folder + "/link", code: ELOOP))
        #expect(
            try end(.command(run: "r", ["true"], workspace: folder + "/link/cron.d"))
                == .refused(feature: "source_refused", detail: folder + "/link/cron.d", code: ELOOP)
        )
        #expect(
            try end(.command(run: "r", ["true"], workspace: folder + "/fifo"))
                == .refused(feature: "source_kind", detail: folder + "/fifo", code: EINVAL))
        #expect(
            try end(.command(run: "r", ["true"], workspace: nil, directory: "/nowhere"))
                == .refused(feature: "directory", detail: "/nowhere", code: ENOENT))
    }

    @Test("the environment is six variables and the plan's own")
    func environment() throws {
        let launcher = try CageLab.shared.get().launcher()
        let outcome = try launcher.launch(
            .command(run: "r9", ["env"], workspace: nil, environment: ["EXTRA": "1"])
        ).collect()
        let lines = outcome.output.split(separator: "\n").map(String.init).sorted()
        #expect(
            lines == [
                "AURA_RUN=r9", "EXTRA=1", "HOME=/home/worker", "LANG=C.UTF-8",
                "PATH=/usr/local/bin:/usr/bin:/bin", "TMPDIR=/tmp", "USER=worker",
            ])
    }

    /// Duplicates of all that there is to keep of a cage.
    private func keep(_ cage: Cage) -> KeptDescriptors {
        let kept = KeptDescriptors(name: cage.name)
        for (part, number) in cage.parts { kept.add(part, adopting: dup(number)) }
        return kept
    }

    @Test("who takes a cage over learns how it ended without being its parent, and can end it")
    func adoption() throws {
        let launcher = try CageLab.shared.get().launcher()
        let ends = [("exit 7", CageExit.exited(7)), ("sleep 0.2; kill -TERM $$", .signalled(15))]
        for (script, end) in ends {
            let plan = CagePlan.command(
                run: "r", ["sh", "-c", "echo said; " + script], workspace: nil)
            // Its daemon went away before it could let it begin.
            let first = try launcher.prepare(plan, tag: "mine")
            let second = try launcher.adopt(keep(first))
            #expect(try second.finish(waitingMilliseconds: 50) == nil)
            #expect(try second.readOutput(bytesMax: 100) == nil)
            second.begin()
            second.begin()
            #expect(second.tag == "mine" && second.processID == first.processID)
            let found = try second.finish(waitingMilliseconds: 10_000)
            #expect(found == end)
            #expect(try second.readOutput(bytesMax: 100) == Array("said\n".utf8))
            #expect(try first.finish(waitingMilliseconds: 10_000) == found)
        }
        let first = try launcher.launch(.command(run: "r", ["sleep", "60"], workspace: nil))
        let second = try launcher.adopt(keep(first))
        try second.kill()
        #expect(try second.finish(waitingMilliseconds: 10_000) == .signalled(SIGKILL))
        #expect(try first.finish(waitingMilliseconds: 10_000) == .signalled(SIGKILL))
    }

    @Test("a proxy's listener is the cage's own, accepted on outside, and no program has it")
    func proxy() throws {
        let launcher = try CageLab.shared.get().launcher()
        let script = """
            exec 5<>/dev/tcp/127.0.0.1/3128; echo hello >&5; cat <&5; echo $http_proxy
            for fd in /proc/self/fd/*; do readlink $fd; done | grep -c socket
            exec 6<>/dev/tcp/127.0.0.1/3129 || echo nothing else listens
            """
        let cage = try launcher.launch(
            CagePlan.command(run: "r", ["bash", "-c", script], workspace: nil)
                .withProxy(authorities: nil))
        let channel = try cage.proxySocket()
        #expect(wait(channel.raw))
        // It stays for whoever comes later.
        let earlier = try #require(try StreamSocket.peekDescriptor(channel.raw)?.take())
        close(earlier)
        let listener = try #require(try StreamSocket.peekDescriptor(channel.raw)?.take())
        #expect(wait(listener))
        let connection = try #require(try StreamSocket.accept(listener)?.take())
        #expect(wait(connection))
        #expect(StreamSocket.read(connection, bytesMax: 100) == .bytes(Array("hello\n".utf8)))
        #expect(StreamSocket.write(connection, Array("from outside\n".utf8)[...]) == 13)
        for descriptor in [connection, listener] { close(descriptor) }
        let outcome = try cage.collect()
        #expect(outcome.end == .exited(0))
        // The one socket is the program's own connection.
        let said = "from outside\nhttp://127.0.0.1:3128\n1\n"
        #expect(outcome.output.hasPrefix(said), "\(outcome.output)")
        #expect(outcome.output.hasSuffix("nothing else listens\n"))
    }

    private func wait(_ descriptor: Int32) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, 20_000) == 1
    }

    @Test("letting the lifeline go ends everything, double forks and stopped processes too")
    func lifeline() throws {
        let launcher = try CageLab.shared.get().launcher()
        let script =
            "(setsid sleep 61 &) ; trap '' TERM INT HUP; sleep 62 & kill -STOP $!;"
            + " echo up; wait"
        let cage = try launcher.launch(.command(run: "r", ["sh", "-c", script], workspace: nil))
        var said: [UInt8] = []
        for _ in 0..<5_000 where said.isEmpty {
            usleep(1_000)
            said = try cage.readOutput(bytesMax: 16) ?? []
        }
        let program = try #require(try cage.programID())
        let inside = try namespace(of: program)
        #expect(try CageLab.countProcesses(in: inside) >= 4)
        try cage.kill()
        #expect(try cage.finish(waitingMilliseconds: 5_000) == .signalled(9))
        #expect(try CageLab.countProcesses(in: inside) == 0)
    }

    @Test("R16: a program that reads its standard input, or asks at a terminal, waits for nobody")
    func standardInput() throws {
        let launcher = try CageLab.shared.get().launcher()
        let script = "cat; echo read $?; read line; echo asked $?; (exec </dev/tty) || echo none"
        let outcome = try launcher.launch(
            .command(run: "r", ["sh", "-c", script], workspace: nil)
        ).collect()
        #expect(outcome.end == .exited(0))
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.first == "read 0" && lines.contains("asked 1") && lines.last == "none")
    }

    @Test("R22: what a program leaves behind ends with it")
    func leftovers() throws {
        let launcher = try CageLab.shared.get().launcher()
        let script = "setsid sleep 63 & readlink /proc/self/ns/pid"
        let outcome = try launcher.launch(
            .command(run: "r", ["sh", "-c", script], workspace: nil)
        ).collect()
        #expect(outcome.end == .exited(0))
        let inode = outcome.output.filter { $0.isNumber }
        #expect(try CageLab.countProcesses(in: try #require(UInt64(inode))) == 0)
    }

    @Test("the kernel confirms what a confined process says of itself, and no other claim")
    func attestation() throws {
        let launcher = try CageLab.shared.get().launcher()
        let cage = try launcher.launch(.command(run: "r", ["sleep", "60"], workspace: nil))
        defer { cage.discard() }
        let attestor = try Attestor()
        var claim: Attestation?
        for _ in 0..<2_000 where claim?.isConfined != true || claim?.seccompFilters != 2 {
            usleep(1_000)
            if let program = try cage.programID() { claim = try Attestation.reading(program) }
        }
        let program = try #require(try cage.programID())
        let honest = try #require(claim)
        #expect(throws: Never.self) { try attestor.verify(honest, of: program) }
        #expect(honest.seccompFilters == 2)

        let other = Attestation(
            noNewPrivileges: true, seccompMode: 2, seccompFilters: 2, capabilities: 0,
            namespaces: honest.namespaces.merging(["net": 1]) { $1 })
        #expect(throws: ConfinementError.self) { try attestor.verify(other, of: program) }
        let unconfined = try Attestation.reading(nil)
        #expect(throws: ConfinementError.self) {
            try attestor.verify(unconfined, of: ProcessID(getpid()))
        }
    }

    @Test("the canary succeeds here, and a missing aura-cage or worker is an error with a name")
    func features() throws {
        let lab = try CageLab.shared.get()
        let features = try HostFeatures.probe(lab.launcher())
        #expect(features.isUsable, "\(features.missing)")
        print("Landlock ABI \(features.landlockABI), missing: \(features.missing.map(\.feature))")

        let noWorker = try HostFeatures.probe(
            lab.launcher(worker: "/nonexistent/worker"), workerArguments: ["--self-check"])
        #expect(!noWorker.isUsable)
        #expect(noWorker.missing.contains { $0.feature == "source_refused" && $0.isFatal })
    }

    @Test("git works on a workspace of its own and on a read-only repository of another user")
    func git() throws {
        let launcher = try CageLab.shared.get().launcher()
        let workspace = try CageLab.makeDirectory("git")
        let repository = try CageLab.makeDirectory("repo")
        defer {
            try? FileManager.default.removeItem(atPath: workspace)
            try? FileManager.default.removeItem(atPath: repository)
        }
        func run(_ script: String, source: String?) throws -> Outcome {
            var plan = CagePlan.command(
                run: "r", ["sh", "-ec", script], workspace: workspace)
            if let source { plan.binds.append(CagePlan.Bind(source, at: "/src")) }
            return try launcher.launch(plan).collect()
        }
        let made = try run(
            "git init -q . && echo a > f && git add f && git commit -qm one"
                + " && git log --format=%an",
            source: nil)
        #expect(made.end == .exited(0))
        #expect(made.output == "aura\n")

        // The same tree, now somebody else's: inside it belongs to nobody.
        let copy = Process()
        copy.executableURL = URL(fileURLWithPath: "/bin/cp")
        copy.arguments = ["-rT", workspace, repository]
        try copy.run()
        copy.waitUntilExit()
        let mode = Process()
        mode.executableURL = URL(fileURLWithPath: "/bin/chmod")
        mode.arguments = ["-R", "a+rX", repository]
        try mode.run()
        mode.waitUntilExit()
        let cloned = try run(
            "git -C /src log --format=%s && git clone -q /src clone && cat clone/f"
                + " && ! touch /src/x 2>/dev/null", source: repository)
        #expect(cloned.end == .exited(0), "\(cloned.output)")
        #expect(cloned.output == "one\na\n")
    }

    @Test("limits hold: processes, file size, /tmp, no core")
    func limits() throws {
        let launcher = try CageLab.shared.get().launcher()
        func run(_ script: String) throws -> Outcome {
            var plan = CagePlan.command(run: "r", ["sh", "-c", script], workspace: nil)
            plan.limits.processesMax = 20
            plan.limits.fileBytesMax = 1 << 20
            plan.scratch.tmpBytes = 4 << 20
            return try launcher.launch(plan).collect()
        }
        let forks = try run("for i in $(seq 40); do sleep 30 & done; echo never")
        #expect(!forks.output.contains("never") && forks.end != .exited(0))
        #expect(try run("head -c 2M /dev/zero > /tmp/a; exit $?").end == .exited(128 + 25))
        let full = try run("for i in 1 2 3 4 5; do head -c 1M /dev/zero > /tmp/$i || exit 3; done")
        #expect(full.end == .exited(3))
        #expect(try run("ulimit -Hc").output == "0\n")
    }

    /// Inode of a process's pid namespace.
    private func namespace(of process: ProcessID) throws -> UInt64 {
        try #require(try Attestation.reading(process).namespaces["pid"])
    }
}
