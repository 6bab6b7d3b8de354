import AuraConfinement
import AuraModel
import AuraSupervision
import AuraSystem
import Glibc
import Testing

@testable import AuraDaemon

/// Cages that an earlier daemon has handed over, whole or not, with the real aura-cage.
@Suite(.serialized)
struct KeptCagesTests {
    private static let run = RunID(at: Instant(milliseconds: 1_000), sequence: 1)

    private final class Stage {
        let directory: String
        let watches: Watches
        let launcher: Launcher
        let runner: CageRunner
        let keeper: AttemptKeeper

        init() throws {
            directory = try Scratch.makeDirectory("kept")
            watches = try Watches()
            let cagePath = try Tools.shared.get().cagePath
            launcher = try Launcher(
                cagePath: cagePath, workerPath: "/usr/bin/true", prefix: Tools.prefix)
            let store = try CageStore(directory: directory, cagePath: cagePath, for: .zero)
            runner = CageRunner(
                launcher: launcher, watches: watches, store: store,
                proxies: Proxies(
                    watches: watches,
                    redactor: Redactor(
                        credentials: Credentials(configurationDirectory: directory)),
                    limits: ProxyLimits()))
            keeper = try AttemptKeeper(launcher: launcher, watches: watches, store: store)
        }

        deinit { try? FileSystem.removeTree(directory) }

        /// Turns of the loop until it is so, a minute at most.
        func turn(until isSo: () -> Bool) throws {
            var events: [Event] = []
            try turn(&events, until: isSo)
        }

        /// The same; with what happened meanwhile.
        func turn(_ events: inout [Event], until isSo: () -> Bool) throws {
            for _ in 0..<6000 where !isSo() { events += try watches.wait(milliseconds: 10) }
            guard isSo() else { throw StepLab.Failure("it never came to be") }
        }
    }

    private static func command(_ line: String) -> CagePlan {
        .command(run: run.text, ["/bin/sh", "-c", line], workspace: nil)
    }

    /// All that a store is given of a cage, in the order in which it is.
    private static func parts(
        of cage: Cage, _ spool: OutputSpool? = nil
    ) -> [(KeptPart, Int32)] {
        CageStore.inOrder(cage.parts + (spool.map { [(.spool, $0.raw)] } ?? []))
    }

    private static func kept(
        _ cage: Cage, _ parts: some Sequence<(KeptPart, Int32)>
    ) -> KeptDescriptors {
        let kept = KeptDescriptors(name: cage.name)
        for (part, number) in parts { kept.add(part, adopting: dup(number)) }
        return kept
    }

    /// All of it.
    private static func handedOver(_ cage: Cage, _ spool: OutputSpool? = nil) -> KeptDescriptors {
        withExtendedLifetime(spool) { kept(cage, parts(of: cage, spool)) }
    }

    @Test("a cage that was kept or dropped in part is none for a later daemon")
    func parts() throws {
        let stage = try Stage()
        let cages = [
            try stage.launcher.prepare(Self.command("true"), tag: "t"),
            try stage.launcher.prepare(
                Self.command("true").withProxy(authorities: nil), tag: "t"),
            try HeldCage(.worker(run: Self.run.text, workspace: nil), by: stage.launcher).cage,
            try stage.launcher.launch(.worker(run: Self.run.text, workspace: nil), tag: "t"),
        ]
        for (index, cage) in cages.enumerated() {
            let spool = index < 2 ? try OutputSpool(headMax: 1) : nil
            let all = Self.parts(of: cage, spool)
            #expect(all.count == cage.parts.count + (spool == nil ? 0 : 1))
            #expect(try stage.launcher.adopt(Self.kept(cage, all)).name == cage.name)
            for count in 0..<all.count {
                // aurad was killed when the service manager had so many.
                #expect(throws: ConfinementError.self, "\(count) parts of cage \(index)") {
                    try stage.launcher.adopt(Self.kept(cage, all.prefix(count)))
                }
                let left = KeptPart.allCases.dropFirst(count + 1)
                #expect(throws: ConfinementError.self, "\(left) of cage \(index)") {
                    try stage.launcher.adopt(
                        Self.kept(cage, all.filter { left.contains($0.0) }))
                }
            }
            withExtendedLifetime(spool) {}
            try cage.kill()
            #expect(try cage.finish(waitingMilliseconds: 60_000) != nil)
        }
    }

    /// So that the cage cannot be built, as when its control group is removed meanwhile.
    private static let nowhere = CagePlan.Bind("/nowhere", at: "/nowhere")

    @Test("a command begins anew when nothing has run in the cage of the earlier daemon")
    func anew() throws {
        let stage = try Stage()
        let key = CageRunner.Key(run: Self.run, command: 1)
        let plan = StepPlans.Plan(
            cage: Self.command("echo done; exit 3"), timeout: .minutes(9), output: .command)
        let tag = CageTag(key, plan, at: SystemClock.monotonicMilliseconds(), inBackground: false)
        var broken = plan.cage
        broken.binds.append(Self.nowhere)
        let first = try stage.launcher.prepare(broken, tag: tag.text)
        let kept = Self.handedOver(first, try OutputSpool(headMax: 1))
        let cage = try stage.launcher.adopt(kept)
        _ = try stage.runner.receive(KeptCage(cage: cage, tag: tag, descriptors: kept))
        var results: [StepResult] = []
        _ = stage.runner.takeOver(key, proxied: [], after: 0, again: { plan }) {
            results.append($0)
            return []
        }
        try stage.turn { !results.isEmpty }
        #expect(results.map(\.exit) == [.exited(code: 3)])
        #expect(results.map(\.output) == ["done\n"])
        try stage.turn { stage.runner.isIdle }
        guard case .refused? = try first.finish(waitingMilliseconds: 60_000) else {
            Issue.record("the first cage was built")
            return
        }
    }

    @Test("a command that cannot be followed does not go on, and its run is told why")
    func unfollowed() throws {
        let stage = try Stage()
        let key = CageRunner.Key(run: Self.run, command: 1)
        let plan = StepPlans.Plan(
            cage: Self.command("sleep 600"), timeout: .minutes(9), output: .command)
        let tag = CageTag(key, plan, at: SystemClock.monotonicMilliseconds(), inBackground: false)
        let first = try stage.launcher.prepare(plan.cage, tag: tag.text)
        let kept = Self.handedOver(first, try OutputSpool(headMax: 1))
        let cage = try stage.launcher.adopt(kept)
        let received = try stage.runner.receive(
            KeptCage(cage: cage, tag: tag, descriptors: kept))
        #expect(received?.key == key)
        // A second watch of the same descriptor is refused.
        let watch = try stage.watches.add(cage.outputRaw) { _ in [] }
        var result: StepResult?
        _ = stage.runner.takeOver(key, proxied: [], after: 0, again: { plan }) {
            result = $0
            return []
        }
        guard case .refused(let why) = try #require(result).exit else {
            Issue.record("it was taken over")
            return
        }
        #expect(why.contains("taking it over: epoll_ctl"))
        stage.watches.remove(watch)
        try stage.turn { stage.runner.isIdle }
        #expect(!stage.runner.serves(Self.run))
        #expect(try first.finish(waitingMilliseconds: 60_000) != nil)
    }

    @Test("a worker that was never started is lost with its daemon, and is not to blame")
    func unstarted() throws {
        let stage = try Stage()
        let tag = CageTag(AttemptKeeper.Key(run: Self.run, generation: 1))
        var plan = CagePlan.worker(run: Self.run.text, workspace: nil)
        plan.binds.append(Self.nowhere)
        let first = try stage.launcher.launch(plan, tag: tag.text)
        let kept = Self.handedOver(first)
        let cage = try stage.launcher.adopt(kept)
        _ = try stage.keeper.receive(KeptCage(cage: cage, tag: tag, descriptors: kept))
        var events = stage.keeper.takeOver(
            .init(run: Self.run, generation: 2), try Self.assignment(2))
        try stage.turn(&events) { stage.keeper.isIdle }
        let exits = events.compactMap { event -> AttemptExit? in
            if case .attemptEnded(_, 2, let exit, _) = event { exit } else { nil }
        }
        #expect(exits == [.orphaned])
        #expect(try first.finish(waitingMilliseconds: 60_000) != nil)
    }

    private static func assignment(_ generation: Generation) throws -> Assignment {
        Assignment(
            run: run, generation: generation,
            definition: Definition(
                name: try #require(AutomatonName("a")), kind: .taskRun, reasoner: "none",
                prompt: "p"),
            task: nil, history: [.started(trigger: .order(by: .daemon))])
    }

    @Test("a worker that cannot be listened to does not go on, and its attempt is over")
    func unheard() throws {
        let stage = try Stage()
        let tag = CageTag(AttemptKeeper.Key(run: Self.run, generation: 1))
        let first = try stage.launcher.launch(
            .worker(run: Self.run.text, workspace: nil), tag: tag.text)
        let kept = Self.handedOver(first)
        let cage = try stage.launcher.adopt(kept)
        #expect(
            try stage.keeper.receive(KeptCage(cage: cage, tag: tag, descriptors: kept)) != nil)
        let watch = try stage.watches.add(cage.outputRaw) { _ in [] }
        let key = AttemptKeeper.Key(run: Self.run, generation: 2)
        let events = stage.keeper.takeOver(key, try Self.assignment(2))
        guard case .attemptEnded(key.run, key.generation, _, _)? = events.first else {
            Issue.record("it was taken over: \(events)")
            return
        }
        stage.watches.remove(watch)
        #expect(!stage.keeper.serves(Self.run))
        try stage.turn { stage.keeper.isIdle }
        #expect(try first.finish(waitingMilliseconds: 60_000) != nil)
    }
}
