import AuraHTTP
import AuraModel
import FoundationEssentials
import Glibc

/// The web server of `Tests/Fakes` in a process of its own; gone when this value is.
final class FakeWeb {
    let port: Int
    private let process: pid_t
    private let directory: String

    struct SpawnFailed: Error {
        let step: String
        let code: Int32
    }

    init(tls: Bool = false) throws {
        var template = Array("/tmp/aura-web-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SpawnFailed(step: "mkdtemp", code: errno) }
        directory = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let program = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fakes/fake_web.py").path
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SpawnFailed(step: "pipe", code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        let arguments =
            ["python3", program, "--log", directory + "/log"] + (tls ? ["--tls"] : [])
        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        var process: pid_t = 0
        let code = posix_spawnp(&process, "python3", &actions, nil, pointers, environ)
        for pointer in pointers { free(pointer) }
        posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        defer { close(ends[0]) }
        guard code == 0 else { throw SpawnFailed(step: "posix_spawn", code: code) }
        self.process = process
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(ends[0], &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        port = Int(String(decoding: line, as: UTF8.self)) ?? 0
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        try? FileManager.default.removeItem(atPath: directory)
    }

    var origin: String { "http://127.0.0.1:\(port)" }

    /// The requests so far, a line of JSON each.
    var log: [String] {
        let text = try? String(contentsOfFile: directory + "/log", encoding: .utf8)
        return (text ?? "").split(separator: "\n").map(String.init)
    }
}

/// The smallest event loop that can drive a `Fetcher`.
final class FetchLoop {
    typealias Outcome = Result<FetchAnswer, FetchFailure>

    private var watched: [Int32: Int16] = [:]
    private var fetcher: Fetcher?
    private var last: Fetcher.ID = 0

    init(_ limits: FetchLimits = FetchLimits()) {
        let start = ContinuousClock.now
        fetcher = Fetcher(
            limits: limits,
            now: { Milliseconds(Int((ContinuousClock.now - start) / .milliseconds(1))) },
            watch: { [unowned self] descriptor, read, write in
                let events = Int16(read ? POLLIN : 0) | Int16(write ? POLLOUT : 0)
                watched[descriptor] = events == 0 ? nil : events
            })
    }

    /// Makes one request and waits for its end, at most two minutes, which only a fault reaches.
    func fetch(
        _ url: String, _ method: FetchMethod = .get, body: String? = nil, granted: [FetchGrant]
    ) throws -> Outcome? {
        var input: [String: JSONValue] = [
            "url": .string(url), "method": .string(method.rawValue),
        ]
        input["body"] = body.map { .string($0) }
        let request = try FetchRequest(input: .object(input))
        last += 1
        fetcher?.start(last, FetchOrder(request: request, grants: granted))
        let end = ContinuousClock.now + .seconds(120)
        while .now < end {
            for hop in fetcher?.takeHops() ?? [] { fetcher?.proceed(hop.id) }
            if let (id, outcome) = fetcher?.takeFinished().first {
                return id == last ? outcome : nil
            }
            var polls = watched.map { pollfd(fd: $0.key, events: $0.value, revents: 0) }
            poll(&polls, nfds_t(polls.count), 5)
            for ready in polls where ready.revents != 0 {
                let isBroken = Int32(ready.revents) & (POLLERR | POLLHUP) != 0
                fetcher?.socketReady(
                    ready.fd, readable: isBroken || Int32(ready.revents) & POLLIN != 0,
                    writable: isBroken || Int32(ready.revents) & POLLOUT != 0)
            }
            // Early does no harm.
            fetcher?.timerFired()
        }
        return nil
    }
}
