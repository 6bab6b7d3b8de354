import AuraConfinement
import AuraModel
import AuraSystem
import FoundationEssentials
import Glibc
import Testing

/// Cages that are built before their command is known.
@Suite(.serialized)
struct HeldCageTests {
    private static func plan(_ line: String, workspace: String? = nil) -> CagePlan {
        .command(
            run: "r9", ["/bin/sh", "-c", line], workspace: workspace, environment: ["EXTRA": "1"])
    }

    /// A cage that has come to its last step.
    private static func ready(_ plan: CagePlan) throws -> HeldCage {
        let held = try HeldCage(plan, by: CageLab.shared.get().launcher())
        for _ in 0..<5000 {
            if let program = try held.cage.programID(),
                try Attestation.reading(program).seccompFilters == 2
            {
                return held
            }
            usleep(1_000)
        }
        held.cage.discard()
        throw CageLab.Failure("the held cage does not get ready")
    }

    @Test("a held command waits under both filters, and runs as one in a cage of its own does")
    func runs() throws {
        let workspace = try CageLab.makeDirectory("held")
        defer { try? FileManager.default.removeItem(atPath: workspace) }
        let line =
            "env | sort; pwd; id -u; touch here; echo \"it's\" >&2; cat /proc/self/status; exit 7"
        let plan = Self.plan(line, workspace: workspace)
        let held = try Self.ready(plan)
        let program = try #require(try held.cage.programID())
        let seen = try Attestation.reading(program)
        #expect(seen.isConfined)
        #expect(!FileManager.default.fileExists(atPath: workspace + "/here"))

        #expect(held.begin(plan))
        let warm = try held.cage.collect()
        #expect(FileManager.default.fileExists(atPath: workspace + "/here"))
        let cold = try CageLab.shared.get().launcher().launch(plan).collect()
        #expect(warm.end == .exited(7))
        // But for what counts the scheduler's work, all that it sees is the same.
        func told(_ outcome: Outcome) -> [Substring] {
            outcome.output.split(separator: "\n").filter {
                !$0.contains("ctxt_switches") && !$0.hasPrefix("Vm") && !$0.hasPrefix("Rss")
                    && !$0.hasPrefix("Cpus_allowed") && !$0.hasPrefix("Pid:")
            }
        }
        #expect(told(warm) == told(cold))
        #expect(told(warm).contains("EXTRA=1"))
    }

    @Test("a command is given once, and never to a cage that is gone")
    func once() throws {
        let plan = Self.plan("echo first; sleep 60")
        let held = try Self.ready(plan)
        #expect(held.begin(plan))
        for _ in 0..<5000 where try held.cage.readOutput(bytesMax: 16) == nil { usleep(1_000) }
        #expect(!held.begin(plan))
        try held.cage.kill()
        #expect(try held.cage.finish(waitingMilliseconds: 5_000) == .signalled(9))

        let gone = try Self.ready(plan)
        try gone.cage.kill()
        #expect(try gone.cage.finish(waitingMilliseconds: 5_000) == .signalled(9))
        #expect(!gone.begin(plan))
    }

    @Test("a held cage that is let go leaves nothing")
    func leaves() throws {
        let inside: UInt64
        do {
            let held = try Self.ready(Self.plan("true"))
            let program = try #require(try held.cage.programID())
            inside = try #require(try Attestation.reading(program).namespaces["pid"])
            #expect(try CageLab.countProcesses(in: inside) == 2)
            try held.cage.kill()
            #expect(try held.cage.finish(waitingMilliseconds: 5_000) == .signalled(9))
        }
        #expect(try CageLab.countProcesses(in: inside) == 0)
    }

    @Test("only a command that differs in its last argument alone fits")
    func fitting() throws {
        let workspace = try CageLab.makeDirectory("held")
        defer { try? FileManager.default.removeItem(atPath: workspace) }
        let plan = Self.plan("true", workspace: workspace)
        let held = try Self.ready(plan)
        defer { held.cage.discard() }
        #expect(held.fits(Self.plan("false", workspace: workspace)))
        #expect(!held.fits(Self.plan("true")))
        #expect(!held.fits(.command(run: "r8", ["/bin/sh", "-c", "true"], workspace: workspace)))
        #expect(!held.fits(.command(run: "r9", ["/bin/sh", "-e", "true"], workspace: workspace)))
        var other = plan
        other.limits.memoryBytesMax = 1 << 20
        #expect(!held.fits(other))
        other = plan
        other.scratch.tmpBytes = 1 << 20
        #expect(!held.fits(other))
        other = plan
        other.binds.append(.init("/usr/share", at: "/share"))
        #expect(!held.fits(other))
        #expect(!held.fits(Self.plan("a\0b", workspace: workspace)))
        let longest = String(repeating: "x", count: HeldCage.commandBytesMax - 1)
        #expect(held.fits(Self.plan(longest, workspace: workspace)))
        #expect(!held.fits(Self.plan(longest + "x", workspace: workspace)))
    }

    @Test("the longest line that fits runs whole")
    func longest() throws {
        let end = "; echo \"$((6 * 7))\""
        let fill =
            ": " + String(repeating: "x", count: HeldCage.commandBytesMax - 3 - end.utf8.count)
        let plan = Self.plan(fill + end)
        let held = try Self.ready(plan)
        #expect(held.begin(plan))
        let outcome = try held.cage.collect()
        #expect(outcome.end == .exited(0))
        #expect(outcome.output == "42\n")
    }

    @Test("what the host lacks is named, whether the command came or not")
    func refused() throws {
        let plan = CagePlan.command(
            run: "r", ["/bin/sh", "-c", "true"], workspace: nil, directory: "/nowhere")
        let held = try HeldCage(plan, by: CageLab.shared.get().launcher())
        // It may be gone by now, or not: what it ends with says it all.
        _ = held.begin(plan)
        #expect(
            try held.cage.collect().end
                == .refused(feature: "directory", detail: "/nowhere", code: ENOENT))
    }
}
