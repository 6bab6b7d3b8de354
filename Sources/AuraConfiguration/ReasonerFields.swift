import AuraModel

/// Reads the `reasoners` of `aurad.yaml`.
enum ReasonerFields {
    static func readAll(_ field: Field, _ report: inout Report) -> [String: ReasonerSettings] {
        guard case .mapping(let members) = field.node.value else {
            field.refuse(
                &report, expected: "a mapping such as `main: {provider: anthropic, ...}`")
            return [:]
        }
        var reasoners: [String: ReasonerSettings] = [:]
        for member in members {
            guard AutomatonName(member.key) != nil else {
                report.add(
                    member.place,
                    "found \(Quotation.of(member.key)) as a reasoner's name, "
                        + "expected \(AutomatonName.expectation)")
                continue
            }
            let field = Field(path: "\(field.path).\(member.key)", node: member.value)
            reasoners[member.key] = read(field, &report)
        }
        return reasoners
    }

    private enum Provider: String, CaseIterable {
        case anthropic, scripted
    }

    private static let anthropicURL = "https://api.anthropic.com"
    private static let anthropicCredential = "anthropic-api-key"

    /// A second to an hour: a shorter wait fails every call, a longer one is a hang.
    private static let timeoutRange = Milliseconds.seconds(1)...Milliseconds.minutes(60)

    private static let modelLengthMax = 128

    private static let common = [
        "provider", "model", "prices", "idle-timeout", "total-timeout", "runs-max",
    ]
    private static let ofAnthropic = ["base-url", "credential"]
    private static let ofScripted = ["file"]

    private static func read(_ field: Field, _ report: inout Report) -> ReasonerSettings? {
        guard
            let fields = Fields(
                field, keys: common + ofAnthropic + ofScripted,
                expected: "a mapping such as `{provider: anthropic, model: NAME}`", &report)
        else { return nil }
        let model = fields["model"]?.line(
            max: modelLengthMax, expected: "a model's name", &report)
        let providerField = fields.required(
            "provider", expected: "`anthropic` or `scripted`", &report)
        guard let providerField, let word = providerField.word(of: Provider.allCases, &report)
        else {
            return nil
        }
        let provider: ReasonerSettings.Provider
        switch word {
        case .anthropic:
            refuse(ofScripted, of: word, in: fields, &report)
            let place = providerField.node.place
            _ = fields.required(
                "model", expected: "the name of one of the provider's models", at: place, &report)
            _ = fields.required(
                "prices", expected: "what tokens cost: budgets in dollars are counted with it",
                hint: "prices: {input: 3, output: 15}", at: place, &report)
            provider = .anthropic(
                baseURL: fields["base-url"]?.baseURL(&report) ?? anthropicURL,
                credential: fields["credential"]?.credential(&report) ?? anthropicCredential)
        case .scripted:
            refuse(ofAnthropic, of: word, in: fields, &report)
            let file = fields.required("file", expected: "the script to play", &report)
            provider = .scripted(file: file?.filePath(&report) ?? "")
        }
        var reasoner = ReasonerSettings(
            provider: provider, model: model ?? word.rawValue,
            prices: fields["prices"].flatMap { prices($0, &report) } ?? .free)
        readTimeouts(fields, into: &reasoner, &report)
        reasoner.runsMax = fields["runs-max"]?.whole(SettingsReader.runsRange, &report)
        return reasoner
    }

    private static func refuse(
        _ keys: [String], of word: Provider, in fields: Fields, _ report: inout Report
    ) {
        for key in keys {
            guard let field = fields[key] else { continue }
            report.add(
                field.node.place, "`\(field.path)` means nothing to provider `\(word.rawValue)`",
                hint: "remove it")
        }
    }

    private static func readTimeouts(
        _ fields: Fields, into reasoner: inout ReasonerSettings, _ report: inout Report
    ) {
        let idle = fields["idle-timeout"]?.duration(timeoutRange, &report)
        let total = fields["total-timeout"]?.duration(timeoutRange, &report)
        reasoner.totalTimeout = total ?? reasoner.totalTimeout
        // A total below the standard silence bounds that too; two that were written must agree.
        reasoner.idleTimeout = idle ?? min(reasoner.idleTimeout, reasoner.totalTimeout)
        if let field = fields["idle-timeout"], reasoner.idleTimeout > reasoner.totalTimeout {
            let total = DurationText.format(reasoner.totalTimeout.count)
            field.refuse(&report, expected: "no more than the `total-timeout` of \(total)")
        }
    }

    /// $1,000 a million tokens: products with a billion tokens stay within an `Int`.
    private static let priceRange = 0...1_000_000_000

    /// Prices; a class of the cache that is not given has the provider's usual share of `input`.
    private static func prices(_ field: Field, _ report: inout Report) -> PriceTable? {
        guard
            let fields = Fields(
                field, keys: ["input", "output", "cache-write", "cache-read"],
                expected: "a mapping such as `{input: 3, output: 15}`", &report)
        else { return nil }
        let expected = "dollars for a million tokens"
        let input =
            fields.required("input", expected: expected, &report)?.dollars(priceRange, &report)
            ?? 0
        let output =
            fields.required("output", expected: expected, &report)?.dollars(priceRange, &report)
            ?? 0
        // Anthropic's price list: a five-minute cache write costs a quarter more than input, a read
        // a tenth of it. Rounded up, as every price here.
        return PriceTable(
            input: input,
            cacheWrite: fields["cache-write"]?.dollars(priceRange, &report) ?? (input * 5 + 3) / 4,
            cacheRead: fields["cache-read"]?.dollars(priceRange, &report) ?? (input + 9) / 10,
            output: output)
    }
}
