import AuraHTTP
import AuraModel
import AuraSupervision
import AuraSystem

/// The proxies of cages: programs inside speak to a listener on their own loopback, aurad accepts,
/// and what they ask for is judged, recorded and made here.
///
/// Nothing of it waits: every connection has a bounded buffer each way and a deadline.
final class Proxies {
    /// Names a command of a run.
    typealias Key = CageRunner.Key

    private final class Client {
        let connection: ProxyClient
        let key: Key
        /// Set once it has asked.
        var request: WebRequest?
        /// Whether an entry says that the request is made.
        var isMade = false
        var socketWatch: UInt64?
        var serverWatch: UInt64?

        init(_ connection: ProxyClient, _ key: Key) {
            self.connection = connection
            self.key = key
        }
    }

    private final class Session {
        let grants: [FetchGrant]
        /// Where the listener comes from, and then the listener itself.
        var descriptor: OwnedDescriptor
        var isListening = false
        var watch: UInt64?
        var clients: Set<Dialer.ID> = []
        /// The number of the newest one.
        var requests: Int
        /// Bytes of connections that are over.
        var sent = 0
        var received = 0
        /// When the second began in which so many connections were taken.
        var secondAt = 0
        var taken = 0
        /// Until when no connection is taken.
        var restUntil: Int?

        init(_ descriptor: consuming OwnedDescriptor, _ grants: [FetchGrant], after requests: Int) {
            self.descriptor = descriptor
            self.grants = grants
            self.requests = requests
        }
    }

    /// 16 connections in a turn: who floods waits, and nobody else does.
    private static let turnMax = 16
    private static let secondMilliseconds = 1000

    private let watches: Watches
    private let redactor: Redactor
    private let limits: ProxyLimits
    private var dialer: Dialer?
    private var descriptors: CurlWatches?
    private var sessions: [Key: Session] = [:]
    private var clients: [Dialer.ID: Client] = [:]
    private var last: Dialer.ID = 0

    /// No cage has a proxy yet.
    init(watches: Watches, redactor: Redactor, limits: ProxyLimits) {
        self.watches = watches
        self.redactor = redactor
        self.limits = limits
        let descriptors = CurlWatches(watches: watches) { [weak self] in
            self?.dialer?.socketReady($0, readable: $1, writable: $2)
            return self?.takeDialled() ?? []
        }
        self.descriptors = descriptors
        var dialled = FetchLimits()
        dialled.connect = limits.connectTime
        dialer = Dialer(
            limits: dialled, now: { Milliseconds(SystemClock.monotonicMilliseconds()) },
            watch: { [weak descriptors] in descriptors?.watch($0, read: $1, write: $2) })
    }

    /// Serves the cage of a command, whose listener comes on `channel`, and stays there for a later
    /// daemon.
    ///
    /// One that an earlier daemon has served has told of so many `requests` before, or fewer; the
    /// bytes of its connections are counted anew.
    func begin(
        _ key: Key, _ channel: consuming OwnedDescriptor, _ grants: [FetchGrant],
        after requests: Int = 0
    ) throws {
        let session = Session(channel, grants, after: requests)
        sessions[key] = session
        session.watch = try watches.add(session.descriptor.raw) { [weak self] _ in
            self?.takeListener(key)
            return []
        }
    }

    /// Ends all that the cage of a command has open: it is gone.
    func end(_ key: Key) -> [Event] {
        guard let session = sessions[key] else { return [] }
        let events = session.clients.sorted().flatMap { end($0, failure: "the command ended") }
        if let watch = session.watch { watches.remove(watch) }
        sessions[key] = nil
        return events
    }

    /// Counts what the cage asks for from now on to another command; what it has open is closed.
    func pass(from old: Key, to new: Key) -> [Event] {
        guard let session = sessions[old] else { return [] }
        let events = session.clients.sorted().flatMap { end($0, failure: "the call ended") }
        sessions[old] = nil
        sessions[new] = session
        if let watch = session.watch { watches.remove(watch) }
        session.watch = nil
        if session.isListening {
            if session.restUntil == nil { listen(new, session) }
        } else {
            session.watch = try? watches.add(session.descriptor.raw) { [weak self] _ in
                self?.takeListener(new)
                return []
            }
        }
        return events
    }

    /// Goes on with a request that is in the record, or tells why it is not made.
    func decide(_ run: RunID, _ request: WebRequest, refusal: WebRequestRefusal?) -> [Event] {
        let key = Key(run: run, command: request.command)
        let waiting = sessions[key]?.clients.first {
            clients[$0]?.request?.number == request.number
        }
        guard let id = waiting, let client = clients[id], let grants = sessions[key]?.grants
        else {
            // Made, as far as the record knows, and gone in the meantime.
            return refusal == nil ? [.requestEnded(run, Self.gone(request))] : []
        }
        if let refusal {
            client.connection.refuse(
                refusal.retryAfter == nil ? 403 : 429, refusal.reason,
                retryAfter: refusal.retryAfter)
            rewatch(id, client)
            return []
        }
        client.isMade = true
        guard let url = try? FetchURL(request.url) else { return end(id, failure: "no address") }
        dialer?.start(id, url.origin, granted: grants.proxied)
        return takeDialled()
    }

    /// Monotonic milliseconds at which something is to be done.
    var nextDeadline: Int? {
        let waits = clients.values.lazy.map(\.connection.deadline).filter { $0 != .max }
        let rests = sessions.values.lazy.compactMap(\.restUntil)
        return [waits.min(), rests.min(), dialer?.due?.count].compactMap { $0 }.min()
    }

    /// Does what is due.
    func wake() -> [Event] {
        guard let due = nextDeadline else { return [] }
        let now = SystemClock.monotonicMilliseconds()
        guard due <= now else { return [] }
        var events: [Event] = []
        if let due = dialer?.due?.count, due <= now {
            dialer?.timerFired()
            events += takeDialled()
        }
        for (id, client) in clients where client.connection.deadline <= now {
            events += follow(id, client, client.connection.expire())
        }
        for (key, session) in sessions where session.restUntil.map({ $0 <= now }) ?? false {
            session.restUntil = nil
            listen(key, session)
        }
        return events
    }

    // MARK: Connections of programs

    private func takeListener(_ key: Key) {
        guard let session = sessions[key] else { return }
        do throws(SystemError) {
            guard let listener = try StreamSocket.peekDescriptor(session.descriptor.raw) else {
                return
            }
            if let watch = session.watch { watches.remove(watch) }
            session.descriptor = listener
            session.isListening = true
            listen(key, session)
        } catch {
            // The cage was not built; its end says why.
            if let watch = session.watch { watches.remove(watch) }
            session.watch = nil
        }
    }

    private func listen(_ key: Key, _ session: Session) {
        guard session.isListening else { return }
        session.watch = try? watches.add(session.descriptor.raw) { [weak self] _ in
            self?.accept(key)
            return []
        }
    }

    private func accept(_ key: Key) {
        guard let session = sessions[key] else { return }
        let now = SystemClock.monotonicMilliseconds()
        if now - session.secondAt >= Self.secondMilliseconds {
            (session.secondAt, session.taken) = (now, 0)
        }
        for _ in 0..<Self.turnMax {
            do throws(SystemError) {
                guard session.taken < limits.connectionsPerSecond else { return rest(session) }
                guard let socket = try StreamSocket.accept(session.descriptor.raw) else { return }
                take(ProxyClient(socket, limits), key, session)
            } catch {
                // Out of descriptors, for one: it would be as ready at once.
                return rest(session)
            }
        }
    }

    private func rest(_ session: Session) {
        if let watch = session.watch { watches.remove(watch) }
        session.watch = nil
        session.restUntil = session.secondAt + Self.secondMilliseconds
    }

    private func take(_ connection: ProxyClient, _ key: Key, _ session: Session) {
        session.taken += 1
        guard session.clients.count < limits.connections else {
            return connection.refuse(
                503, "at most \(limits.connections) connections at once", retryAfter: .seconds(1))
        }
        last += 1
        let client = Client(connection, key)
        clients[last] = client
        session.clients.insert(last)
        rewatch(last, client)
    }

    private func work(_ id: Dialer.ID) -> [Event] {
        guard let client = clients[id] else { return [] }
        return follow(id, client, client.connection.work())
    }

    private func follow(
        _ id: Dialer.ID, _ client: Client, _ step: ProxyClient.Step
    ) -> [Event] {
        guard let session = sessions[client.key] else { return [] }
        switch step {
        case .end(let failure): return end(id, failure: failure)
        case .ask(let head):
            defer { rewatch(id, client) }
            guard !redactor.finds(in: head.url.target) else {
                client.connection.refuse(403, "the request holds a known secret")
                return []
            }
            session.requests += 1
            let request = WebRequest(
                command: client.key.command, number: session.requests,
                way: head.method == nil ? .tunnel : .proxy,
                method: head.method?.rawValue ?? "CONNECT",
                url: head.method == nil ? head.url.origin.text : head.url.text)
            client.request = request
            return [.requestWanted(client.key.run, request)]
        case .wait:
            if let excess = excess(of: session) { return end(id, failure: excess) }
            rewatch(id, client)
            return []
        }
    }

    /// Why the command's connections may go on no longer; nil when they may.
    private func excess(of session: Session) -> String? {
        let open = session.clients.lazy.compactMap { self.clients[$0]?.connection }
        if session.sent + open.map(\.sent).reduce(0, +) > limits.sentBytes {
            return "more than \(SizeText.format(limits.sentBytes)) sent by the command"
        }
        guard session.received + open.map(\.received).reduce(0, +) > limits.receivedBytes
        else { return nil }
        return "more than \(SizeText.format(limits.receivedBytes)) received by the command"
    }

    private func takeDialled() -> [Event] {
        (dialer?.takeFinished() ?? []).flatMap { id, result -> [Event] in
            guard let client = clients[id] else {
                if case .success(let raw) = result { _ = OwnedDescriptor(adopting: raw) }
                return []
            }
            switch result {
            case .success(let raw):
                return follow(id, client, client.connection.connect(OwnedDescriptor(adopting: raw)))
            case .failure(let failure):
                let (status, why) =
                    switch failure {
                    case .refused(let why): (403, why)
                    case .failed(let why): (502, why)
                    }
                client.connection.refuse(status, why)
                client.isMade = false
                rewatch(id, client)
                return ended(client, failure: why)
            }
        }
    }

    private func end(_ id: Dialer.ID, failure: String?) -> [Event] {
        guard let client = clients.removeValue(forKey: id) else { return [] }
        dialer?.cancel(id)
        for watch in [client.socketWatch, client.serverWatch] { watch.map(watches.remove) }
        if let session = sessions[client.key] {
            session.clients.remove(id)
            session.sent += client.connection.sent
            session.received += client.connection.received
        }
        return client.isMade ? ended(client, failure: failure) : []
    }

    private func ended(_ client: Client, failure: String?) -> [Event] {
        guard let request = client.request else { return [] }
        let connection = client.connection
        return [
            .requestEnded(
                client.key.run,
                WebRequestEnd(
                    command: request.command, number: request.number, status: connection.status,
                    failure: failure, sent: connection.sent, received: connection.received,
                    took: connection.took))
        ]
    }

    private static func gone(_ request: WebRequest) -> WebRequestEnd {
        WebRequestEnd(
            command: request.command, number: request.number,
            failure: "not made: the program was gone")
    }

    // MARK: Watching

    private func rewatch(_ id: Dialer.ID, _ client: Client) {
        let connection = client.connection
        watch(id, connection.socketRaw, connection.socketInterest, &client.socketWatch)
        if let raw = connection.serverRaw {
            watch(id, raw, connection.serverInterest, &client.serverWatch)
        }
    }

    /// Without an interest not at all: a hang-up would be told at every wait.
    private func watch(
        _ id: Dialer.ID, _ raw: Int32, _ interest: Reactor.Interest, _ token: inout UInt64?
    ) {
        if let known = token {
            if interest.isEmpty {
                watches.remove(known)
                token = nil
            } else {
                try? watches.modify(known, interest)
            }
        } else if !interest.isEmpty {
            token = try? watches.add(raw, interest) { [weak self] _ in self?.work(id) ?? [] }
        }
    }
}
