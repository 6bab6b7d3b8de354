import AuraModel
import AuraReasoner
import Glibc

/// The smallest event loop that can drive a `Reasoner`.
final class PollLoop {
    private(set) var watched: [Int32: Int16] = [:]
    private var due: ContinuousClock.Instant?
    private var calls: UInt64 = 0

    typealias Outcome = Result<ModelAnswer, ModelFailure>

    /// An engine on this loop.
    func reasoner(
        _ settings: [String: ReasonerSettings], scripts: [String: Script] = [:],
        credentials: @escaping (String) -> [UInt8]? = { _ in Array((FakeServer.key + "\n").utf8) }
    ) -> Reasoner {
        Reasoner(
            settings: settings, credentials: credentials, scripts: scripts,
            watch: { [self] descriptor, read, write in
                let events = Int16(read ? POLLIN : 0) | Int16(write ? POLLOUT : 0)
                watched[descriptor] = events == 0 ? nil : events
            },
            arm: { [self] milliseconds in
                due = milliseconds.map { .now + .milliseconds($0) }
            })
    }

    /// Turns until `count` calls are finished, or for `limit`, which only a fault reaches.
    func run(
        _ reasoner: Reasoner, until count: Int, limit: Duration = .seconds(60)
    ) -> [CallID: Outcome] {
        let end = ContinuousClock.now + limit
        var outcomes: [CallID: Outcome] = [:]
        while outcomes.count < count, .now < end {
            turn(reasoner, until: end)
            for (id, outcome) in reasoner.takeFinished() { outcomes[id] = outcome }
        }
        return outcomes
    }

    /// Waits once for the timer or for descriptors, at most until `end`.
    func turn(_ reasoner: Reasoner, until end: ContinuousClock.Instant) {
        var polls = watched.map { pollfd(fd: $0.key, events: $0.value, revents: 0) }
        let wait = min(due ?? end, end) - .now
        let milliseconds = max(0, wait / .milliseconds(1)).rounded(.up)
        poll(&polls, nfds_t(polls.count), Int32(min(milliseconds, 1000)))
        for ready in polls where ready.revents != 0 {
            let isBroken = Int32(ready.revents) & (POLLERR | POLLHUP) != 0
            reasoner.socketReady(
                ready.fd, readable: isBroken || Int32(ready.revents) & POLLIN != 0,
                writable: isBroken || Int32(ready.revents) & POLLOUT != 0)
        }
        if let due, due <= .now {
            self.due = nil
            reasoner.timerFired()
        }
    }

    /// Turns until no descriptor is watched: nothing is under way any more.
    func settle(_ reasoner: Reasoner) {
        let end = ContinuousClock.now + .seconds(60)
        while !watched.isEmpty, .now < end { turn(reasoner, until: end) }
    }

    /// Asks each of `reasoners` once, all at the same time, and waits for all.
    func ask(_ reasoner: Reasoner, _ names: [String], _ request: ModelRequest) -> [String: Outcome]
    {
        var asked: [CallID: String] = [:]
        for name in names {
            calls += 1
            asked[CallID(calls)] = name
            reasoner.start(call: CallID(calls), reasoner: name, request: request, in: "run")
        }
        var outcomes: [String: Outcome] = [:]
        for (id, outcome) in run(reasoner, until: names.count) {
            if let name = asked[id] { outcomes[name] = outcome }
        }
        return outcomes
    }
}

extension ModelRequest {
    /// A conversation of one question.
    static func saying(_ text: String) -> Self {
        Self(
            system: "Test.", messages: [Message(role: .user, content: [.text(text)])],
            tools: [
                ToolSchema(
                    name: "read_file", description: "Reads.",
                    input: .object(["type": .string("object")]))
            ], answerTokensMax: 100)
    }
}
