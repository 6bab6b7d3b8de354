import AuraModel
import CCurl
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

    /// Collects what curl delivers.
    private final class Answer {
        var status = 0
        var bytes: [UInt8] = []
    }

    private func exchange(
        _ path: String, _ query: [(String, String)], body: [UInt8]?, patience: Milliseconds,
        tick: () -> Bool
    ) throws -> Answer? {
        guard let easy = curl_easy_init(), let multi = curl_multi_init() else {
            throw Failure(.internalError, .internalError, "libcurl does not start")
        }
        let answer = Answer()
        let headers = curl_slist_append(nil, "Content-Type: application/json")
        defer {
            curl_multi_remove_handle(multi, easy)
            curl_easy_cleanup(easy)
            curl_multi_cleanup(multi)
            curl_slist_free_all(headers)
        }
        aura_curl_set_text(easy, CURLOPT_URL, "http://aurad" + path + Self.text(of: query))
        aura_curl_set_text(easy, CURLOPT_UNIX_SOCKET_PATH, socket)
        // A proxy in the environment is not for this.
        aura_curl_set_text(easy, CURLOPT_PROXY, "")
        aura_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        aura_curl_set_list(easy, CURLOPT_HTTPHEADER, headers)
        if let body {
            aura_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            body.withUnsafeBytes {
                _ = aura_curl_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
            }
            aura_curl_set_long(easy, CURLOPT_POST, 1)
        }
        // SAFETY: `answer` outlives the handle, which is closed before this function returns.
        aura_curl_set_pointer(
            easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(answer).toOpaque())
        aura_curl_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let answer = Unmanaged<Answer>.fromOpaque(context).takeUnretainedValue()
            let length = size * count
            guard answer.bytes.count + length <= Client.answerBytesMax else { return 0 }
            answer.bytes.append(
                contentsOf: UnsafeRawBufferPointer(start: UnsafeRawPointer(bytes), count: length))
            return length
        }
        curl_multi_add_handle(multi, easy)
        guard let code = try drive(multi, patience: patience, tick: tick) else { return nil }
        guard code == CURLE_OK else { throw failure(code, of: easy) }
        var status = 0
        aura_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        answer.status = status
        return answer
    }

    /// Runs the transfer to its end; nil when `tick` ended it.
    private func drive(
        _ multi: UnsafeMutableRawPointer, patience: Milliseconds, tick: () -> Bool
    ) throws -> CURLcode? {
        let start = Clock.monotonic()
        while true {
            var running: CInt = 0
            curl_multi_perform(multi, &running)
            var left: CInt = 0
            if let message = curl_multi_info_read(multi, &left), message.pointee.msg == CURLMSG_DONE
            {
                return message.pointee.data.result
            }
            curl_multi_poll(multi, nil, 0, Self.tickMilliseconds, nil)
            guard tick() else { return nil }
            guard Clock.monotonic().count - start.count < patience.count else {
                throw Failure(
                    .retryLater, .unavailable,
                    "aurad does not answer within \(HumanText.span(patience))",
                    hint: "systemctl status aurad")
            }
        }
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

    private func failure(_ code: CURLcode, of easy: UnsafeMutableRawPointer) -> Failure {
        var number = 0
        aura_curl_get_long(easy, CURLINFO_OS_ERRNO, &number)
        if code == CURLE_COULDNT_CONNECT, CInt(truncatingIfNeeded: number) == EACCES {
            let names = SocketAccess.names(of: socket)
            return Failure(
                .denied, .denied, "not permitted to use \(socket)",
                hint: "sudo adduser \(names.user) \(names.group), then log in again")
        }
        let reason =
            code == CURLE_COULDNT_CONNECT && number != 0
            ? String(cString: strerror(CInt(truncatingIfNeeded: number)))
            : String(cString: curl_easy_strerror(code))
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
