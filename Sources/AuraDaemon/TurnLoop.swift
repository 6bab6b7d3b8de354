import AuraConfinement
import AuraJournal
import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem
import Glibc

/// Decide, commit, act: one turn at a time, on the main thread.
///
/// A turn takes what is ready, decides all of it, commits all facts in one synchronous transaction,
/// and only then acts. While the disk takes no commit the turn waits and what happens meanwhile is
/// held: what was not committed has not happened.
final class TurnLoop {
    let settings: Settings
    let store: RecordStore
    let commits: Committer
    let care: RecordCare
    let service: ControlService
    private let signer: CheckpointSigner
    private let watches: Watches
    private let signals: SignalDescriptor
    private let timer: TimerDescriptor
    private let wake: WakeDescriptor
    let inbox: Inbox
    private let definitions: DefinitionLoader
    private let cages: CageRunner
    let calls: ModelCalls
    private let fetches: Fetches
    private let proxies: Proxies
    private let servers: ToolServers
    let changes: ChangeWatches
    let hooks: HookServer?
    let effects: Effects
    private let cageStore: CageStore
    /// What an earlier daemon has handed over.
    private let found: Handover.Found
    let notifier = ServiceNotifier()
    let weaknesses: [String]
    var kernel: Kernel
    /// What the next wake will bring, while that is known.
    var foresight: Foresight?
    var audit: AuditTrail
    private let redactor: Redactor
    var replies = Replies()
    private let live: LiveTexts
    var server: Task<Void, Never>?
    private var stopReason: String?
    /// Whether what an earlier daemon has handed over is claimed or ended.
    private var isSettledIn = false
    /// Whether what runs is left to the next daemon.
    private var leavesCages = false
    private var nextBeat: Int?
    private var zones = ZoneStamps()
    /// What happened while a turn waited for the disk.
    private var held: [Event] = []
    /// What was taken and is not given back yet.
    var trimDue: TrimDue? = TrimDue(.heap)
    /// Monotonic milliseconds until which a model counts as speaking.
    var speechEnd = 0

    /// A second: the longest that the loop sleeps when it has a background duty.
    private static let idleMilliseconds = 1000
    /// 2 ms: a kernel answers in a fraction of one; a tool that takes longer is not waited for.
    private static let hearingMilliseconds = 2
    /// 256: what is under way brings a few events each; more is not read until the record takes them.
    private static let heldMax = 256
    /// Five seconds for cages to die, which takes milliseconds; what is left dies with our
    /// descriptors.
    private static let closeMilliseconds = 5000
    private static let closeStepMilliseconds = 100

    /// Opens what the loop needs.
    ///
    /// Nothing is started yet: the signals are blocked before any thread exists.
    init(
        settings: Settings, store: RecordStore, signer: CheckpointSigner, launcher: Launcher,
        cageStore: CageStore, scripts: [String: Script], credentials: Credentials,
        weaknesses: [String], isForeground: Bool
    ) throws {
        self.settings = settings
        self.store = store
        commits = Committer(store: store)
        care = RecordCare(store: store, rule: settings.retention)
        self.signer = signer
        self.weaknesses = weaknesses
        signals = try SignalDescriptor([SIGTERM, SIGINT, SIGHUP, SIGUSR2])
        watches = try Watches()
        timer = try TimerDescriptor(.realtime)
        wake = try WakeDescriptor()
        inbox = Inbox(wake: wake)
        definitions = DefinitionLoader(settings: settings)
        redactor = Redactor(credentials: credentials)
        live = LiveTexts(redactor: redactor)
        service = ControlService(
            inbox: inbox, reader: store.reader, signer: signer, definitions: definitions,
            replayer: Replayer(
                cagePath: settings.libexecDirectory + "/aura-cage",
                workerPath: settings.libexecDirectory + "/aura-worker"), live: live)
        proxies = Proxies(watches: watches, redactor: redactor, limits: settings.proxy)
        cages = CageRunner(
            launcher: launcher, watches: watches, store: cageStore, proxies: proxies)
        servers = ToolServers(
            launcher: launcher, watches: watches, proxies: proxies, redactor: redactor)
        calls = ModelCalls(
            settings: settings, credentials: credentials, scripts: scripts, watches: watches,
            live: live)
        fetches = Fetches(watches: watches, redactor: redactor)
        let workspaces = try Workspaces(stateDirectory: settings.stateDirectory)
        changes = try ChangeWatches(watches: watches)
        let inbox = inbox
        hooks = settings.hooks.map {
            HookServer(inbox: inbox, settings: $0, credentials: credentials)
        }
        effects = Effects(
            reader: store.reader, workspaces: workspaces, credentials: credentials, cages: cages,
            attempts: try AttemptKeeper(launcher: launcher, watches: watches, store: cageStore),
            calls: calls, fetches: fetches, proxies: proxies, servers: servers, changes: changes)
        self.cageStore = cageStore
        found = try effects.receive(
            cageStore.take(by: launcher), begun: cageStore.beginnings.earlier)
        var rows: [RowTable: [(key: String, value: String)]] = [:]
        for table in RowTable.allCases where ![.occurrences, .messages].contains(table) {
            rows[table] = try store.reader.rows(in: table)
        }
        let state = try State(rows: rows)
        kernel = Kernel(state: state, settings: settings, host: SystemClock.machineID())
        audit = AuditTrail(
            reader: store.reader, cursor: try store.journalCursor, isForeground: isForeground)
        try workspaces.reap(keeping: Set(state.runs.keys))
    }

    /// Turns until told to stop.
    func run() throws {
        try watchOwnDescriptors()
        let boot = try SystemClock.bootID()
        try turn([
            .started(
                version: Release.version, boot: boot, weaknesses: weaknesses, found: found),
            .definitionsRead(readDefinitions()),
        ])
        // Said at the start, not by the first run at two in the morning.
        for (name, problem) in calls.credentialProblems(of: settings.reasoners.keys).sorted(
            by: { $0.key < $1.key })
        {
            StandardError.write(
                "aurad: warning: reasoner \(name) cannot be asked: \(problem)")
        }
        startServer()
        // Before the first sleep: the watchdog counts from the start.
        beat()
        while stopReason == nil {
            try settleIn()
            let events =
                try happened() + calls.wake() + fetches.wake() + proxies.wake()
                + cages.takeAnswers() + servers.wake() + changes.due() + changedZones() + orders()
            if events.isEmpty, commits.trouble == nil, foresight == nil {
                // What a model says is relayed, and no news: nothing is decided for each word.
                audit.advance(to: store.head.sequence)
                if watches.isAwake { noteWord() }
            } else {
                try turn(events)
            }
            try cages.killOverdue()
            try lookAtSpares()
            effects.releaseWorkspaces()
            replies.release(serves: effects.serves)
            if commits.trouble == nil, stopReason == nil {
                care.work(isBusy: !kernel.state.index.underWay.isEmpty, service)
            }
            beat()
            trim()
            if let failure = inbox.failure {
                throw Daemon.StartError(.inputOutput, failure)
            }
        }
        try close()
    }

    /// Once the first turn is durable, and what was handed over is claimed by then, the rest of it
    /// ends.
    private func settleIn() throws {
        guard !isSettledIn, commits.trouble == nil else { return }
        isSettledIn = true
        try effects.endUnclaimed()
    }

    // MARK: One turn

    private func turn(_ events: [Event]) throws {
        if commits.trouble != nil {
            // What is due by itself will still be due.
            held += events.filter { if case .tick = $0 { false } else { true } }
            if let committed = try commits.retry(journalCursor: audit.cursor) {
                notifier.status("serving")
                kernel.excuse(committed.delay)
                let events = held
                held = []
                try decide(try act(committed) + events)
            }
        } else if try !isForeseen(events) {
            try decide(events)
        }
        audit.advance(to: store.head.sequence)
        try foresee()
        try armTimer()
        rest()
    }

    /// Decides `events`, and what acting on them brings in turns of its own, until the disk takes
    /// no more.
    private func decide(_ events: [Event]) throws {
        var events = events.isEmpty ? [.tick] : events
        while !events.isEmpty {
            try put(events, withClock: true)
            try hearWorkers(after: events)
            let turn = try kernel.takeTurn()
            effects.anticipate(turn, kernel.state)
            let committed = try commits.commit(
                turn, journalCursor: audit.cursor, pruning: care.plan(for: turn))
            events = try committed.map(act) ?? tellOfTrouble()
        }
    }

    /// Carries out a turn that was decided before its time.
    func carryOut(_ turn: Kernel.Turn) throws {
        let committed = try commits.commitForeseen(turn, journalCursor: audit.cursor)
        let events = try committed.map(act) ?? tellOfTrouble()
        if !events.isEmpty { try decide(events) }
    }

    private func tellOfTrouble() -> [Event] {
        notifier.status("the record is \(commits.trouble?.state.rawValue ?? "")")
        return []
    }

    private func put(_ events: [Event], withClock: Bool = false) throws {
        let now = SystemClock.now()
        if withClock { try kernel.decide(.clock(Self.reading(at: now)), at: now) }
        for event in events { try kernel.decide(redactor.clean(event), at: now) }
    }

    /// Lets workers answer to what was decided while it waits for its commit: one for both.
    ///
    /// One that has just attested itself has its assignment, and proposes at once.
    private func hearWorkers(after events: [Event]) throws {
        let (entries, deliveries) = kernel.takeDeliveries()
        let isBeginning = events.contains { if case .attested = $0 { true } else { false } }
        guard !deliveries.isEmpty || isBeginning else { return }
        effects.note(entries)
        var heard: [Event] = []
        for delivery in deliveries { heard += try effects.perform(delivery, kernel.state) }
        try put(heard + (try watches.wait(milliseconds: Self.hearingMilliseconds)))
    }

    private func act(_ committed: Committer.Committed) throws -> [Event] {
        if !committed.entries.isEmpty { audit.follow(committed.entries) }
        if committed.entries.count >= TrimDue.entriesMin { trimDue = TrimDue(.record) }
        effects.note(committed.entries)
        effects.settle(committed.entries)
        var events: [Event] = []
        var ended: Set<RunID> = []
        for action in committed.actions {
            switch action {
            case .reply(let ticket, let result):
                replies.answer(ticket, result, after: ended.filter(effects.serves))
            case .checkpoint:
                // What is signed is durable by now; the signature follows in a commit of its own.
                let signed = try store.checkpoint(by: signer, at: SystemClock.now())
                events += signed.map { [.checkpointSigned($0)] } ?? []
            default:
                if case .cancelEffects(let run) = action { ended.insert(run) }
                events += try effects.perform(action, kernel.state)
            }
        }
        return events
    }

    /// Waits for what happens; only for our own descriptors while too much is held.
    private func happened() throws -> [Event] {
        guard held.count >= Self.heldMax else {
            return try watches.wait(milliseconds: sleepMilliseconds())
        }
        let timeout = sleepMilliseconds().map { Int32(clamping: $0) } ?? -1
        var own = [signals.raw, wake.raw].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&own, nfds_t(own.count), timeout) > 0 else { return [] }
        if own[1].revents != 0 { _ = try wake.acknowledge() }
        return own[0].revents == 0 ? [] : try signals.read().flatMap { events(ofSignal: $0) }
    }

    // MARK: Time

    private func sleepMilliseconds() -> Int? {
        let now = SystemClock.monotonicMilliseconds()
        if audit.hasMore(store.head.sequence) { return 0 }
        let wakes = [
            cages.nextDeadline, nextSpareLook, calls.nextDeadline, fetches.nextDeadline,
            proxies.nextDeadline, servers.nextDeadline, audit.retryAt, nextBeat, zones.nextLook,
            replies.nextDeadline, commits.retryAt, changes.nextDeadline, trimDue?.at,
            commits.trouble == nil ? care.nextWake : nil,
        ]
        let soonest = wakes.compactMap { $0 }.min().map { max(0, $0 - now) }
        guard effects.isReleasing else { return soonest }
        return min(soonest ?? Self.idleMilliseconds, Self.idleMilliseconds)
    }

    private func readDefinitions() -> DefinitionsRead {
        let read = definitions.read(zonesInForce: kernel.zonesInForce)
        hooks?.keys.learn(read.loaded.map(\.definition))
        zones = ZoneStamps(of: read.loaded.map(\.definition.zone) + read.zones.keys)
        return read
    }

    /// Definitions with the new rules, once a zone file has been replaced.
    private func changedZones() -> [Event] {
        zones.haveChanged() ? [.definitionsRead(readDefinitions())] : []
    }

    /// The wall clock's timer also fires when the clock is set: the turn that follows compares the
    /// clocks and looks at everything due anew.
    private func armTimer() throws {
        // While a turn waits nothing can be done about what is due.
        if commits.trouble == nil, let next = wakeTime() {
            try timer.arm(atMilliseconds: next.milliseconds)
        } else {
            try timer.disarm()
        }
    }

    private func beat() {
        guard let interval = notifier.beat?.count else { return }
        let now = SystemClock.monotonicMilliseconds()
        if nextBeat.map({ $0 <= now }) ?? true {
            notifier.alive()
            nextBeat = now + interval
        }
    }

    // MARK: What wakes the loop

    private func watchOwnDescriptors() throws {
        try changes.start()
        try cageStore.watch(by: watches)
        _ = try watches.add(timer.raw) { [unowned self] _ in
            try timer.acknowledge()
            return [.tick]
        }
        _ = try watches.add(wake.raw) { [unowned self] _ in
            _ = try wake.acknowledge()
            rest()
            return []
        }
        _ = try watches.add(signals.raw) { [unowned self] _ in
            try signals.read().flatMap { events(ofSignal: $0) }
        }
    }

    private func events(ofSignal number: Int32) -> [Event] {
        guard number != SIGHUP else { return [.definitionsRead(readDefinitions())] }
        let names = [SIGTERM: "SIGTERM", SIGINT: "SIGINT", SIGUSR2: "SIGUSR2"]
        let reason = names[number] ?? "signal \(number)"
        stopReason = reason
        // Without a service manager, which keeps descriptors over a restart, it has to be said.
        leavesCages = cageStore.isService || number == SIGUSR2
        return [.stopping(reason: reason)]
    }

    /// Ends what was started, and waits until it is gone, unless it is left to the next daemon; the
    /// runs stay in the record and go on later.
    private func close() throws {
        notifier.stopping(status: stopReason ?? "")
        forgetForesight()
        if !leavesCages { try endCages() }
        replies.release(serves: { _ in false })
        inbox.close()
        server?.cancel()
        audit.advance(to: store.head.sequence)
        unlink(settings.socket)
        guard commits.trouble == nil else {
            StandardError.write(
                "aurad: stopped while the record takes no entries; what waited has not happened")
            return
        }
        do throws(RecordError) {
            try store.setJournalCursor(audit.cursor)
        } catch {
            StandardError.write("aurad: the journal's cursor was not kept: \(error); ignoring")
        }
    }

    private func endCages() throws {
        let deadline = SystemClock.monotonicMilliseconds() + Self.closeMilliseconds
        while try !effects.endAll(), SystemClock.monotonicMilliseconds() < deadline {
            // What ends now ends because we stop: it is no news for the record.
            _ = try watches.wait(milliseconds: Self.closeStepMilliseconds)
        }
        cageStore.letGo()
    }
}
