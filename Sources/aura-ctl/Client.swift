import AuraModel
import Glibc

/// HTTP to the daemon over its unix socket.
///
/// One connection for each request: the socket is local.
struct Client {
    let socket: String

    /// Half a minute: far above what any read takes on a loaded host; a walk over the record says
    /// otherwise.
    static let patience = Milliseconds.seconds(30)

    /// 64 MiB: a thousand entries, each with a model's answer in it, stay far below.
    static let answerBytesMax = 64 << 20

    /// 0.1 s: how often `tick` is asked, and a spinner turns.
    private static let tickMilliseconds: CInt = 100

    /// GET of `path`.
    func get<Value: Decodable>(
        _ path: String, _ query: [(String, String)] = [], as type: Value.Type = Value.self,
        patience: Milliseconds = Self.patience
    ) throws -> Value {
        let answer = try exchange(path, query, body: nil, patience: patience) { true }
        guard let answer else { throw Failure(.internalError, .internalError, "lost an answer") }
        return try decode(type, answer)
    }

    /// GET of `path` that may take long: nil as soon as `tick` is false, which is asked ten times a
    /// second.
    func poll<Value: Decodable>(
        _ path: String, _ query: [(String, String)], as type: Value.Type = Value.self,
        patience: Milliseconds, tick: () -> Bool
    ) throws -> Value? {
        let answer = try exchange(path, query, body: nil, patience: patience, tick: tick)
        return try answer.map { try decode(type, $0) }
    }

    /// POST of `body` to `path`.
    func post<Value: Decodable>(
        _ path: String, _ body: (some Encodable)? = String?.none,
        as type: Value.Type = Value.self, patience: Milliseconds = Self.patience
    ) throws -> Value {
        let bytes = try body.map { [UInt8](try JSON.encode($0)) } ?? []
        let answer = try exchange(path, [], body: bytes, patience: patience) { true }
        guard let answer else { throw Failure(.internalError, .internalError, "lost an answer") }
        return try decode(type, answer)
    }

    // MARK: One exchange

    private struct Answer {
        let status: Int
        let bytes: [UInt8]
    }

    /// Asks and waits for the answer; nil when `tick` ended that.
    private func exchange(
        _ path: String, _ query: [(String, String)], body: [UInt8]?, patience: Milliseconds,
        tick: () -> Bool
    ) throws -> Answer? {
        let start = Clock.monotonic()
        do throws(Exchange.Trouble) {
            let exchange = try Exchange(
                body == nil ? "GET" : "POST", path + Self.text(of: query), body: body, at: socket,
                answerBytesMax: Self.answerBytesMax)
            while !(try exchange.advance()) {
                guard Clock.monotonic().count - start.count < patience.count else { break }
                exchange.wait(milliseconds: Self.tickMilliseconds)
                guard tick() else { return nil }
            }
            if exchange.isWhole {
                return Answer(status: exchange.status, bytes: exchange.takeBody())
            }
        } catch {
            throw failure(error)
        }
        throw Failure(
            .retryLater, .unavailable,
            "aurad does not answer within \(HumanText.span(patience))",
            hint: "systemctl status aurad")
    }

    private static func text(of query: [(String, String)]) -> String {
        // Names and values are made of letters, digits and hyphens; see `AutomatonName` and `RunID`.
        query.isEmpty ? "" : "?" + query.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    // MARK: Errors

    private func decode<Value: Decodable>(_ type: Value.Type, _ answer: Answer) throws -> Value {
        guard (200..<300).contains(answer.status) else {
            if let error = try? JSON.decode(APIError.self, from: answer.bytes) {
                throw Failure(error)
            }
            throw Failure(
                .internalError, .internalError,
                "aurad answered HTTP \(answer.status) without a reason",
                hint: "journalctl -u aurad -n 20")
        }
        do {
            return try JSON.decode(type, from: answer.bytes)
        } catch {
            throw Failure(
                .internalError, .internalError,
                "aurad's answer is not understood: \(SafeText.brief("\(error)"))",
                // After an upgrade the old daemon may still run.
                hint: "systemctl restart aurad")
        }
    }

    private func failure(_ trouble: Exchange.Trouble) -> Failure {
        let reason: String
        switch trouble {
        case .unreachable(EACCES):
            let names = SocketAccess.names(of: socket)
            return Failure(
                .denied, .denied, "not permitted to use \(socket)",
                hint: "sudo adduser \(names.user) \(names.group), then log in again")
        case .unreachable(let code), .broken(let code):
            reason = String(cString: strerror(code))
        case .answer(.cut): reason = "it closed the connection before its answer was whole"
        case .answer(.malformed(let what)):
            return Failure(
                .internalError, .internalError,
                "what answers at \(socket) does not speak HTTP: \(what)",
                hint: "aura-ctl --socket PATH names another socket")
        case .answer(.tooLarge(let bytesMax)):
            return Failure(
                .internalError, .internalError,
                "aurad's answer is larger than \(bytesMax >> 20) MiB",
                hint: "ask for less: one run, or fewer entries")
        }
        return Failure(
            .unreachable, .unavailable, "aurad cannot be reached at \(socket): \(reason)",
            hint: "systemctl start aurad")
    }
}

/// Who may use the socket, for a hint.
enum SocketAccess {
    /// The caller's name, and the group of the socket or of the directory that hides it.
    static func names(of socket: String) -> (user: String, group: String) {
        let user =
            getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) }
            ?? String(geteuid())
        let directory = socket.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        for path in [socket, directory] {
            var status = stat()
            if stat(path, &status) == 0, status.st_gid != 0, let group = getgrgid(status.st_gid) {
                return (user, String(cString: group.pointee.gr_name))
            }
        }
        return (user, "aura")
    }
}
