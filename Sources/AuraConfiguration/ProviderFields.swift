import AuraModel

/// Reads the `providers` of `aurad.yaml`: who answers, in which dialect, at what price.
enum ProviderFields {
    /// A provider with the models that it offers.
    struct Declared {
        var provider: ProviderSettings
        var timeouts: Timeouts
        var models: [String: Model]
    }

    /// One model of a provider.
    struct Model {
        var context: Int?
        var answerTokens: Int?
        var pricing: Pricing
    }

    /// How long each part of a call may take; nil: as a reasoner has it of itself.
    struct Timeouts {
        var connect: Milliseconds?
        var firstByte: Milliseconds?
        var idle: Milliseconds?
        var total: Milliseconds?
    }

    /// What a server departs from the plain dialect in, by its name.
    private enum Server: String, CaseIterable {
        case vllm
        case llamaCPP = "llama-cpp"
        case ollama, litellm, deepseek, openrouter

        var quirks: Set<ProviderSettings.Quirk> {
            switch self {
            case .vllm: [.stopAfterTools]
            case .llamaCPP: [.maxTokens, .stopAfterTools]
            case .ollama: [.maxTokens, .looseToolIndex, .objectArguments, .stopAfterTools]
            case .litellm: [.looseToolIndex, .objectArguments, .stopAfterTools]
            case .deepseek: [.maxTokens, .sendReasoning]
            case .openrouter: [.maxTokens, .stopAfterTools]
            }
        }
    }

    static func readAll(_ field: Field, _ report: inout Report) -> [String: Declared] {
        guard case .mapping(let members) = field.node.value else {
            field.refuse(
                &report, expected: "a mapping such as `local: {dialect: openai-chat, ...}`")
            return [:]
        }
        var providers: [String: Declared] = [:]
        for member in members {
            guard AutomatonName(member.key) != nil, member.key != ReasonerFields.scripted else {
                report.add(
                    member.place,
                    "found \(Quotation.of(member.key)) as a provider's name, "
                        + "expected \(AutomatonName.expectation), and not "
                        + "`\(ReasonerFields.scripted)`")
                continue
            }
            let field = Field(path: "\(field.path).\(member.key)", node: member.value)
            providers[member.key] = read(field, member.key, &report)
        }
        return providers
    }

    private static let keys = [
        "dialect", "base-url", "credential", "headers", "server", "quirks", "limits", "timeouts",
        "retries", "models",
    ]

    /// 100 retries: with the waits between them that is most of a day.
    private static let retriesRange = 0...100

    private static func read(
        _ field: Field, _ name: String, _ report: inout Report
    ) -> Declared? {
        guard
            let fields = Fields(
                field, keys: keys,
                expected: "a mapping such as `{dialect: openai-chat, models: {...}}`", &report),
            let dialect = fields.required(
                "dialect", expected: "`anthropic`, `openai-chat` or `openai-responses`", &report)?
                .word(of: ProviderSettings.Dialect.allCases, &report)
        else { return nil }
        var provider = ProviderSettings(
            name: name, dialect: dialect,
            baseURL: fields["base-url"]?.baseURL(&report) ?? standardURL(dialect),
            credential: standardCredential(dialect))
        if let credential = fields["credential"] {
            provider.credential = credential.isWrittenNull ? nil : credential.credential(&report)
        }
        if let headers = fields["headers"] { provider.headers = self.headers(headers, &report) }
        if let server = fields["server"]?.word(of: Server.allCases, &report) {
            provider.quirks = server.quirks
        }
        for quirk in fields["quirks"]?.items(
            max: ProviderSettings.Quirk.allCases.count, expected: "a list of quirks", &report) ?? []
        {
            quirk.word(of: ProviderSettings.Quirk.allCases, &report).map {
                _ = provider.quirks.insert($0)
            }
        }
        if let limits = fields["limits"] { provider.limits = self.limits(limits, &report) }
        provider.retriesMax =
            fields["retries"]?.whole(retriesRange, &report) ?? provider.retriesMax
        let models = fields.required(
            "models", expected: "the models that are asked, with their prices",
            hint: "models: {NAME: {context: 200_000, prices: {input: 3, output: 15}}}", &report)
        return Declared(
            provider: provider,
            timeouts: fields["timeouts"].map { timeouts($0, &report) } ?? Timeouts(),
            models: models.map { self.models($0, &report) } ?? [:])
    }

    private static func standardURL(_ dialect: ProviderSettings.Dialect) -> String {
        dialect == .anthropic ? ReasonerFields.anthropicURL : "https://api.openai.com/v1"
    }

    private static func standardCredential(_ dialect: ProviderSettings.Dialect) -> String {
        dialect == .anthropic ? ReasonerFields.anthropicCredential : "openai-api-key"
    }

    // MARK: - Parts

    /// 32 headers of 1,024 characters: servers refuse heads of more than a few KiB.
    private static let headersMax = 32
    private static let headerLengthMax = 1_024

    private static func headers(_ field: Field, _ report: inout Report) -> [String: String] {
        guard case .mapping(let members) = field.node.value, members.count <= headersMax else {
            field.refuse(&report, expected: "a mapping such as `{x-title: aura}`")
            return [:]
        }
        var headers: [String: String] = [:]
        for member in members {
            let name = member.key.lowercased()
            guard !name.isEmpty, name.utf8.allSatisfy(isToken) else {
                report.add(
                    member.place,
                    "found \(Quotation.of(member.key)) as a header's name, expected letters, "
                        + "digits and `-`")
                continue
            }
            guard !["authorization", "x-api-key", "content-length", "host"].contains(name) else {
                report.add(
                    member.place, "the header `\(name)` is aurad's own",
                    hint: "a key goes into a credential: `credential: NAME`")
                continue
            }
            let value = Field(path: "\(field.path).\(member.key)", node: member.value)
            headers[name] = value.line(max: headerLengthMax, expected: "a header's value", &report)
        }
        return headers
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static let requestsRange = 1...1_000_000
    private static let tokensRange = 1...1_000_000_000
    private static let concurrencyRange = 1...1_000

    private static func limits(
        _ field: Field, _ report: inout Report
    ) -> ProviderSettings.Limits {
        guard
            let fields = Fields(
                field, keys: ["requests-per-minute", "tokens-per-minute", "concurrency"],
                expected: "a mapping such as `{requests-per-minute: 50}`", &report)
        else { return .init() }
        return ProviderSettings.Limits(
            requestsPerMinute: fields["requests-per-minute"]?.whole(requestsRange, &report),
            tokensPerMinute: fields["tokens-per-minute"]?.whole(tokensRange, &report),
            concurrency: fields["concurrency"]?.whole(concurrencyRange, &report))
    }

    private static func timeouts(_ field: Field, _ report: inout Report) -> Timeouts {
        guard
            let fields = Fields(
                field, keys: ["connect", "first-byte", "idle", "total"],
                expected: "a mapping such as `{idle: 60s, total: 10m}`", &report)
        else { return Timeouts() }
        let range = ReasonerFields.timeoutRange
        let timeouts = Timeouts(
            connect: fields["connect"]?.duration(range, &report),
            firstByte: fields["first-byte"]?.duration(range, &report),
            idle: fields["idle"]?.duration(range, &report),
            total: fields["total"]?.duration(range, &report))
        let total = timeouts.total ?? ReasonerFields.totalStandard
        for (key, span) in [
            ("connect", timeouts.connect), ("first-byte", timeouts.firstByte),
            ("idle", timeouts.idle),
        ] where span.map({ $0 > total }) == true {
            fields[key]?.refuse(
                &report, expected: "no more than the `total` of \(DurationText.format(total.count))"
            )
        }
        return timeouts
    }

    /// 10 million tokens: ten times the largest context in use.
    private static let contextRange = 1_024...10_000_000
    private static let answerRange = 1...1_000_000
    /// 1,000: a provider that sells more is asked by name all the same.
    private static let modelsMax = 1_000
    private static let modelExpectation =
        "a mapping such as `NAME: {context: 200_000, prices: {input: 3, output: 15}}`"

    private static func models(_ field: Field, _ report: inout Report) -> [String: Model] {
        guard case .mapping(let members) = field.node.value, members.count <= modelsMax else {
            field.refuse(&report, expected: modelExpectation)
            return [:]
        }
        var models: [String: Model] = [:]
        for member in members {
            let value = Field(path: "\(field.path).\(member.key)", node: member.value)
            guard
                let fields = Fields(
                    value, keys: ["context", "answer-tokens", "prices"],
                    expected: modelExpectation, &report)
            else { continue }
            let prices = fields.required(
                "prices", expected: "what tokens cost: budgets in dollars are counted with it",
                hint: "prices: {input: 3, output: 15}, or prices: tokens-only when nobody knows",
                at: member.place, &report)
            models[member.key] = Model(
                context: fields["context"]?.whole(contextRange, &report),
                answerTokens: fields["answer-tokens"]?.whole(answerRange, &report),
                pricing: prices.flatMap { PriceFields.pricing($0, &report) } ?? .tokensOnly)
        }
        return models
    }
}

extension Field {
    /// Whether the word `null` stands here, and not just nothing.
    var isWrittenNull: Bool {
        guard case .scalar(let scalar) = node.value else { return false }
        return scalar.isNull && !scalar.isEmpty
    }
}
