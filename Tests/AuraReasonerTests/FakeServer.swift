import AuraModel
import AuraReasoner
import FoundationEssentials
import Glibc
import Testing

/// The strict fake of the Messages API in a process of its own; gone when this value is.
final class FakeServer {
    static let key = "sk-ant-secret-of-the-tests"

    let port: Int
    private let process: pid_t
    private let directory: String
    private let dialect: ProviderSettings.Dialect

    /// What the server noted of one request.
    struct Logged: Decodable {
        var sha256: String
        var bytes: Int
        var messages: Int
        var play: String
        var connection: Int
    }

    struct SpawnFailed: Error {
        let step: String
        let code: Int32
    }

    /// A server that plays `script`, or the behaviour that each request's model is named after.
    init(script: String? = nil, dialect: ProviderSettings.Dialect = .anthropic) throws {
        self.dialect = dialect
        var template = Array("/tmp/aura-fake-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SpawnFailed(step: "mkdtemp", code: errno) }
        directory = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let program = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(
                dialect == .anthropic ? "Fakes/fake_anthropic.py" : "Fakes/fake_openai.py"
            ).path
        var arguments = ["python3", program, "--key", Self.key, "--log", directory + "/log"]
        if let script {
            try Data(script.utf8).write(to: URL(fileURLWithPath: directory + "/script"))
            arguments += ["--script", directory + "/script"]
        }
        (process, port) = try Self.spawn(arguments)
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The requests so far.
    func log() throws -> [Logged] {
        guard let data = FileManager.default.contents(atPath: directory + "/log") else { return [] }
        return try data.split(separator: UInt8(ascii: "\n")).map {
            try JSON.decode(Logged.self, from: $0)
        }
    }

    /// Settings of a reasoner that asks this server for `model`.
    func settings(
        model: String, idle: Milliseconds = .seconds(20), total: Milliseconds = .seconds(40),
        quirks: Set<ProviderSettings.Quirk> = []
    ) -> ReasonerSettings {
        ReasonerSettings(
            provider: .http(
                ProviderSettings(
                    name: "fake", dialect: dialect,
                    baseURL: "http://127.0.0.1:\(port)" + (dialect == .anthropic ? "/" : "/v1"),
                    credential: "fake", quirks: quirks)),
            model: model, idleTimeout: idle, totalTimeout: total)
    }

    private static func spawn(_ arguments: [String]) throws -> (pid_t, Int) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SpawnFailed(step: "pipe", code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        var process: pid_t = 0
        let code = posix_spawnp(&process, "python3", &actions, nil, pointers, environ)
        for pointer in pointers { free(pointer) }
        posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        defer { close(ends[0]) }
        guard code == 0 else { throw SpawnFailed(step: "posix_spawn", code: code) }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(ends[0], &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        guard let port = Int(String(decoding: line, as: UTF8.self)) else {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw SpawnFailed(step: "port", code: 0)
        }
        return (process, port)
    }
}
