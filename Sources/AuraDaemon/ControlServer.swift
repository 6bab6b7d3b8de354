import AuraModel
import AuraSystem
import FoundationEssentials
import Glibc
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOPosix

/// The control API's wire: HTTP/1.1 over the unix socket, each connection known by its peer's uid.
///
/// Runs on NIO's threads; everything that decides anything goes through the `Inbox`.
struct ControlServer: Sendable {
    let service: ControlService
    let socket: String
    let operators: Operators

    /// 1 MiB: the largest body is a definition file, whose own bound is the same.
    static let bodyBytesMax = 1 << 20
    /// 64 MiB: a run as `export` gives it to a client, whose own bound is the same.
    static let bundleBytesMax = 64 << 20

    /// A request with the connection that brought it.
    struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            coreContext = .init(source: source)
            channel = source.channel
        }

        var maxUploadSize: Int { ControlServer.bodyBytesMax }
    }

    /// Serves until its task is cancelled.
    ///
    /// `whenReady` is called once the socket answers.
    func run(whenReady: @escaping @Sendable () -> Void) async throws {
        let configuration = ServerConfiguration(address: .unixDomainSocket(path: socket))
        try await HTTPListener(router(), configuration: configuration).run {
            openSocket()
            whenReady()
        }
    }

    /// The socket is born private; members of the group may connect from here on, and are asked who
    /// they are on every request.
    private func openSocket() {
        guard let group = operators.group, let id = try? UserDatabase.group(named: group)
        else { return }
        // Without membership of the group, in a trial say, the socket stays our own.
        if chown(socket, UInt32.max, id) == 0 { chmod(socket, 0o660) }
    }

    private func router() -> Router<Context> {
        let router = Router(context: Context.self)
        router.add(middleware: UnknownPaths())
        router.get("v1/status") { try await answer($1) { _ in try await service.status() } }
        router.get("v1/automata") { try await answer($1) { _ in try await service.automata() } }
        router.get("v1/automata/:name") { _, context in
            try await answer(context) { _ in
                try await service.automaton(try name(context))
            }
        }
        router.get("v1/automata/:name/:verb") { request, context in
            try await tell(request, context)
        }
        router.get("v1/budget") { request, context in
            try await answer(context) { _ in
                try await service.budgets(query: Query(request), at: SystemClock.now())
            }
        }
        router.get("v1/timeline") { request, context in
            try await answer(context) { _ in try await service.timeline(query: Query(request)) }
        }
        router.post("v1/automata/:name/:verb") { request, context in
            try await answer(context) { principal in
                try await order(request, context, by: principal)
            }
        }
        router.get("v1/runs") { request, context in
            try await answer(context) { _ in
                try await service.runs(query: Query(request))
            }
        }
        router.get("v1/runs/:id") { _, context in
            try await answer(context) { _ in try service.run(try run(context)) }
        }
        router.get("v1/runs/:id/live") { _, context in try await stream(context) }
        router.get("v1/runs/:id/replay") { _, context in
            try await answer(context) { _ in try service.replay(try run(context)) }
        }
        router.get("v1/runs/:id/export") { _, context in
            try await answer(context) { _ in try service.export(try run(context)) }
        }
        router.post("v1/runs/:id/stop") { _, context in
            try await answer(context) { try await service.stop(try run(context), by: $0) }
        }
        router.post("v1/runs/:id/answer") { request, context in
            try await answer(context) { principal in
                let given: OperatorAnswer = try await body(of: request)
                return try await service.answer(try run(context), given.text, by: principal)
            }
        }
        router.post("v1/runs/:id/tell") { request, context in
            try await answer(context) { principal in
                try await service.tell(
                    try run(context), try await body(of: request), by: principal)
            }
        }
        router.get("v1/entries") { request, context in
            try await answer(context) { _ in try await service.entries(query: Query(request)) }
        }
        addRecord(to: router)
        router.post("v1/definitions/verify") { request, context in
            try await answer(context) { _ in
                service.check(try await body(of: request))
            }
        }
        return router
    }

    private func order(
        _ request: Request, _ context: Context, by principal: Principal
    ) async throws -> OrderResult {
        let name = try name(context)
        switch context.parameters.get("verb") ?? "" {
        case "run":
            let given: RunOrder? = try await body(of: request)
            return try await service.run(name, given ?? RunOrder(), by: principal)
        case "stop":
            let given: StopOrder? = try await body(of: request)
            return try await service.stop(name, given ?? StopOrder(), by: principal)
        case "backfill":
            return try await service.backfill(name, try await body(of: request), by: principal)
        case "say":
            return try await service.say(try await body(of: request), to: name, by: principal)
        case "fork":
            return try await service.fork(try await body(of: request), of: name, by: principal)
        case let verb: return try await service.order(verb, name, by: principal)
        }
    }

    private func tell(_ request: Request, _ context: Context) async throws -> Response {
        let query = Query(request)
        switch context.parameters.get("verb") {
        case "occurrences":
            return try await answer(context) { _ in
                try await service.occurrences(of: try name(context), query: query)
            }
        case "explain":
            return try await answer(context) { _ in
                try await service.explain(try name(context), query: query)
            }
        case "threads":
            return try await answer(context) { _ in
                try await service.threads(of: try name(context))
            }
        case "messages":
            return try await answer(context) { _ in
                try await service.messages(of: try name(context), query: query)
            }
        case let what:
            return try Self.response(
                .notFound, APIError(.notFound, "an automaton has no '\(what ?? "")' to read"))
        }
    }

    private func addRecord(to router: Router<Context>) {
        router.get("v1/record/verify") { request, context in
            try await answer(context) { _ in try service.verify(query: Query(request)) }
        }
        router.post("v1/record/backup") { request, context in
            try await answer(context) { _ in
                try service.backup(try await body(of: request))
            }
        }
        router.post("v1/record/prune") { request, context in
            try await answer(context) { principal in
                try await service.prune(try await body(of: request), by: principal)
            }
        }
        router.post("v1/record/replay") { request, context in
            try await answer(context) { _ in
                let bundle: RunBundle = try await body(
                    of: request, bytesMax: Self.bundleBytesMax)
                return try service.replay(bundle)
            }
        }
        router.get("v1/record/key") { try await answer($1) { _ in service.key() } }
        router.get("v1/record/proof") { request, context in
            try await answer(context) { _ in try service.proof(query: Query(request)) }
        }
        router.get("v1/record/consistency") { request, context in
            try await answer(context) { _ in try service.consistency(query: Query(request)) }
        }
    }

    /// Lets an operator in, makes the answer, and turns every failure into an `APIError`.
    private func answer(
        _ context: Context, _ make: (Principal) async throws -> some Encodable
    ) async throws -> Response {
        do {
            return try Self.response(.ok, try await make(try await principal(context)))
        } catch let error as APIError {
            return try Self.response(error.status, error)
        } catch {
            return try Self.response(
                .internalServerError, APIError(.internalError, "\(error)"))
        }
    }

    private func principal(_ context: Context) async throws -> Principal {
        let peer = try await Self.peer(of: context.channel)
        guard let principal = operators.principal(of: peer) else {
            throw operators.refusal(of: peer)
        }
        return principal
    }

    /// Lets an operator in and sends what models say, until the run is over or nobody reads.
    private func stream(_ context: Context) async throws -> Response {
        do {
            _ = try await principal(context)
            let run = try run(context)
            _ = try service.run(run)
            let executor = LoopExecutor(context.channel.eventLoop)
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream"],
                body: .init { writer in
                    try await withTaskExecutorPreference(executor) {
                        var reading = LiveReading(run: run)
                        while let events = try await service.next(&reading) {
                            try await writer.write(ByteBuffer(string: events))
                        }
                    }
                    try await writer.finish(nil)
                })
        } catch let error as APIError {
            return try Self.response(error.status, error)
        }
    }

    fileprivate static func response(
        _ status: HTTPResponse.Status, _ value: some Encodable
    ) throws -> Response {
        let bytes = try JSON.encode(value)
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Who connected, by the kernel's word: SO_PEERCRED, unix(7).
    private static func peer(of channel: any Channel) async throws -> UInt32 {
        guard let provider = channel as? any SocketOptionProvider else {
            throw APIError(.denied, "the connection has no peer credentials")
        }
        let credentials: PeerCredentials = try await provider.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: PeerCredentials.option)
        ).get()
        return credentials.user
    }

    private func name(_ context: Context) throws -> AutomatonName {
        let text = context.parameters.get("name") ?? ""
        guard let name = AutomatonName(text) else {
            throw APIError(
                .notFound, "'\(text)' is no automaton's name", hint: "aura-ctl list")
        }
        return name
    }

    private func run(_ context: Context) throws -> RunID {
        let text = context.parameters.get("id") ?? ""
        guard let run = RunID(text) else {
            throw APIError(.notFound, "'\(text)' is no run's id", hint: "aura-ctl runs")
        }
        return run
    }

    private func body<Value: Decodable>(
        of request: Request, bytesMax: Int = Self.bodyBytesMax
    ) async throws -> Value {
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: bytesMax)
        } catch is NIOTooManyBytesError {
            throw APIError(.badRequest, "the request's body is larger than \(bytesMax) bytes")
        }
        do {
            // No body at all is no value, where that is allowed.
            let view = Array(bytes.readableBytesView)
            return try JSON.decode(Value.self, from: view.isEmpty ? Array("null".utf8) : view)
        } catch {
            throw APIError(.badRequest, "the request's body does not fit: \(error)")
        }
    }
}

/// Answers what has no route as every other error is answered.
private struct UnknownPaths: RouterMiddleware {
    func handle(
        _ request: Request, context: ControlServer.Context,
        next: (Request, ControlServer.Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return try ControlServer.response(
                .notFound,
                APIError(.notFound, "there is no \(request.method) \(request.uri.path)"))
        }
    }
}

/// The layout of `struct ucred`, unix(7): pid, uid, gid.
private struct PeerCredentials {
    var process: Int32 = 0
    var user: UInt32 = 0
    var group: UInt32 = 0

    /// SO_PEERCRED on Linux.
    static let option: CInt = 17
}

extension APIError {
    fileprivate var status: HTTPResponse.Status {
        switch code {
        case .notFound: .notFound
        case .badRequest: .badRequest
        case .denied: .forbidden
        case .conflict, .refused: .conflict
        case .unavailable: .serviceUnavailable
        case .internalError: .internalServerError
        }
    }
}

/// The query of a request, by name.
struct Query {
    private let values: [String: String]

    /// The query of `request`; of a repeated name the last value counts.
    init(_ request: Request) {
        var values: [String: String] = [:]
        for (name, value) in request.uri.queryParameters {
            values[String(name)] = String(value)
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }

    /// A whole number, `standard` when the name is absent, never outside `range`.
    func number(_ name: String, _ standard: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = values[name] else { return standard }
        guard let number = Int(text) else {
            throw APIError(.badRequest, "'\(name)' is a whole number, not '\(text)'")
        }
        return min(max(number, range.lowerBound), range.upperBound)
    }
}
