import AuraModel
import AuraSystem
import CBenchBaseline
import Glibc

/// A slow answer, word by word: how soon whoever watches the run sees each.
struct AgentRelay {
    let lab: AgentLab
    let server: ModelServer

    /// 2,000 words a round, one each 500 us: faster than any model speaks.
    private static let events = 2000
    private static let paceNanoseconds: UInt64 = 500_000

    /// 5, in turns with the baseline; the median is held against the target.
    ///
    /// A machine that is shared stops for milliseconds now and then, and one such stop is more than a
    /// hundredth of a round. What all rounds together say is printed beside it.
    private static let rounds = 5

    /// How soon a word was seen, by aurad's way and by two bare threads.
    func results() throws -> [BenchResult] {
        let words = try ModelAnswers.pieces(
            thenCalling: "finish",
            .object(["status": .string("done"), "summary": .string("said")]))
        server.begin(holdAt: 0) { _, _ in [] }
        try lab.order(0, on: server) { server.heldCount == 1 }
        let watcher = try lab.watchNewestRun()
        let bare = try BareChain()
        var relayed: [[Double]] = []
        var handed: [[Double]] = []
        try server.converse { provider in
            try Self.send(words.head, to: provider)
            for _ in 0..<Self.rounds {
                relayed.append(
                    try withExtendedLifetime(watcher) {
                        try Self.round(words.word, provider, watcher.descriptor.raw)
                    })
                handed.append(try Self.round(words.word, bare.provider, bare.watcher))
            }
            try Self.send(words.tail, to: provider)
        }
        let latency = Self.medianOfRounds(relayed)
        let bareThreads = "two threads in C that hand it on"
        return [
            BenchResult(
                name: "event-relayed-p99-ms-vs-target", value: latency, unit: "ms",
                baseline: "target", baselineValue: 0.2),
            BenchResult(
                name: "event-relayed-p99-vs-bare-threads", value: latency, unit: "ms",
                baseline: bareThreads, baselineValue: Self.medianOfRounds(handed)),
            BenchResult(
                name: "event-relayed-p99-of-all-rounds-vs-bare-threads",
                value: AgentTurns.percentile(relayed.flatMap { $0 }), unit: "ms",
                baseline: bareThreads, baselineValue: AgentTurns.percentile(handed.flatMap { $0 })),
        ]
    }

    /// What all but a hundredth of a round's words took at most, in the middle one of the rounds.
    private static func medianOfRounds(_ rounds: [[Double]]) -> Double {
        rounds.map { AgentTurns.percentile($0) }.median ?? 0
    }

    /// Milliseconds that each of the words took from one socket to the other.
    private static func round(
        _ word: [UInt8], _ provider: Int32, _ watcher: Int32
    ) throws -> [Double] {
        var latencies = [UInt64](repeating: 0, count: events)
        let code = bench_relay(
            provider, watcher, word, word.count, "word", UInt32(latencies.count), paceNanoseconds,
            &latencies)
        guard code == 0 else {
            throw BenchFailure("a word was lost: \(String(cString: strerror(code)))")
        }
        // The first of them find caches cold, as the first turns do.
        return latencies.dropFirst(AgentTurns.warmUps).map { Double($0) / 1e6 }
    }

    private static func send(_ bytes: [UInt8], to descriptor: Int32) throws {
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw BenchFailure("send: \(String(cString: strerror(errno)))")
        }
    }
}

/// Two bare threads between two sockets.
private final class BareChain {
    let provider: Int32
    let watcher: Int32
    private let chain: OpaquePointer

    init() throws {
        var (provider, watcher): (Int32, Int32) = (-1, -1)
        guard let chain = bench_chain_open(&provider, &watcher) else {
            throw BenchFailure("threads: \(String(cString: strerror(errno)))")
        }
        self.chain = chain
        self.provider = provider
        self.watcher = watcher
    }

    deinit { bench_chain_close(chain) }
}

extension AgentLab {
    /// A connection on which the newest run's models are heard, once it answers.
    func watchNewestRun() throws -> Hearing {
        let list = try request("\(ControlPath.runs)?limit=1", isEnough: { _ in false })
        guard let start = Bytes.place(of: "\r\n\r\n", in: list.bytes),
            let run = try JSON.decode([RunRow].self, from: list.bytes[(start + 4)...]).first
        else { throw BenchFailure("aurad tells of no run") }
        return try request("\(ControlPath.runs)/\(run.id)/live") {
            Bytes.place(of: "\r\n\r\n", in: $0) != nil
        }
    }

    /// A connection to aurad, and what came of the answer so far.
    final class Hearing {
        let descriptor: OwnedDescriptor
        fileprivate(set) var bytes: [UInt8] = []

        fileprivate init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
    }

    /// Orders a run of agent `number` without a client's own start; nobody waits for the answer.
    func orderDirectly(_ number: Int) throws -> Hearing {
        try request("\(ControlPath.automata)/agent-\(number)/run", by: "POST") { _ in true }
    }

    /// Asks aurad for `target` and reads until it is enough, or all.
    private func request(
        _ target: String, by method: String = "GET", isEnough: ([UInt8]) -> Bool
    ) throws -> Hearing {
        let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw BenchFailure("socket: \(String(cString: strerror(errno)))") }
        let hearing = Hearing(OwnedDescriptor(adopting: raw))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        let fields = "Host: aurad\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        let head = Array("\(method) \(target) HTTP/1.1\r\n\(fields)".utf8)
        guard code == 0, send(raw, head, head.count, Int32(MSG_NOSIGNAL)) == head.count else {
            throw BenchFailure("\(socketPath): \(String(cString: strerror(errno)))")
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while !isEnough(hearing.bytes) {
            let count = recv(raw, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            hearing.bytes += chunk[..<count]
        }
        return hearing
    }
}

/// Bytes that are looked for by the C library.
enum Bytes {
    /// Where `text` first stands.
    static func place(of text: String, in bytes: [UInt8]) -> Int? {
        let place = bytes.withUnsafeBytes { bench_find($0.baseAddress, $0.count, text) }
        return place < 0 ? nil : place
    }
}
