import AuraConfinement
import AuraModel
import AuraSupervision
import AuraSystem

/// The tool servers of runs: started when a run first asks for their tools, called one call at a
/// time, started anew when they fail, and ended with their run.
///
/// None outlives aurad: the next one starts them anew when they are called, and says so.
final class ToolServers {
    /// Names a command of a run.
    typealias Key = CageRunner.Key
    typealias Planner = (ServerDeclaration) throws -> StepPlans.Plan

    /// Names a server of a run.
    private struct Name: Hashable {
        var run: RunID
        var server: String
    }

    /// What a run waits for.
    private enum Wish {
        /// All of its servers, one after the other; `found`: those that have answered.
        case list(Key, rest: [ServerDeclaration], found: [ServerListing], Planner)
        /// `isNew`: the server was started for it.
        case call(Key, ToolCall, isNew: Bool)
    }

    private final class Live {
        let server: ToolServer
        /// To which command its requests are counted.
        var proxyKey: Key
        var watches: [UInt64] = []
        var errorWatch: UInt64?
        var writeWatch: UInt64?
        init(_ server: ToolServer, _ proxyKey: Key) {
            self.server = server
            self.proxyKey = proxyKey
        }
    }

    /// 3 ends of a server in one run: the third will not be the last.
    private static let endsMax = 3

    private let launcher: Launcher
    private let watches: Watches
    private let proxies: Proxies
    private let redactor: Redactor
    private var live: [Name: Live] = [:]
    /// Told to end, or killed, and not gone yet.
    private var leaving: [(name: Name, live: Live)] = []
    private var wishes: [RunID: Wish] = [:]
    private var ends: [Name: Int] = [:]
    private var startedAt: [RunID: Int] = [:]
    /// Names of what no command asks for, see `rest`.
    private var idle = 0

    /// No server yet.
    init(launcher: Launcher, watches: Watches, proxies: Proxies, redactor: Redactor) {
        self.launcher = launcher
        self.watches = watches
        self.proxies = proxies
        self.redactor = redactor
    }

    /// Starts the servers and lists what they offer; those that are there already are asked no more.
    func list(_ key: Key, _ servers: [ServerDeclaration], plan: @escaping Planner) -> [Event] {
        startedAt[key.run] = SystemClock.monotonicMilliseconds()
        return listNext(key, servers, found: [], plan)
    }

    /// Makes a call that is in the record, once.
    func call(_ key: Key, _ call: ToolCall, _ server: ServerDeclaration, plan: Planner) -> [Event] {
        // A sound worker makes one call after the other.
        guard wishes[key.run] == nil else {
            return [Self.answer(key, "Refused: another call is under way", isError: true)]
        }
        guard redactor.redacted((try? JSON.text(call.input)) ?? "") == nil else {
            return [Self.answer(key, "Refused: the call holds a known secret", isError: true)]
        }
        let name = Name(run: key.run, server: server.name)
        if let live = live[name], live.server.isReady {
            wishes[key.run] = .call(key, call, isNew: false)
            return send(call, to: live, for: key)
        }
        guard ends[name] ?? 0 < Self.endsMax else {
            return [
                Self.answer(
                    key,
                    "The server \(server.name) has ended \(Self.endsMax) times in this run and "
                        + "is not started again: go on without its tools.", isError: true)
            ]
        }
        wishes[key.run] = .call(key, call, isNew: true)
        return start(server, for: key, plan)
    }

    /// Ends the servers of a run; nothing more is heard of them.
    func end(_ run: RunID) {
        wishes[run] = nil
        startedAt[run] = nil
        ends = ends.filter { $0.key.run != run }
        for name in live.keys where name.run == run { leave(name) }
    }

    /// Kills every server; harmless when called again.
    func endAll() throws {
        wishes = [:]
        for name in live.keys { leave(name) }
        for (_, live) in leaving { try live.server.kill() }
    }

    /// Whether none lives.
    var isIdle: Bool { live.isEmpty && leaving.isEmpty }

    /// Whether anything of `run` still lives.
    func serves(_ run: RunID) -> Bool {
        live.keys.contains { $0.run == run } || leaving.contains { $0.name.run == run }
    }

    /// Monotonic milliseconds at which one is to be looked at next.
    var nextDeadline: Int? {
        (live.values.lazy.compactMap(\.server.nextLook)
            + leaving.lazy.compactMap(\.live.server.nextLook)).min()
    }

    /// Does what is due.
    func wake() throws -> [Event] {
        let now = SystemClock.monotonicMilliseconds()
        guard let due = nextDeadline, due <= now else { return [] }
        for (_, live) in leaving { _ = try live.server.look(at: now) }
        var events: [Event] = []
        for (name, live) in self.live {
            guard let flaw = try live.server.look(at: now) else { continue }
            events += fail(name, flaw)
        }
        return events
    }
}

// MARK: What runs want

extension ToolServers {
    private func listNext(
        _ key: Key, _ servers: [ServerDeclaration], found: [ServerListing],
        _ plan: @escaping Planner
    ) -> [Event] {
        guard let next = servers.first else {
            wishes[key.run] = nil
            let lines = found.map { (try? JSON.text($0)) ?? "" }
            let isWhole = found.allSatisfy { $0.problem == nil }
            let since = startedAt[key.run] ?? SystemClock.monotonicMilliseconds()
            return [
                .stepEnded(
                    key.run, key.command,
                    StepResult(
                        exit: .exited(code: isWhole ? 0 : 1), output: lines.joined(separator: "\n"),
                        duration: Milliseconds(SystemClock.monotonicMilliseconds() - since)))
            ]
        }
        wishes[key.run] = .list(key, rest: servers, found: found, plan)
        let name = Name(run: key.run, server: next.name)
        if let listing = live[name]?.server.listing { return took(listing, of: name) }
        return start(next, for: key, plan)
    }

    private func start(_ server: ServerDeclaration, for key: Key, _ plan: Planner) -> [Event] {
        let name = Name(run: key.run, server: server.name)
        do {
            let plan = try plan(server)
            let live = Live(
                try ToolServer(
                    server, plan, by: launcher, at: SystemClock.monotonicMilliseconds()), key)
            self.live[name] = live
            if plan.cage.hasProxy {
                try proxies.begin(key, live.server.cage.proxySocket(), plan.proxied)
            }
            try watch(live, name)
            return []
        } catch {
            return fail(name, ServerFlaw(.refused, "it was not started: \(error)"))
        }
    }

    private func send(_ call: ToolCall, to live: Live, for key: Key) -> [Event] {
        let events = proxies.pass(from: live.proxyKey, to: key)
        live.proxyKey = key
        // What it wrote behind its list may have ended it: that is told next.
        guard live.server.isReady else { return events }
        let now = SystemClock.monotonicMilliseconds()
        guard live.server.call(call.served?.tool ?? "", call.input, at: now) else {
            wishes[key.run] = nil
            let most = SizeText.format(ServerTalk.inputBytesMax)
            return events
                + [Self.answer(key, "Refused: the input is longer than \(most)", isError: true)]
        }
        let name = Name(run: key.run, server: live.server.declaration.name)
        return events + wrote(live.server.write(), name)
    }

    /// Nothing is asked of the server: what it asks its proxy for is counted to no command, and so
    /// refused.
    private func rest(_ live: Live) -> [Event] {
        idle -= 1
        let key = Key(run: live.proxyKey.run, command: idle)
        defer { live.proxyKey = key }
        return proxies.pass(from: live.proxyKey, to: key)
    }

    private func took(_ listing: ServerListing, of name: Name) -> [Event] {
        guard let live = live[name] else { return [] }
        switch wishes[name.run] {
        case .list(let key, let servers, let found, let plan)
        where servers.first?.name == name.server:
            return rest(live)
                + listNext(key, Array(servers.dropFirst()), found: found + [listing], plan)
        case .call(let key, let call, true) where call.served?.server == name.server:
            let tool = listing.tools.first { $0.tool == call.served?.tool }
            guard tool?.mark == call.served?.mark else {
                return fail(
                    name,
                    ServerFlaw(.changed, "it was started anew and offers that tool differently"))
            }
            return send(call, to: live, for: key)
        case .list, .call, nil: return rest(live)
        }
    }

    private func answered(_ text: String, isError: Bool, _ name: Name) -> [Event] {
        guard let live = live[name], case .call(let key, _, let isNew)? = wishes[name.run] else {
            return []
        }
        wishes[name.run] = nil
        // Rid of secrets while it is whole.
        var output = OutputTail.command
        output.append(Array(redactor.clean(text).utf8))
        let words = isNew ? Self.anewText(name.server) + output.text() : output.text()
        return rest(live) + [Self.answer(key, words, isError: isError)]
    }

    /// The server can be of no more use; whoever waits for it is told.
    private func fail(_ name: Name, _ flaw: ServerFlaw) -> [Event] {
        ends[name, default: 0] += 1
        var events: [Event] = []
        var wasAsked = false
        if let live = live[name] {
            wasAsked = live.server.listing != nil && flaw.kind != .changed
            events += proxies.end(live.proxyKey)
            leave(name)
            if flaw.kind != .silent { try? live.server.kill() }
        }
        let text = redactor.clean(flaw.text)
        switch wishes[name.run] {
        case .list(let key, let servers, let found, let plan)
        where servers.first?.name == name.server:
            let listing = ServerListing(
                name: name.server, tools: [], problem: "\(flaw.kind.rawValue): \(text)")
            return events
                + listNext(key, Array(servers.dropFirst()), found: found + [listing], plan)
        case .call(let key, let call, _) where call.served?.server == name.server:
            wishes[name.run] = nil
            let words = "The server \(name.server) failed (\(flaw.kind.rawValue)): \(text). "
            return events
                + [Self.answer(key, words + (wasAsked ? Self.doubtText : ""), isError: true)]
        case .list, .call, nil: return events
        }
    }

    private static let doubtText =
        "Whether it did what it was asked is not known. The next call starts it anew."

    private static func anewText(_ server: String) -> String {
        "[the server \(server) was started anew for this call; it knows nothing of what was before]\n"
    }

    private static func answer(_ key: Key, _ text: String, isError: Bool) -> Event {
        .toolEnded(
            key.run, key.command, ToolResult(output: text, isError: isError, place: .siblingCage))
    }
}

// MARK: Descriptors

extension ToolServers {
    private func watch(_ live: Live, _ name: Name) throws {
        let output = try watches.add(live.server.cage.outputRaw) { [weak self] _ in
            try self?.read(live, name) ?? []
        }
        live.watches.append(output)
        live.errorWatch = try watches.add(live.server.errorsRaw) { [weak self] _ in
            if !live.server.readErrors(), let watch = live.errorWatch {
                self?.watches.remove(watch)
                live.errorWatch = nil
            }
            return []
        }
        live.watches.append(
            try watches.add(live.server.cage.processRaw) { [weak self] _ in
                try self?.finish(live, name) ?? []
            })
        rewatch(live, name)
    }

    private func read(_ live: Live, _ name: Name) throws -> [Event] {
        guard let words = try live.server.work() else {
            // Its end is told by its process.
            live.watches.first.map(watches.remove)
            return []
        }
        return wrote(words, name, live)
    }

    private func wrote(_ words: [ServerTalk.Word], _ name: Name, _ live: Live) -> [Event] {
        // Of one that leaves nothing more is heard.
        guard self.live[name] === live else { return [] }
        return wrote(words, name)
    }

    private func wrote(_ words: [ServerTalk.Word], _ name: Name) -> [Event] {
        var events: [Event] = []
        for word in words {
            switch word {
            case .ready(let listing): events += took(listing, of: name)
            case .answered(let text, let isError):
                events += answered(text, isError: isError, name)
            case .failed(let flaw): events += fail(name, flaw)
            }
        }
        if let live = live[name] { rewatch(live, name) }
        return events
    }

    /// Watches for room as long as something waits to be written.
    private func rewatch(_ live: Live, _ name: Name) {
        if let watch = live.writeWatch { watches.remove(watch) }
        live.writeWatch = live.server.inputRaw.flatMap { raw in
            try? watches.add(raw, .writable) { [weak self] _ in
                self?.wrote(live.server.write(), name, live) ?? []
            }
        }
    }

    /// Tells a server to end; it is looked after until it is gone.
    private func leave(_ name: Name) {
        guard let live = live.removeValue(forKey: name) else { return }
        if let watch = live.writeWatch { watches.remove(watch) }
        live.writeWatch = nil
        _ = proxies.end(live.proxyKey)
        live.server.end(at: SystemClock.monotonicMilliseconds())
        leaving.append((name, live))
    }

    private func finish(_ live: Live, _ name: Name) throws -> [Event] {
        // What it said last may be the answer.
        var events: [Event] = []
        if self.live[name] === live { events += try read(live, name) }
        guard let end = try live.server.cage.finish() else { return events }
        let obituary = live.server.obituary(end)
        for watch in live.watches + [live.errorWatch, live.writeWatch].compactMap(\.self) {
            watches.remove(watch)
        }
        live.writeWatch = nil
        if self.live[name] === live { events += fail(name, ServerFlaw(.ended, obituary)) }
        leaving.removeAll { $0.live === live }
        return events
    }
}
