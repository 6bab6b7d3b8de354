import AuraModel
import AuraSupervision
import AuraSystem
import Crypto
import Hummingbird
import HummingbirdCore
import NIOCore

/// Takes deliveries on a loopback address, `POST /hooks/NAME`, and answers each once it is durable.
///
/// Whoever does not prove to know a hook's secret learns nothing: not whether there is such a hook,
/// nor anything else. Runs on NIO's threads; what a delivery means the kernel decides.
struct HookServer: Sendable {
    let inbox: Inbox
    let settings: HookSettings
    let keys: HookKeys
    private let gate = HookGate()

    /// 1 MiB: what GitHub sends of a push is some tens of kilobytes.
    static let bodyBytesMax = 1 << 20
    /// 64: further ones wait for the kernel's backlog; a proxy in front needs a few.
    private static let connectionsMax = 64
    /// 30 s: a sender that says nothing for so long is not one.
    private static let idleTimeout = TimeAmount.seconds(30)

    init(inbox: Inbox, settings: HookSettings, credentials: Credentials) {
        self.inbox = inbox
        self.settings = settings
        keys = HookKeys(credentials: credentials)
    }

    /// An answer that is not 202.
    private struct Refusal: Error {
        var status: HTTPResponse.Status
        var message: String
        var retryAfter: Int?

        init(_ status: HTTPResponse.Status, _ message: String, retryAfter: Int? = nil) {
            self.status = status
            self.message = message
            self.retryAfter = retryAfter
        }
    }

    /// What a sender is told.
    private struct Answer: Encodable {
        var message: String
        var run: RunID?
        /// Whether the delivery came before.
        var duplicate: Bool?
    }

    /// Serves until its task is cancelled; `whenReady` is called once the address answers.
    func run(whenReady: @escaping @Sendable () -> Void) async throws {
        let configuration = ServerConfiguration(
            address: .hostname(settings.host, port: settings.port),
            availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionsMax))
        try await HTTPListener(
            router(), configuration: configuration, idleTimeout: Self.idleTimeout
        ).run(whenReady: whenReady)
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: NothingElse())
        router.post("hooks/:name") { request, context in
            do {
                return try await answer(request, context.parameters.get("name") ?? "")
            } catch let refusal as Refusal {
                return try Self.response(
                    refusal.status, Answer(message: refusal.message),
                    retryAfter: refusal.retryAfter)
            } catch let error as APIError {
                // Nobody could be asked: aurad is stopping, or has too much to do.
                return try Self.response(
                    .serviceUnavailable, Answer(message: error.message), retryAfter: 60)
            }
        }
        return router
    }

    /// A response with a value as JSON.
    fileprivate static func response(
        _ status: HTTPResponse.Status, _ value: some Encodable, retryAfter: Int? = nil
    ) throws -> Response {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        return Response(
            status: status, headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: try JSON.encode(value))))
    }

    // MARK: One delivery

    private func answer(_ request: Request, _ text: String) async throws -> Response {
        let now = SystemClock.monotonicMilliseconds()
        // Before anything is done for somebody who may be anybody.
        guard gate.admit(.all, perMinute: settings.requestsPerMinute, at: now) else {
            throw Self.tooMany
        }
        let body = try await self.body(of: request)
        let name = AutomatonName(text)
        let hook = try await inbox.ask { kernel in name.flatMap { kernel.hook(of: $0) } }.get()
        guard let name, let hook, keys.isProven(request.headers, body, hook) else {
            if hook == nil { keys.spendTime(on: body) }
            throw Refusal(.unauthorized, "no hook of that name knows this signature")
        }
        guard gate.admit(.hook(name), perMinute: settings.deliveriesPerMinute, at: now) else {
            throw Self.tooMany
        }
        let delivery = try read(request.headers, body, hook)
        switch delivery {
        case .ignored(let why):
            return try Self.response(.ok, Answer(message: "ignored: \(why)"))
        case .delivery(let delivery): return try await deliver(delivery, to: name)
        }
    }

    private static let tooMany = Refusal(
        .tooManyRequests, "too many deliveries; try again in a minute", retryAfter: 60)

    private func body(of request: Request) async throws -> [UInt8] {
        let tooLarge = Refusal(
            .contentTooLarge, "the body is larger than \(HumanText.bytes(Self.bodyBytesMax))")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }),
            length > Self.bodyBytesMax
        {
            throw tooLarge
        }
        do {
            return Array(try await request.body.collect(upTo: Self.bodyBytesMax).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    private enum Reading {
        case ignored(String)
        case delivery(HookDelivery)
    }

    private func read(
        _ headers: HTTPFields, _ body: [UInt8], _ hook: WebhookTrigger
    ) throws -> Reading {
        if headers[header: .event] == "ping" { return .ignored("a ping is no event") }
        guard let id = headers[header: .delivery] ?? headers[header: .idempotencyKey],
            HookDelivery.isID(id)
        else {
            throw Refusal(
                .unprocessableContent,
                "a delivery needs an id of its own in X-GitHub-Delivery or Idempotency-Key, "
                    + "at most \(HookDelivery.idBytesMax) characters")
        }
        guard let value = try? JSON.decode(JSONValue.self, from: body) else {
            throw Refusal(
                .unprocessableContent,
                "the body is no JSON; a sender has to use the content type application/json")
        }
        if let why = hook.mismatch(in: value) { return .ignored(why) }
        let digest = SHA256.hash(data: body).map { String(byte: $0) }.joined()
        return .delivery(
            HookDelivery(id: id, digest: digest, inputs: hook.values(in: value)))
    }

    /// Answers after the commit: what is accepted here has happened, and happens once.
    private func deliver(_ delivery: HookDelivery, to name: AutomatonName) async throws -> Response
    {
        do {
            let result = try await inbox.order(.deliver(name, delivery), by: .daemon).get()
            return try Self.response(
                .accepted,
                Answer(message: result.message, run: result.run, duplicate: !result.changed))
        } catch let error as APIError {
            let text = error.message
            switch error.code {
            case .notFound: throw Refusal(.notFound, text)
            case .badRequest, .conflict, .refused, .denied:
                throw Refusal(.unprocessableContent, text)
            case .unavailable, .internalError:
                throw Refusal(.serviceUnavailable, text, retryAfter: 60)
            }
        }
    }
}

/// Answers what has no route in a line.
private struct NothingElse: RouterMiddleware {
    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return try HookServer.response(
                .notFound, ["message": "there is nothing but POST \(WebhookTrigger.pathPrefix)NAME"]
            )
        }
    }
}

/// The headers that senders of hooks agree on.
private enum HookHeader: String {
    case event = "X-GitHub-Event"
    case delivery = "X-GitHub-Delivery"
    case idempotencyKey = "Idempotency-Key"
    case signature = "X-Hub-Signature-256"
    case authorization = "Authorization"
}

extension HTTPFields {
    /// The value of a header, of several one after the other; nil when there is none.
    fileprivate subscript(header header: HookHeader) -> String? {
        HTTPFields.Element.Name(header.rawValue).flatMap { self[$0] }
    }
}

/// Tells who knows the secret of a hook, in a time that says nothing of it.
struct HookKeys: Sendable {
    let credentials: Credentials
    private let decoy = SymmetricKey(size: .bits256)

    /// 16 bytes: less can be guessed by who may try some hundred thousand times a day.
    static let secretBytesMin = 16
    /// The name of a credential that nobody has.
    private static let nobody = "aura-hook-of-nobody"

    init(credentials: Credentials) { self.credentials = credentials }

    /// Whether the sender of `body` proved to know the hook's secret.
    func isProven(_ headers: HTTPFields, _ body: [UInt8], _ hook: WebhookTrigger) -> Bool {
        let secret = Self.trimmed(credentials.secret(hook.secret) ?? [])
        guard secret.count >= Self.secretBytesMin else { return false }
        switch hook.proof {
        case .signature:
            guard let given = headers[header: .signature], let code = Self.code(given) else {
                return false
            }
            return HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: body, using: SymmetricKey(data: secret))
        case .bearer:
            guard let given = headers[header: .authorization], given.hasPrefix("Bearer ") else {
                return false
            }
            // Of one length, whatever was given: the comparison stops nowhere.
            let code = HMAC<SHA256>.authenticationCode(
                for: Array(given.utf8.dropFirst(7)), using: decoy)
            return HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: secret, using: decoy)
        }
    }

    /// Does for a hook that is not there what would be done for one that is.
    func spendTime(on body: [UInt8]) {
        _ = credentials.secret(Self.nobody)
        _ = HMAC<SHA256>.authenticationCode(for: body, using: decoy)
    }

    /// Reads the secrets of all hooks, so that they are known wherever they turn up; says on standard
    /// error which of them are none.
    func learn(_ definitions: [Definition]) {
        for definition in definitions {
            guard case .webhook(let hook)? = definition.firing?.trigger,
                let problem = problem(of: hook)
            else { continue }
            StandardError.write("aurad: warning: hook of \(definition.name): \(problem)")
        }
    }

    /// Why nobody can prove anything to the hook; nil when somebody can.
    func problem(of hook: WebhookTrigger) -> String? {
        guard let secret = credentials.secret(hook.secret) else {
            return
                "no delivery is taken: there is no credential '\(hook.secret)' that only aurad can read"
        }
        guard Self.trimmed(secret).count >= Self.secretBytesMin else {
            return "no delivery is taken: the credential '\(hook.secret)' is shorter than "
                + "\(Self.secretBytesMin) bytes"
        }
        return nil
    }

    /// An editor ends the file with a line's end.
    private static func trimmed(_ secret: [UInt8]) -> [UInt8] {
        let end = secret.lastIndex { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return end.map { Array(secret[...$0]) } ?? []
    }

    /// The 32 bytes of `sha256=HEX`.
    private static func code(_ text: String) -> [UInt8]? {
        guard text.hasPrefix("sha256=") else { return nil }
        let digits = text.utf8.dropFirst(7).map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high * 16 + low))
        }
        return bytes
    }
}
