import AuraConfinement
import AuraModel
import AuraSupervision
import AuraSystem

/// Keeps the confined workers: launch, attestation, frames both ways, and the collection of their
/// ends.
final class AttemptKeeper {
    /// Names one attempt: a run's later attempts fence the earlier ones.
    struct Key: Hashable {
        var run: RunID
        var generation: Generation
    }

    private final class Worker {
        let cage: Cage
        let channel: FrameChannel
        var watches: [UInt64] = []
        var output = OutputTail.worker
        var talk = WorkerTalk()
        /// It broke the protocol: not a word more is listened to.
        var isBroken = false
        var hash = RequestHash()
        let isTakenOver: Bool

        init(
            cage: Cage, broker: consuming OwnedDescriptor, isTakenOver: Bool = false
        ) throws {
            self.cage = cage
            self.isTakenOver = isTakenOver
            channel = try FrameChannel(
                descriptor: broker, frameBytesMax: FrameBounds.bytesMax,
                backlogBytesMax: 2 * FrameBounds.bytesMax)
        }
    }

    private let launcher: Launcher
    private let watches: Watches
    private let attestor: Attestor
    private let store: CageStore
    /// Handed over by an earlier daemon, until they are claimed: the newest of each run.
    private var kept: [RunID: KeptCage] = [:]
    private var workers: [Key: Worker] = [:]
    /// Begun before their turns were durable, until those are carried out; with what came of it.
    private var anticipated: [Key: [Event]] = [:]
    private var isEnding = false
    private let spares: SpareWorkers

    /// 64 KiB: what one turn reads of one worker's standard error.
    private static let readBytesMax = 64 << 10

    /// A keeper without workers.
    init(launcher: Launcher, watches: Watches, store: CageStore) throws {
        self.launcher = launcher
        self.store = store
        self.watches = watches
        attestor = try Attestor()
        spares = SpareWorkers(launcher: launcher, watches: watches)
    }

    /// Builds the cage, unless one waits, and sends the whole assignment as the first frame; nothing
    /// more for a worker that was anticipated.
    func launch(_ key: Key, _ plan: CagePlan, _ assignment: Assignment) -> [Event] {
        if let events = anticipated.removeValue(forKey: key) { return events }
        return employ(key, assignment) {
            let tag = CageTag(key).text
            return try openSpare(plan, tag: tag) ?? launcher.launch(plan, tag: tag)
        } ?? []
    }

    /// Lets the worker begin if a cage waits for it; `launch` is still to come, and tells what came of
    /// this.
    func anticipate(_ key: Key, _ plan: CagePlan, _ assignment: Assignment) {
        anticipated[key] = employ(key, assignment) {
            try openSpare(plan, tag: CageTag(key).text)
        }
    }

    /// The cage built ahead, in which the worker of `plan` has begun; nil without one.
    private func openSpare(_ plan: CagePlan, tag: String) throws -> Cage? {
        guard let held = try spares.take(plan, tag: tag) else { return nil }
        if held.begin(plan, keep: { store.keep($0) }) { return held.cage }
        store.drop(held.cage.name)
        try spares.letGo(held.cage)
        return nil
    }

    /// Sends the assignment to the worker in a new cage; nil when there is none.
    private func employ(
        _ key: Key, _ assignment: Assignment, in open: () throws -> Cage?
    ) -> [Event]? {
        var opened: Cage?
        do {
            guard let cage = try open() else { return nil }
            opened = cage
            return try employ(Worker(cage: cage, broker: cage.takeBroker()), key, assignment)
        } catch {
            if let opened { giveUp(opened) }
            return [
                .attemptEnded(
                    key.run, key.generation, .refused(feature: "\(error)"), detail: "\(error)")
            ]
        }
    }

    /// When the cages built ahead are to be looked at next, in monotonic milliseconds.
    var nextLook: Int? { spares.nextLook }

    /// Looks at the cages built ahead.
    func lookAtSpares() throws {
        try spares.look(at: SystemClock.monotonicMilliseconds(), isInUse: !workers.isEmpty)
    }

    /// Notes a worker that an earlier daemon has handed over: its attempt and process, or nil when it
    /// is none.
    func receive(_ cage: KeptCage) throws -> (key: Key, process: Int)? {
        guard let generation = cage.tag.generation else { return nil }
        if let other = kept[cage.tag.run] {
            // One of them is on its way out: the run went on with the later one.
            let isOlder = other.tag.generation.map { $0 < generation } ?? true
            try end(isOlder ? other : cage)
            guard isOlder else { return nil }
        }
        kept[cage.tag.run] = cage
        return (Key(run: cage.tag.run, generation: generation), Int(cage.cage.processID.raw))
    }

    /// Goes on with the worker of an earlier daemon, under a generation of its own: it gets a new
    /// broker and the whole assignment, and folds it as a new one would.
    func takeOver(_ key: Key, _ assignment: Assignment) -> [Event] {
        guard let found = kept.removeValue(forKey: key.run) else { return [] }
        // One that was built ahead may have been kept and not been told yet.
        found.cage.begin()
        do {
            return try employ(
                Worker(cage: found.cage, broker: found.cage.renewBroker(), isTakenOver: true), key,
                assignment)
        } catch {
            giveUp(found.cage)
            guard found.cage.isStarted else { return [Self.neverStarted(key)] }
            return [
                .attemptEnded(
                    key.run, key.generation, .signalled(number: 9),
                    detail: "the worker could not be taken over: \(error)")
            ]
        }
    }

    /// Ends what an earlier daemon has handed over and no run wants.
    func endUnclaimed() throws {
        for found in kept.values { try end(found) }
        kept = [:]
    }

    private func end(_ found: KeptCage) throws {
        try found.cage.kill()
        store.drop(found.cage.name)
    }

    /// Ends a worker that cannot be listened to.
    private func giveUp(_ cage: Cage) {
        store.drop(cage.name)
        // What cannot be watched either has been killed all the same.
        try? spares.letGo(cage)
    }

    private func employ(
        _ worker: Worker, _ key: Key, _ assignment: Assignment
    ) throws -> [Event] {
        store.keep(worker.cage)
        let acts: [(Int32, () throws -> [Event])] = [
            (worker.channel.raw, { [weak self] in try self?.converse(key, worker) ?? [] }),
            (worker.cage.outputRaw, { [weak self] in try self?.read(worker) ?? [] }),
            (worker.cage.processRaw, { [weak self] in try self?.collect(key, worker) ?? [] }),
            (worker.cage.standRaw, { [weak self] in try self?.noteStart(key, worker) ?? [] }),
        ]
        do {
            for (descriptor, act) in acts {
                worker.watches.append(try watches.add(descriptor) { _ in try act() })
            }
        } catch {
            for watch in worker.watches { watches.remove(watch) }
            throw error
        }
        workers[key] = worker
        return send(.assign(assignment: assignment), to: key)
    }

    /// Queues a frame; a worker that does not read is a worker that broke the protocol.
    func send(_ frame: FrameDown, to key: Key) -> [Event] {
        guard let worker = workers[key] else { return [] }
        do throws(FrameError) {
            try worker.channel.send(try encoded(frame))
            try? watches.modify(worker.watches[0], interest(of: worker))
            return []
        } catch .peerGone {
            return []  // Its exit is under way and says more.
        } catch {
            return [.violated(key.run, key.generation, reason: "frame down: \(error)")]
        }
    }

    /// Kills an attempt.
    ///
    /// Its end is collected all the same.
    func end(_ key: Key) throws { try workers[key]?.cage.kill() }

    /// Kills every attempt, the first time it is called.
    func endAll() throws {
        guard !isEnding else { return }
        isEnding = true
        try spares.end()
        for worker in workers.values { try worker.cage.kill() }
    }

    /// Whether no attempt lives, nor a cage for one.
    var isIdle: Bool { workers.isEmpty && spares.areGone }

    /// Whether any attempt of `run` still lives.
    func serves(_ run: RunID) -> Bool { workers.keys.contains { $0.run == run } }

    private func encoded(_ frame: FrameDown) throws(FrameError) -> [UInt8] {
        do {
            return try JSON.encode(frame)
        } catch {
            preconditionFailure("a frame is always JSON: \(error)")
        }
    }

    private func interest(of worker: Worker) -> Reactor.Interest {
        worker.channel.wantsWrite ? [.readable, .writable] : .readable
    }

    private func converse(_ key: Key, _ worker: Worker) throws -> [Event] {
        do throws(FrameError) {
            try worker.channel.flush()
        } catch .peerGone {
            // What it sent before it went is still read below.
        }
        let received = try worker.channel.receive()
        var events = self.events(of: received.frames, from: key, worker)
        switch received.end {
        case nil where worker.isBroken: watches.remove(worker.watches[0])
        case nil: try watches.modify(worker.watches[0], interest(of: worker))
        case .failed(.frameTooLarge):
            watches.remove(worker.watches[0])
            events.append(
                .violated(key.run, key.generation, reason: "a frame up that is too large"))
        case .closed, .failed:
            // It is dead or dying, perhaps in the middle of a frame; its exit says the rest. One that
            // only hung up is of no use any more.
            watches.remove(worker.watches[0])
            try worker.cage.kill()
        }
        return events
    }

    /// What the frames say, up to the first flaw.
    private func events(of frames: [[UInt8]], from key: Key, _ worker: Worker) -> [Event] {
        var events: [Event] = []
        for frame in frames where !worker.isBroken {
            do {
                events.append(try event(of: frame, from: key, worker))
            } catch ConfinementError.gone {
                // Nothing that it said counts, and its exit is under way.
                worker.isBroken = true
            } catch {
                worker.isBroken = true
                let reason = (error as? WorkerTalk.Flaw)?.text ?? "\(error)"
                events.append(.violated(key.run, key.generation, reason: reason))
            }
        }
        return events
    }

    private func event(of frame: [UInt8], from key: Key, _ worker: Worker) throws -> Event {
        switch try worker.talk.take(frame) {
        case .attested(let claim):
            guard let process = try worker.cage.programID() else {
                throw WorkerTalk.Flaw(text: "attested before it was started")
            }
            try attestor.verify(claim, of: process)
            return .attested(key.run, key.generation, claim)
        case .proposed(let proposal):
            let digests = Self.digests(of: proposal, &worker.hash)
            return .proposed(key.run, key.generation, proposal, digests: digests)
        }
    }

    /// By which the record names the requests in `proposal`.
    private static func digests(
        of proposal: Proposal, _ hash: inout RequestHash
    ) -> [CommandID: RequestDigest] {
        var digests: [CommandID: RequestDigest] = [:]
        for command in proposal.rounds.flatMap(\.commands) {
            guard case .reason(let request) = command.act else { continue }
            digests[command.id] = try? hash.digest(of: request, kept: proposal.keptMessages)
        }
        return digests
    }

    private func noteStart(_ key: Key, _ worker: Worker) throws -> [Event] {
        // One look: it is started or refused, and of the latter its end tells.
        watches.remove(worker.watches[3])
        return try worker.cage.programID() == nil ? [] : [.launched(key.run, key.generation)]
    }

    private func read(_ worker: Worker) throws -> [Event] {
        guard let bytes = try worker.cage.readOutput(bytesMax: Self.readBytesMax) else { return [] }
        if bytes.isEmpty { watches.remove(worker.watches[1]) }
        worker.output.append(bytes)
        return []
    }

    /// It was not built yet when its daemon went away, and has lost its control group.
    private static func neverStarted(_ key: Key) -> Event {
        .attemptEnded(
            key.run, key.generation, .orphaned,
            detail: "the daemon went away before the worker was started")
    }

    private func collect(_ key: Key, _ worker: Worker) throws -> [Event] {
        guard let end = try worker.cage.finish() else { return [] }
        // What it said before it died counts: nothing that reached us is lost.
        let last = try events(of: worker.channel.receive().frames, from: key, worker)
        while let bytes = try worker.cage.readOutput(bytesMax: Self.readBytesMax), !bytes.isEmpty {
            worker.output.append(bytes)
        }
        for watch in worker.watches { watches.remove(watch) }
        workers[key] = nil
        store.drop(worker.cage.name)
        guard !worker.isTakenOver || worker.cage.isStarted else {
            return last + [Self.neverStarted(key)]
        }
        let said = worker.output.text().split(separator: "\n").last.map(String.init)
        let exit = AttemptExit(end, worker.cage.limit)
        return last + [
            .attemptEnded(key.run, key.generation, exit, detail: said ?? exit.text)
        ]
    }
}

extension AttemptExit {
    /// `limit`: what the cage ran into.
    init(_ end: CageExit, _ limit: LimitHit?) {
        switch end {
        case .exited(let code): self = .exited(code: Int(code))
        case .signalled(let number): self = .signalled(number: Int(number), limit: limit)
        case .refused(let feature, let detail, let code):
            self = .refused(feature: CageExit.text(refused: feature, detail, code))
        }
    }

    /// For an operator.
    var text: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(_, let limit?): "killed: \(limit.text)"
        case .signalled(let number, nil): "killed by signal \(number)"
        case .refused(let feature): "the cage could not be built: \(feature)"
        case .overdue(let phase, let after): phase.text(after: after)
        case .orphaned: "the daemon went away"
        }
    }
}
