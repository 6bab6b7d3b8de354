import AuraModel
import AuraSupervision
import Testing

@Suite("Requests and the kernel")
struct FetchTests {
    private static let origin = "https://docs.example.com"

    private func bench(
        _ grants: [FetchGrant]?, settings: Settings = KernelBench.settings
    ) throws -> (KernelBench, RunID) {
        var definition = KernelBench.definition()
        definition.capabilities.fetch = grants
        var bench = try KernelBench(definition, settings: settings)
        let run = try #require(try bench.startRun())
        return (bench, run)
    }

    private func fetch(_ url: String, _ method: String? = nil) -> Act {
        var input = ["url": JSONValue.string(url)]
        input["method"] = method.map { .string($0) }
        return .tool(call: ToolCall(use: "u", tool: .fetch, input: .object(input)))
    }

    private func requests(_ bench: KernelBench) -> Int {
        bench.actions.count {
            if case .tool(_, _, let call) = $0 { call.tool == .fetch } else { false }
        }
    }

    private func results(_ bench: KernelBench) -> [ToolResult] {
        bench.entries.compactMap { entry in
            guard case .transacted(_, .toolFinished(_, let result)) = entry.fact else { return nil }
            return result
        }
    }

    @Test("a granted request is an intent before it is made")
    func granted() throws {
        var (bench, run) = try bench([FetchGrant(origin: Self.origin)])
        try bench.propose(run, (1, fetch(Self.origin + "/a")))
        #expect(bench.entries.last?.fact.kind == .commanded)
        #expect(requests(bench) == 1 && results(bench).isEmpty)
    }

    @Test(
        "what is not granted is refused with what would be, and never made",
        arguments: [
            ("https://docs.example.com:444/", "GET"), ("http://docs.example.com/", "GET"),
            ("https://evil.example.com/", "GET"), ("https://docs.example.com/", "POST"),
        ])
    func refused(url: String, method: String) throws {
        for grants in [[FetchGrant(origin: Self.origin)], nil] {
            var (bench, run) = try bench(grants)
            try bench.propose(run, (1, fetch(url, method)))
            let result = try #require(results(bench).first)
            #expect(result.isDenied && requests(bench) == 0)
            #expect(result.output.contains(grants == nil ? "nothing" : Self.origin))
        }
    }

    @Test("what is no address is a mistake and no denial")
    func mistaken() throws {
        var (bench, run) = try bench([FetchGrant(origin: Self.origin)])
        try bench.propose(run, (1, fetch("docs.example")))
        let result = try #require(results(bench).first)
        #expect(result.isError && !result.isDenied && requests(bench) == 0)
    }

    @Test("a run's requests are bounded by the minute and by the run, across a restart")
    func rate() throws {
        var (bench, run) = try bench([FetchGrant(origin: Self.origin)])
        var command: CommandID = 0
        func ask() throws {
            command += 1
            let before = requests(bench)
            try bench.propose(run, (command, fetch(Self.origin + "/")))
            guard requests(bench) > before else { return }
            try bench.send(.toolEnded(run, command, ToolResult(output: "ok", place: .aurad)))
        }
        for _ in 0...FetchBounds.requestsPerMinuteMax { try ask() }
        #expect(requests(bench) == FetchBounds.requestsPerMinuteMax)
        let reason = try #require(results(bench).last)
        #expect(reason.output.contains("minute") && !reason.isDenied)
        bench.now = bench.now + .minutes(1)
        try ask()
        #expect(requests(bench) == FetchBounds.requestsPerMinuteMax + 1)
        #expect(bench.rows[.runs]?[run.text]?.contains("\"fetches\"") == true)
        for _ in 0..<FetchBounds.requestsMax {
            try ask()
            bench.now = bench.now + .minutes(1)
        }
        #expect(results(bench).last?.output.contains("a run makes at most") == true)
        #expect(requests(bench) < FetchBounds.requestsMax)
    }

    @Test("after a crash a request is of unknown outcome, which is told, and not made again")
    func crash() throws {
        var (bench, run) = try bench([FetchGrant(origin: Self.origin, send: true)])
        try bench.propose(run, (1, fetch(Self.origin + "/", "POST")))
        var definition = KernelBench.definition()
        definition.capabilities.fetch = [FetchGrant(origin: Self.origin, send: true)]
        try bench.restart(definition)
        let reasons = bench.entries.compactMap { entry -> String? in
            guard case .transacted(_, .interrupted(1, let reason)) = entry.fact else { return nil }
            return reason
        }
        #expect(reasons.count == 1 && reasons[0].hasPrefix("indeterminate"))
        #expect(requests(bench) == 0)
        #expect(bench.kernel.state.runs[run]?.pending.isEmpty == true)
    }

    // MARK: Requests that a command leads to

    private func made(_ bench: KernelBench) -> [(WebRequest, refusal: WebRequestRefusal?)] {
        bench.actions.compactMap {
            guard case .request(_, let request, let refusal) = $0 else { return nil }
            return (request, refusal)
        }
    }

    private func request(_ way: WebRequest.Way, _ method: String, _ url: String) -> WebRequest {
        WebRequest(command: 1, number: 1, way: way, method: method, url: url)
    }

    @Test("a request that a command leads to is an entry before it is made, and one after")
    func ledTo() throws {
        var (bench, run) = try bench([FetchGrant(origin: Self.origin)])
        try bench.propose(run, (1, fetch(Self.origin + "/a")))
        let hop = request(.redirect, "GET", Self.origin + "/b")
        try bench.send(.requestWanted(run, hop))
        #expect(bench.entries.last?.fact == .requestMade(hop))
        #expect(made(bench).map(\.0) == [hop] && made(bench)[0].refusal == nil)
        let end = WebRequestEnd(command: 1, number: 1, status: 200, received: 7)
        try bench.send(.requestEnded(run, end))
        #expect(bench.entries.last?.fact == .requestEnded(end))
        #expect(bench.kernel.state.runs[run]?.fetches?.total == 2)
        // Nothing is told, and nothing made, of a command that is over.
        try bench.send(.toolEnded(run, 1, ToolResult(output: "ok", place: .aurad)))
        let before = bench.count(.requestMade) + bench.count(.requestEnded)
        try bench.send(.requestWanted(run, hop))
        try bench.send(.requestEnded(run, end))
        #expect(bench.count(.requestMade) + bench.count(.requestEnded) == before)
        #expect(made(bench).last?.refusal != nil)
    }

    @Test(
        "a cage's proxy leads where the definition says that commands may go, and nowhere else",
        arguments: [
            (WebRequest.Way.proxy, "GET", "http://plain.test/x", true),
            (.proxy, "POST", "http://plain.test/x", false),
            (.proxy, "POST", "http://sends.test/x", true),
            (.proxy, "GET", "http://plain.test:81/", false),
            (.proxy, "GET", "http://agent.test/", false),
            (.proxy, "GET", "http://169.254.169.254/", false),
            (.tunnel, "CONNECT", "https://secure.test", true),
            (.tunnel, "CONNECT", "https://secure.test:22", false),
            (.tunnel, "CONNECT", "https://sends.test", false),
            (.tunnel, "CONNECT", "https://unsent.test", false),
            (.redirect, "GET", "http://agent.test/", true),
        ])
    func proxied(way: WebRequest.Way, method: String, url: String, isGranted: Bool) throws {
        let grants = [
            FetchGrant(origin: "http://plain.test", proxy: true),
            FetchGrant(origin: "http://sends.test", send: true, proxy: true),
            FetchGrant(origin: "https://secure.test", send: true, proxy: true),
            FetchGrant(origin: "https://unsent.test", proxy: true),
            FetchGrant(origin: "http://agent.test"),
        ]
        var (bench, run) = try bench(grants)
        try bench.propose(run, (1, fetch("http://agent.test/")))
        try bench.send(.requestWanted(run, request(way, method, url)))
        #expect((made(bench).last?.refusal == nil) == isGranted)
        #expect(bench.count(.requestMade) == (isGranted ? 1 : 0))
        #expect(bench.count(.requestRefused) == (isGranted ? 0 : 1))
    }

    @Test(
        "a flood of requests is bounded as configured, and so is what is written of it",
        arguments: [ProxyLimits().requestsPerMinute, 7])
    func flood(perMinute: Int) throws {
        var settings = KernelBench.settings
        settings.proxy.requestsPerMinute = perMinute
        settings.proxy.requests = perMinute + 2
        var (bench, run) = try bench(
            [FetchGrant(origin: "http://a.test", proxy: true)], settings: settings)
        try bench.propose(run, (1, fetch("http://a.test/")))
        for _ in 0..<10 * perMinute {
            try bench.send(.requestWanted(run, request(.proxy, "GET", "http://a.test/")))
        }
        #expect(bench.count(.requestMade) == perMinute)
        #expect(bench.count(.requestRefused) == 1)
        #expect(made(bench).last?.refusal?.reason.contains("minute") == true)
        #expect(made(bench).last?.refusal?.retryAfter == .minutes(1))
        bench.now = bench.now + .minutes(1)
        try bench.send(.requestWanted(run, request(.proxy, "GET", "http://a.test/")))
        #expect(made(bench).last?.refusal == nil)
        try bench.send(.requestWanted(run, request(.proxy, "GET", "http://a.test/")))
        let last = try #require(made(bench).last?.refusal)
        #expect(last.reason.contains("at most \(perMinute + 2) requests") && last.retryAfter == nil)
    }
}
