import AuraConfinement
import AuraModel
import AuraSystem
import Foundation
import Glibc
import Testing

/// Workers' cages that are built before their run is known.
@Suite(.serialized)
struct HeldWorkerTests {
    private static func launcher() throws -> Launcher {
        let lab = try CageLab.shared.get()
        return try lab.launcher(worker: lab.tellerPath)
    }

    /// A cage that waits for its run.
    private static func ready(_ plan: CagePlan) throws -> HeldCage {
        let held = try HeldCage(plan, by: launcher())
        for _ in 0..<5000 {
            if try held.cage.programID() != nil { return held }
            usleep(1_000)
        }
        throw CageLab.Failure("the held cage does not get ready")
    }

    private static func plan(
        _ workspace: String?, run: String = "r9", writable: Bool = true
    ) -> CagePlan {
        .worker(
            run: run, workspace: workspace, writable: writable,
            arguments: workspace.map { _ in ["/ws/here"] } ?? [])
    }

    /// What it told, but for what tells one process, mount or file system from another.
    private static func told(_ outcome: Outcome) -> [String] {
        let own = ["Vm", "Rss", "Pid:", "Cpus_allowed", "voluntary", "nonvoluntary"]
        return outcome.output.split(separator: "\n").filter { line in
            !own.contains { line.hasPrefix($0) }
        }.map { line in
            // A mount: two numbers, the device, and what it is.
            let fields = line.split(separator: " ")
            guard fields.count > 6, Int(fields[0]) != nil, Int(fields[1]) != nil else {
                return String(line)
            }
            return fields.dropFirst(3).joined(separator: " ")
        }.sorted()
    }

    @Test(
        "a worker in a cage that waited for it sees what one in a cage of its own sees",
        arguments: [nil, false, true])
    func sameAsCold(writable: Bool?) throws {
        let trees = try ["held", "cold"].map { try CageLab.makeDirectory($0) }
        defer { for tree in trees { try? FileManager.default.removeItem(atPath: tree) } }
        let plans = trees.map {
            Self.plan(writable == nil ? nil : $0, writable: writable ?? false)
        }
        // Built for a run that is not the one which then takes it, and without its tree.
        let held = try Self.ready(
            Self.plan(nil, run: "r1").with(arguments: plans[0]))
        #expect(held.fits(plans[0]))
        #expect(held.begin(plans[0]))
        let warm = try held.cage.collect()
        let cold = try Self.launcher().launch(plans[1]).collect()
        #expect(warm.end == .exited(7))
        #expect(cold.end == .exited(7))
        let told = Self.told(warm).map { $0.replacingOccurrences(of: trees[0], with: trees[1]) }
        #expect(told == Self.told(cold))
        #expect(told.contains("AURA_RUN=r9"))
        #expect(told.contains("directory: " + (writable == nil ? "/" : "/ws")))
        #expect(told.contains("descriptor: 4") && !told.contains("descriptor: 5"))
        guard let writable else { return }
        #expect(told.contains("/ws/here: " + (writable ? "made" : "Read-only file system")))
        #expect(FileManager.default.fileExists(atPath: trees[0] + "/here") == writable)
    }

    @Test("it attests what the kernel says of it, as one in a cage of its own")
    func attested() throws {
        let held = try Self.ready(Self.plan(nil))
        let program = try #require(try held.cage.programID())
        let before = try Attestation.reading(program)
        // Nothing runs yet, and nothing is claimed yet.
        #expect(!before.isConfined)
        let lab = try CageLab.shared.get()
        let cold = try lab.launcher(worker: lab.tellerPath)
        #expect(throws: ConfinementError.self) {
            try Attestor().verify(before, of: program)
        }
        #expect(held.begin(Self.plan(nil)))
        let lines = try held.cage.collect().output.split(separator: "\n")
        let status = lines.filter { $0.hasPrefix("Seccomp") || $0.hasPrefix("Cap") }
        let other = try cold.launch(Self.plan(nil)).collect().output.split(separator: "\n")
        #expect(status == other.filter { $0.hasPrefix("Seccomp") || $0.hasPrefix("Cap") })
        #expect(status.contains("Seccomp_filters:\t2"))
    }

    @Test("only a worker that differs in its run and its tree alone fits")
    func fitting() throws {
        let tree = try CageLab.makeDirectory("held")
        defer { try? FileManager.default.removeItem(atPath: tree) }
        let held = try Self.ready(.worker(run: "r1", workspace: nil))
        defer {
            try? held.cage.kill()
            _ = try? held.cage.finish(waitingMilliseconds: 5_000)
        }
        let plan = CagePlan.worker(run: "r2", workspace: tree, writable: false)
        #expect(held.fits(plan))
        #expect(!held.fits(.worker(run: "r2", workspace: nil, arguments: ["replay"])))
        #expect(!held.fits(.command(run: "r2", ["/bin/true", "x"], workspace: nil)))
        var other = plan
        other.limits.processesMax += 1
        #expect(!held.fits(other))
        other = plan
        other.scratch.tmpBytes = 1 << 20
        #expect(!held.fits(other))
        other = plan
        other.binds.append(.init("/usr/share", at: "/share"))
        #expect(!held.fits(other))
        // What no cage would take is refused where it says why.
        #expect(!held.fits(.worker(run: "r2", workspace: "/tmp/../etc")))
        #expect(!held.fits(.worker(run: "r\0x", workspace: tree)))
    }

    @Test("a program that was replaced on the disk since is not the one that a launch would run")
    func replaced() throws {
        let directory = try CageLab.makeDirectory("held")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let lab = try CageLab.shared.get()
        let worker = directory + "/worker"
        try FileManager.default.copyItem(atPath: lab.tellerPath, toPath: worker)
        let held = try HeldCage(.worker(run: "r", workspace: nil), by: lab.launcher(worker: worker))
        defer {
            try? held.cage.kill()
            _ = try? held.cage.finish(waitingMilliseconds: 5_000)
        }
        #expect(held.fits(.worker(run: "r2", workspace: nil)))
        try FileManager.default.copyItem(atPath: lab.tellerPath, toPath: worker + ".new")
        #expect(rename(worker + ".new", worker) == 0)
        #expect(!held.fits(.worker(run: "r2", workspace: nil)))
    }

    @Test("a tree that is a link, or is not there, is refused by name")
    func refusedTree() throws {
        let tree = try CageLab.makeDirectory("held")
        defer { try? FileManager.default.removeItem(atPath: tree) }
        #expect(symlink("/etc", tree + "/link") == 0)
        for (path, code) in [(tree + "/link", ELOOP), (tree + "/none", ENOENT)] {
            let held = try Self.ready(.worker(run: "r", workspace: nil))
            #expect(held.begin(.worker(run: "r", workspace: path)))
            guard case .refused("source_refused", _, code) = try held.cage.collect().end else {
                Issue.record("it was not refused: \(path)")
                continue
            }
        }
    }

    @Test("a held worker that is let go leaves nothing, and is taken once")
    func leaves() throws {
        let held = try Self.ready(.worker(run: "r", workspace: nil))
        let program = try #require(try held.cage.programID())
        let inside = try #require(try Attestation.reading(program).namespaces["pid"])
        #expect(try CageLab.countProcesses(in: inside) == 2)
        try held.cage.kill()
        #expect(try held.cage.finish(waitingMilliseconds: 5_000) == .signalled(9))
        #expect(try CageLab.countProcesses(in: inside) == 0)
        #expect(!held.begin(.worker(run: "r", workspace: nil)))
    }
}

extension CagePlan {
    /// The same with the arguments of another.
    fileprivate func with(arguments other: CagePlan) -> CagePlan {
        var plan = self
        plan.program = other.program
        return plan
    }
}
