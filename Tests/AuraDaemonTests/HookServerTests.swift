import AuraModel
import AuraSupervision
import AuraSystem
import Crypto
import Foundation
import Glibc
import Testing

@testable import AuraDaemon

/// A hook server on a real socket, in front of a real kernel that decides one order at a time.
private final class HookLab: Sendable {
    static let secret = "a-secret-of-some-length"

    let directory: String
    let port: Int
    private let serving: Task<Void, Never>
    private let deciding: Task<Void, Never>
    private let inbox: Inbox

    init(_ trigger: WebhookTrigger, deliveriesPerMinute: Int = 1000) async throws {
        directory = try Scratch.makeDirectory("hooks")
        mkdir(directory + "/credentials", 0o700)
        for (name, secret) in [("hook", Self.secret + "\n"), ("short", "short")] {
            let path = "\(directory)/credentials/\(name)"
            try FileSystem.writeAtomically(Array(secret.utf8), to: path)
        }
        port = try Self.freePort()
        let inbox = Inbox(wake: try WakeDescriptor())
        self.inbox = inbox
        let credentials = Credentials(configurationDirectory: directory)
        let start = try Self.kernel(trigger, directory)
        deciding = Task {
            var kernel = start
            let redactor = Redactor(credentials: credentials)
            while !Task.isCancelled {
                for request in inbox.takeAll() { Self.decide(request, &kernel, redactor) }
                try? await Task.sleep(for: .milliseconds(2))
            }
        }
        let server = HookServer(
            inbox: inbox,
            settings: HookSettings(
                host: "127.0.0.1", port: port, deliveriesPerMinute: deliveriesPerMinute,
                requestsPerMinute: 10_000), credentials: credentials)
        let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
        serving = Task {
            do {
                try await server.run { isReady.finish() }
            } catch {
                Issue.record("the server ended: \(error)")
            }
            isReady.finish()
        }
        for await _ in ready {}
    }

    func stop() async {
        serving.cancel()
        await serving.value
        inbox.close()
        deciding.cancel()
        await deciding.value
        try? FileSystem.removeTree(directory)
    }

    private static func kernel(_ trigger: WebhookTrigger, _ directory: String) throws -> Kernel {
        guard let name = AutomatonName("builder") else { throw StepLab.Failure("the name") }
        var definition = Definition(
            name: name, kind: .taskRun,
            firing: FiringPolicy(overlap: .allow(most: 100), trigger: .webhook(trigger)),
            reasoner: "none", prompt: "p")
        definition.inputs = [
            InputDeclaration(name: "ref", schema: .object(["type": .string("string")]))
        ]
        var kernel = Kernel(
            state: State(),
            settings: Settings(
                stateDirectory: directory, socket: directory, operatorGroup: nil, user: nil,
                definitionsDirectory: directory, libexecDirectory: directory, runsMax: 1,
                reasoners: [:]))
        let now = SystemClock.now()
        try kernel.decide(.started(version: "1", boot: "b"), at: now)
        let loaded = DefinitionsRead.Loaded(digest: "d", definition: definition, zone: .utc)
        try kernel.decide(.definitionsRead(DefinitionsRead(loaded: [loaded], refused: [])), at: now)
        _ = try kernel.takeTurn()
        return kernel
    }

    private static func decide(
        _ request: Inbox.Request, _ kernel: inout Kernel, _ redactor: Redactor
    ) {
        switch request {
        case .question(let ask): ask(kernel)
        case .status, .prune: request.refuse(APIError(.internalError, "nobody asks here"))
        case .order(let order, let principal, let continuation):
            do {
                let event = redactor.clean(.ordered(order, by: principal, ticket: 1))
                try kernel.decide(event, at: SystemClock.now())
                for case .reply(1, let result) in try kernel.takeTurn().actions {
                    continuation.resume(returning: result)
                }
            } catch {
                request.refuse(APIError(.internalError, "\(error)"))
            }
        }
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw StepLab.Failure("bind: \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    // MARK: A sender

    struct Answer {
        var status: Int
        var text: String
    }

    static func signature(_ body: String, _ secret: String = secret) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(body.utf8), using: SymmetricKey(data: Array(secret.utf8)))
        return "X-Hub-Signature-256: sha256=" + code.map { String(byte: $0) }.joined()
    }

    /// Posts with curl(1), a client that nobody here wrote.
    func post(_ name: String, _ body: String, _ headers: [String]) async throws -> Answer {
        let url = "http://127.0.0.1:\(port)/hooks/\(name)"
        let file = directory + "/body-\(UUID().uuidString)"
        try FileSystem.writeAtomically(Array(body.utf8), to: file)
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try Self.curl(url, file, headers) })
            }
        }
    }

    private static func curl(_ url: String, _ file: String, _ headers: [String]) throws -> Answer {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        process.arguments =
            ["--silent", "--max-time", "60", "--noproxy", "*", "--write-out", "\n%{http_code}"]
            + headers.flatMap { ["--header", $0] } + ["--data-binary", "@\(file)", url]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        guard let status = lines.last.flatMap({ Int($0) }) else { throw StepLab.Failure("curl") }
        return Answer(status: status, text: lines.dropLast().joined(separator: "\n"))
    }
}

@Suite(.serialized) struct HookServerTests {
    private static let trigger = WebhookTrigger(
        secret: "hook", inputs: ["ref": "/ref"],
        when: ["/kind": [.string("push"), .string("tag")]])
    private static let body = #"{"kind": "push", "ref": "main"}"#

    private func withLab(
        _ trigger: WebhookTrigger = trigger, deliveriesPerMinute: Int = 1000,
        _ test: (HookLab) async throws -> Void
    ) async throws {
        let lab = try await HookLab(trigger, deliveriesPerMinute: deliveriesPerMinute)
        do {
            try await test(lab)
        } catch {
            await lab.stop()
            throw error
        }
        await lab.stop()
    }

    @Test(
        "a signed delivery is one run, however often it comes; the same id with another body is none"
    )
    func once() async throws {
        try await withLab { lab in
            let headers = [HookLab.signature(Self.body), "X-GitHub-Delivery: d-1"]
            let first = try await lab.post("builder", Self.body, headers)
            #expect(first.status == 202)
            #expect(first.text.contains("\"duplicate\":false"))
            let run = first.text.split(separator: "\"run\":").last
            #expect(first.text.contains("\"run\":"), "\(first.text)")
            for _ in 1...3 {
                let again = try await lab.post("builder", Self.body, headers)
                #expect(again.status == 202)
                #expect(again.text.contains("\"duplicate\":true"))
                #expect(again.text.split(separator: "\"run\":").last == run)
            }
            let other = #"{"kind": "tag", "ref": "main"}"#
            let forged = try await lab.post(
                "builder", other, [HookLab.signature(other), "X-GitHub-Delivery: d-1"])
            #expect(forged.status == 422)
        }
    }

    @Test("who knows no secret is told the same whatever there is")
    func strangers() async throws {
        try await withLab { lab in
            let id = "Idempotency-Key: k"
            let answers = [
                try await lab.post("builder", Self.body, [id]),
                try await lab.post(
                    "builder", Self.body, [id, HookLab.signature(Self.body, "wrong")]),
                try await lab.post("builder", Self.body + " ", [id, HookLab.signature(Self.body)]),
                try await lab.post("builder", Self.body, [id, "X-Hub-Signature-256: sha256=00"]),
                try await lab.post(
                    "builder", Self.body, [id, "Authorization: Bearer " + HookLab.secret]),
                try await lab.post("nobody", Self.body, [id, HookLab.signature(Self.body)]),
                try await lab.post("No%2FName", Self.body, [id]),
            ]
            #expect(Set(answers.map(\.status)) == [401])
            #expect(Set(answers.map(\.text)).count == 1)
            #expect(try await lab.post("builder/x", "{}", []).status == 404)
        }
    }

    @Test("what cannot be taken says what is wrong with it, in its status too")
    func refusals() async throws {
        try await withLab { lab in
            func post(_ body: String, _ headers: String...) async throws -> HookLab.Answer {
                try await lab.post("builder", body, [HookLab.signature(body)] + headers)
            }
            let id = "Idempotency-Key: k"
            #expect(try await post(Self.body).status == 422)
            #expect(try await post("no json", id).status == 422)
            let missing = try await post(#"{"kind": "push"}"#, id)
            #expect(missing.status == 422)
            #expect(missing.text.contains("input `ref` is missing"))
            let large = String(repeating: " ", count: HookServer.bodyBytesMax + 1)
            #expect(try await post(large, id).status == 413)
            let other = try await post(#"{"kind": "star", "ref": "x"}"#, id)
            #expect(other.status == 200)
            #expect(other.text.contains("ignored"))
            #expect(try await post("{}", id, "X-GitHub-Event: ping").status == 200)
            #expect(try await post(Self.body, id).status == 202)
        }
    }

    @Test("a bearer hook takes the secret itself, and a secret that can be guessed takes nothing")
    func bearer() async throws {
        try await withLab(WebhookTrigger(secret: "hook", proof: .bearer, inputs: ["ref": "/ref"])) {
            (lab: HookLab) async throws in
            let id = "Idempotency-Key: k"
            let right = "Authorization: Bearer " + HookLab.secret
            #expect(try await lab.post("builder", Self.body, [id, right + "x"]).status == 401)
            #expect(try await lab.post("builder", Self.body, [id, right]).status == 202)
        }
        try await withLab(WebhookTrigger(secret: "short", proof: .bearer)) { lab in
            let answer = try await lab.post(
                "builder", Self.body, ["Idempotency-Key: k", "Authorization: Bearer short"])
            #expect(answer.status == 401)
        }
    }

    @Test("beyond its rate a hook answers 429, and strangers use none of it up")
    func rate() async throws {
        try await withLab(deliveriesPerMinute: 2) { lab in
            for _ in 1...3 { _ = try await lab.post("builder", Self.body, []) }
            var statuses: [Int] = []
            for number in 1...4 {
                let headers = [HookLab.signature(Self.body), "Idempotency-Key: \(number)"]
                statuses.append(try await lab.post("builder", Self.body, headers).status)
            }
            #expect(statuses.prefix(2) == [202, 202])
            #expect(statuses.contains(429))
        }
    }

    @Test("a bucket lets through what fills it, and a minute's worth at once at most")
    func gate() {
        let gate = HookGate()
        let first = (0..<10).count { _ in gate.admit(.all, perMinute: 5, at: 0) }
        #expect(first == 5)
        #expect(!gate.admit(.all, perMinute: 5, at: 11_999))
        #expect(gate.admit(.all, perMinute: 5, at: 12_000))
        let later = (0..<10).count { _ in gate.admit(.all, perMinute: 5, at: 10_000_000) }
        #expect(later == 5)
    }
}
