import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem
import Foundation
import Glibc
import Testing

@testable import AuraDaemon

/// A control server with a record and an inbox of its own, and a turn loop that only answers.
final class ControlLab: Sendable {
    let directory: String
    let inbox: Inbox
    private let answering: Task<Void, Never>
    private let serving: Task<Void, Never>

    var socket: String { directory + "/control" }

    /// A server that answers.
    ///
    /// `isAnswering` false leaves what waits in the inbox unanswered.
    init(reader: RecordReader, directory: String, isAnswering: Bool = true) async throws {
        self.directory = directory
        let inbox = Inbox(wake: try WakeDescriptor())
        self.inbox = inbox
        let settings = Settings(
            stateDirectory: directory, socket: directory + "/control", operatorGroup: nil,
            user: nil,
            definitionsDirectory: directory, libexecDirectory: directory, runsMax: 1, reasoners: [:]
        )
        answering = Task {
            while isAnswering, !Task.isCancelled {
                for request in inbox.takeAll() { Self.answer(request) }
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
        let server = ControlServer(
            service: ControlService(
                inbox: inbox, reader: reader,
                signer: try CheckpointSigner(file: directory + "/key"),
                definitions: DefinitionLoader(settings: settings),
                replayer: Replayer(cagePath: "/nowhere", workerPath: "/nowhere"),
                live: LiveTexts(
                    redactor: Redactor(
                        credentials: Credentials(configurationDirectory: directory)))),
            socket: settings.socket, operators: Operators(group: nil))
        let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
        serving = Task {
            do {
                try await server.run { isReady.yield() }
            } catch {
                Issue.record("the server ended: \(error)")
            }
            isReady.finish()
        }
        for await _ in ready { break }
    }

    /// Ends the server and waits until it is gone.
    func stop() async {
        serving.cancel()
        await serving.value
        inbox.close()
        answering.cancel()
        await answering.value
    }

    private static func answer(_ request: Inbox.Request) {
        switch request {
        case .status(let continuation):
            continuation.resume(
                returning: .success(
                    DaemonStatus(
                        version: "9.9", epoch: 3, pid: 1, startedAt: Instant(milliseconds: 5),
                        sequence: 4, runsActive: 0, runsQueued: 0, automata: [], refused: [],
                        weaknesses: [])))
        case .order(let order, let principal, let continuation):
            guard case .run(let name, _) = order else {
                continuation.resume(returning: .failure(APIError(.conflict, "not now")))
                return
            }
            continuation.resume(
                returning: .success(
                    OrderResult(changed: true, message: "\(principal) runs \(name)")))
        case .question(let ask): ask(nil)
        case .prune: request.refuse(APIError(.conflict, "not now"))
        }
    }

    struct Answer: Sendable {
        var status: Int
        var fields: [String: String]
        var body: [UInt8]

        var type: String? { fields["content-type"] }

        func error() throws -> APIError { try JSON.decode(APIError.self, from: body) }
    }

    /// One request over a connection of its own.
    func ask(_ method: String, _ path: String, body: [UInt8] = []) async throws -> Answer {
        let socket = socket
        return try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: a blocking read must not hold up the server's.
            Thread.detachNewThread {
                continuation.resume(
                    with: Result { try Self.exchange(socket, method, path, body) })
            }
        }
    }

    private static func exchange(
        _ path: String, _ method: String, _ target: String, _ body: [UInt8]
    ) throws -> Answer {
        let connection = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(connection) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                connection, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isConnected = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isConnected else { throw StepLab.Failure("connect: \(errno)") }
        let head =
            "\(method) \(target) HTTP/1.1\r\nHost: aurad\r\nConnection: close\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        let message = Array(head.utf8) + body
        var sent = 0
        while sent < message.count {
            let count = message.withUnsafeBytes {
                send(
                    connection, $0.baseAddress.map { $0 + sent }, message.count - sent,
                    CInt(MSG_NOSIGNAL))
            }
            // The server may have refused before it read everything.
            guard count > 0 else { break }
            sent += count
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return try parse(bytes)
    }

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        let end = Array("\r\n\r\n".utf8)
        guard let split = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else {
            throw StepLab.Failure("no answer: \(String(decoding: bytes, as: UTF8.self))")
        }
        let lines = String(decoding: bytes[..<split], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else {
            throw StepLab.Failure("no status: \(lines[0])")
        }
        let fields = lines.dropFirst().map { $0.split(separator: ": ", maxSplits: 1) }
            .map { ($0[0].lowercased(), String($0.last ?? "")) }
        return Answer(
            status: status, fields: Dictionary(fields) { $1 }, body: Array(bytes[(split + 4)...]))
    }
}

@Suite(.serialized)
struct ControlServerTests {
    /// Runs `body` with a server over an empty record.
    fileprivate func withServer(
        isAnswering: Bool = true, _ body: (ControlLab, RecordStore) async throws -> Void
    ) async throws {
        let directory = try Scratch.makeDirectory("control")
        defer { try? FileSystem.removeTree(directory) }
        let store = try RecordStore(directory: directory + "/record")
        let lab = try await ControlLab(
            reader: store.reader, directory: directory, isAnswering: isAnswering)
        do {
            try await body(lab, store)
        } catch {
            await lab.stop()
            throw error
        }
        await lab.stop()
    }

    @Test("what has no route, no automaton or no run is 404 with an APIError")
    func notFound() async throws {
        try await withServer { lab, _ in
            for (method, path) in [
                ("GET", "/"), ("GET", "/v1/nothing"), ("DELETE", "/v1/status"),
                ("GET", "/v2/status"),
                ("GET", "/v1/automata/nobody"), ("GET", "/v1/automata/No%2F..Name"),
                ("GET", "/v1/runs/xyz"), ("GET", "/v1/runs/0123456789abcdef"),
                ("POST", "/v1/runs/0123456789abcdef/stop"), ("POST", "/v1/automata/fixer/explode"),
            ] {
                let answer = try await lab.ask(method, path)
                #expect(answer.status == 404, "\(method) \(path)")
                #expect(answer.type == "application/json", "\(method) \(path)")
                #expect(try answer.error().code == .notFound, "\(method) \(path)")
            }
        }
    }

    @Test("a body that is too large, no JSON or the wrong JSON is 400 with an APIError")
    func badBodies() async throws {
        try await withServer { lab, _ in
            let large = [UInt8](repeating: UInt8(ascii: " "), count: ControlServer.bodyBytesMax + 1)
            let bodies = [
                large, Array("{".utf8), Array("[]".utf8), Array(#"{"file": 1}"#.utf8), [],
            ]
            for body in bodies {
                let answer = try await lab.ask("POST", "/v1/definitions/verify", body: body)
                #expect(answer.status == 400, "\(body.prefix(20))")
                #expect(try answer.error().code == .badRequest)
            }
            let large200 = try await lab.ask(
                "GET", "/v1/entries?limit=many")
            #expect(large200.status == 400)
            #expect(try await lab.ask("GET", "/v1/status").status == 200, "and it still serves")
        }
    }

    @Test("reads and orders are answered by the turn loop; an order carries the peer's name")
    func orders() async throws {
        try await withServer { lab, _ in
            let status = try await lab.ask("GET", "/v1/status")
            #expect(status.status == 200)
            #expect(try JSON.decode(DaemonStatus.self, from: status.body).version == "9.9")

            let run = try await lab.ask("POST", "/v1/automata/fixer/run")
            let own = try UserDatabase.account(ofUser: geteuid())?.name ?? "uid \(geteuid())"
            #expect(
                try JSON.decode(OrderResult.self, from: run.body)
                    == OrderResult(changed: true, message: "\(own) runs fixer"))
            let stop = try await lab.ask("POST", "/v1/automata/fixer/stop")
            #expect(stop.status == 409)
            #expect(try stop.error() == APIError(.conflict, "not now"))
        }
    }

    @Test("an answer says who made it and when, in the form of RFC 9110")
    func dates() async throws {
        #expect(
            Instant(milliseconds: 784_111_777_999).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(
            Instant(milliseconds: 1_709_164_800_000).httpDate == "Thu, 29 Feb 2024 00:00:00 GMT")
        try await withServer { lab, _ in
            for path in ["/v1/status", "/v1/nothing"] {
                let before = SystemClock.now()
                let fields = try await lab.ask("GET", path).fields
                let now = SystemClock.now()
                let seconds = before.milliseconds / 1000...now.milliseconds / 1000
                let dates = seconds.map { Instant(milliseconds: $0 * 1000).httpDate }
                #expect(dates.contains(try #require(fields["date"])), "\(path)")
                #expect(fields["server"] == "aurad", "\(path)")
            }
        }
    }

    @Test("a definition is checked without being loaded")
    func definitions() async throws {
        try await withServer { lab, _ in
            let text = DefinitionText(file: "x.yaml", text: "kind: [")
            let body = Array(try JSON.encode(text))
            let answer = try await lab.ask("POST", "/v1/definitions/verify", body: body)
            #expect(answer.status == 200)
            let diagnostics = try JSON.decode([Diagnostic].self, from: answer.body)
            #expect(!diagnostics.isEmpty && diagnostics.allSatisfy { $0.file == "x.yaml" })
        }
    }

    @Test("a waiting reader is answered when an entry appears, and with none when its time is over")
    func longPoll() async throws {
        try await withServer { lab, store in
            let none = try await lab.ask("GET", "/v1/entries?wait=50")
            #expect(try JSON.decode([Entry].self, from: none.body) == [])

            async let waiting = lab.ask("GET", "/v1/entries?after=0&wait=30000")
            try await Task.sleep(for: .milliseconds(200))
            try store.append([Samples.entry(1, "first")])
            let seen = try JSON.decode([Entry].self, from: try await waiting.body)
            #expect(seen.map(\.sequence) == [1])

            try store.append([Samples.entry(2, "second"), Samples.entry(3, "third")])
            let rest = try await lab.ask("GET", "/v1/entries?after=1&limit=1")
            #expect(try JSON.decode([Entry].self, from: rest.body).map(\.sequence) == [2])
        }
    }

    @Test("a daemon that stops refuses what waits and what comes")
    func stopping() async throws {
        try await withServer(isAnswering: false) { lab, _ in
            async let waiting = lab.ask("GET", "/v1/status")
            try await Task.sleep(for: .milliseconds(200))
            lab.inbox.close()
            #expect(try await waiting.status == 503)
            #expect(
                try await lab.ask("POST", "/v1/automata/fixer/run").error().code == .unavailable)
        }
    }

    @Test("more waiting requests than the bound are refused at once")
    func full() async throws {
        let inbox = Inbox(wake: try WakeDescriptor())
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0...Inbox.requestsMax {
                group.addTask {
                    guard case .failure(let error) = await inbox.status() else { return false }
                    return error.message.contains("too many")
                }
            }
            // The one beyond the bound is answered; the others when the inbox closes.
            #expect(await group.next() == true)
            inbox.close()
            var refused = 0
            for await isTooMany in group where isTooMany { refused += 1 }
            #expect(refused == 0)
        }
    }
}

/// Entries for tests.
enum Samples {
    /// An entry of the daemon's own that tells `text`.
    static func entry(_ sequence: Int, _ text: String) -> Entry {
        Entry(
            sequence: sequence, at: Instant(milliseconds: 1_700_000_000_000 + sequence),
            principal: .daemon, automaton: nil, automatonSequence: nil, run: nil, parent: nil,
            generation: nil, fact: .daemonStopped(reason: text), previous: "")
    }
}

extension ControlServerTests {
    /// Asks for `METHOD PATH`s over one connection each, as another user; prints the statuses.
    private static let stranger = """
        import socket, sys
        for ask in sys.argv[2:]:
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(20)
            s.connect(sys.argv[1])
            s.sendall(f"{ask} HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 2\\r\\n\\r\\n{{}}".encode())
            print(s.recv(4096).split()[1].decode())
        """

    @Test(
        "a peer that is no operator is refused whatever it asks, by the kernel's word on who it is",
        .enabled(if: geteuid() == 0, "another user is needed"))
    func stranger() async throws {
        try await withServer { lab, _ in
            chmod(lab.socket, 0o666)
            let asks = [
                "GET /v1/status", "GET /v1/automata", "GET /v1/automata/a",
                "POST /v1/automata/a/run",
                "GET /v1/runs", "GET /v1/runs/0123456789abcdef",
                "POST /v1/runs/0123456789abcdef/stop",
                "POST /v1/runs/0123456789abcdef/answer", "GET /v1/entries", "GET /v1/record/verify",
                "POST /v1/definitions/verify",
            ]
            let process = Process()
            let command =
                Tools.prefix + ["/usr/bin/python3", "-c", Self.stranger, lab.socket] + asks
            process.executableURL = URL(fileURLWithPath: command[0])
            process.arguments = Array(command.dropFirst())
            let pipe = Pipe()
            process.standardOutput = pipe
            try await withCheckedThrowingContinuation { continuation in
                process.terminationHandler = { _ in continuation.resume() }
                do { try process.run() } catch { continuation.resume(throwing: error) }
            }
            let said = String(
                decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(said.split(separator: "\n") == asks.map { _ in "403" })
        }
    }
}
