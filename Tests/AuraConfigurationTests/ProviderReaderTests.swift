import AuraConfiguration
import AuraModel
import Testing

@Suite struct ProviderReaderTests {
    private static func read(_ text: String) -> (Settings?, [Diagnostic]) {
        SettingsReader.read(file: "etc/aurad.yaml", text: text)
    }

    @Test("a provider's block arrives in the reasoners that name it") func whole() throws {
        let (settings, diagnostics) = Self.read(
            """
            day-budget: {usd: 20, tokens: 9_000_000}
            providers:
              local:
                dialect: openai-chat
                base-url: http://127.0.0.1:8000/v1/
                credential: null
                headers: {X-Title: aura}
                server: ollama
                quirks: [no-done]
                limits: {requests-per-minute: 50, tokens-per-minute: 400_000, concurrency: 4}
                timeouts: {connect: 2s, first-byte: 90s, idle: 30s, total: 5m}
                retries: 3
                models:
                  "qwen:8b": {context: 32_768, answer-tokens: 4096, prices: tokens-only}
                  dated:
                    prices:
                      - {from: 2026-01-01, input: 3, output: 15}
                      - {from: 2026-07-01, input: 2, output: 10}
            reasoners:
              small: {provider: local, model: "qwen:8b", runs-max: 2, fallback: [large]}
              large: {provider: local, model: dated, edits: whole}
            """)
        #expect(diagnostics == [])
        let read = try #require(settings)
        #expect(read.dayBudget == BudgetLimits(tokens: 9_000_000, microDollars: 20_000_000))
        let small = try #require(read.reasoners["small"])
        let block = try #require(small.block)
        #expect(
            block
                == ProviderSettings(
                    name: "local", dialect: .openaiChat, baseURL: "http://127.0.0.1:8000/v1",
                    credential: nil, headers: ["x-title": "aura"],
                    quirks: [
                        .maxTokens, .looseToolIndex, .objectArguments, .stopAfterTools, .noDone,
                    ],
                    limits: .init(
                        requestsPerMinute: 50, tokensPerMinute: 400_000, concurrency: 4),
                    retriesMax: 3))
        #expect(small.route == "local/qwen:8b")
        #expect(small.pricing == .tokensOnly)
        #expect(small.contextTokens == 32_768)
        #expect(small.answerTokensMax == 4096)
        #expect(small.fallbacks == ["large"])
        #expect(small.edits == nil && read.reasoners["large"]?.edits == .whole)
        #expect(
            [
                small.connectTimeout, small.firstByteTimeout, small.idleTimeout,
                small.totalTimeout,
            ] == [.seconds(2), .seconds(90), .seconds(30), .minutes(5)])
        let large = try #require(read.reasoners["large"])
        let (january, july) = (1_767_225_600_000, 1_782_864_000_000)
        func input(_ milliseconds: Int) -> MicroDollars? {
            large.pricing.prices(at: Instant(milliseconds: milliseconds))?.input
        }
        #expect(input(january - 1) == nil)
        #expect(input(january) == 3_000_000)
        #expect(input(july - 1) == 3_000_000)
        #expect(input(july) == 2_000_000)
    }

    @Test("what is wrong in a block is named with its place, what was expected, and what to write")
    func errors() {
        let (settings, diagnostics) = Self.read(
            """
            providers:
              local:
                dialect: openai
                models: {}
              other:
                dialect: anthropic
                headers: {authorization: Bearer x}
                quirks: [no-dome]
                limits: {concurrency: 0}
                timeouts: {idle: 20m}
                models:
                  m: {context: 200_000}
                  n: {prices: [{from: 2026-02-30, input: 1, output: 1}]}
            reasoners:
              a: {provider: othr, model: m}
              b: {provider: other, model: mm}
              c: {provider: other, model: n, prices: {input: 1, output: 1}, fallback: [c, zz], edits: diff}
            """)
        #expect(settings == nil)
        let said = diagnostics.map(\.description).joined(separator: "\n")
        for expected in [
            "etc/aurad.yaml:3:14: error: `providers.local.dialect`: found `openai`, expected one of "
                + "`anthropic`, `openai-chat`, `openai-responses`",
            "etc/aurad.yaml:7:15: error: the header `authorization` is aurad's own",
            "etc/aurad.yaml:8:14: error: `providers.other.quirks[0]`: found `no-dome`",
            "hint: did you mean `no-done`?",
            "etc/aurad.yaml:9:27: error: `providers.other.limits.concurrency`: found `0`",
            "etc/aurad.yaml:10:22: error: `providers.other.timeouts.idle`: found `20m`, expected no "
                + "more than the `total` of 10m",
            "etc/aurad.yaml:12:7: error: `providers.other.models.m.prices` is missing",
            "hint: prices: {input: 3, output: 15}, or prices: tokens-only when nobody knows",
            "etc/aurad.yaml:13:27: error: `providers.other.models.n.prices[0].from`: found "
                + "`2026-02-30`, expected a day such as `2026-01-31`",
            "etc/aurad.yaml:15:17: error: `reasoners.a.provider`: found `othr`",
            "hint: did you mean `other`?",
            "etc/aurad.yaml:16:31: error: `reasoners.b.model`: found `mm`, expected one of `m`, `n`",
            "etc/aurad.yaml:17:42: error: `reasoners.c.prices` means nothing to provider `other`",
            "`reasoners.c.fallback[0]`: found `c`, expected another reasoner: `a`, `b`",
            "`reasoners.c.fallback[1]`: found `zz`",
            "`reasoners.c.edits`: found `diff`, expected one of `exact`, `patch`, `whole`",
        ] { #expect(said.contains(expected), "\(expected)\n\(said)") }
    }
}
