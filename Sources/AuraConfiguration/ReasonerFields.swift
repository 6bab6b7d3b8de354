import AuraModel

/// Reads the `reasoners` of `aurad.yaml`.
enum ReasonerFields {
    static func readAll(
        _ field: Field, _ providers: [String: ProviderFields.Declared], _ report: inout Report
    ) -> [String: ReasonerSettings] {
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
            reasoners[member.key] = read(field, providers, &report)
        }
        checkFallbacks(of: members, field.path, &report)
        return reasoners
    }

    /// A fallback is another reasoner of this file.
    private static func checkFallbacks(
        of members: [ConfigurationNode.Member], _ path: String, _ report: inout Report
    ) {
        let names = members.map(\.key)
        for member in members {
            guard case .mapping(let fields) = member.value.value,
                let fallback = fields.first(where: { $0.key == "fallback" }),
                case .sequence(let nodes) = fallback.value.value
            else { continue }
            for (index, node) in nodes.enumerated() {
                guard case .scalar(let scalar) = node.value else { continue }
                guard !names.contains(scalar.text) || scalar.text == member.key else { continue }
                let others = names.filter { $0 != member.key }.map { "`\($0)`" }
                Field(path: "\(path).\(member.key).fallback[\(index)]", node: node).refuse(
                    &report,
                    expected: others.isEmpty
                        ? "another reasoner; there is none"
                        : "another reasoner: " + others.joined(separator: ", "))
            }
        }
    }

    /// The provider that plays scripts.
    static let scripted = "scripted"
    private static let anthropic = "anthropic"

    static let anthropicURL = "https://api.anthropic.com"
    static let anthropicCredential = "anthropic-api-key"

    /// A second to an hour: a shorter wait fails every call, a longer one is a hang.
    static let timeoutRange = Milliseconds.seconds(1)...Milliseconds.minutes(60)
    /// What a reasoner has when nothing is said.
    static let totalStandard = ReasonerSettings(provider: .scripted(file: ""), model: "")
        .totalTimeout

    private static let modelLengthMax = 128
    /// 8: whoever is not answered by so many is not answered.
    private static let fallbacksMax = 8

    private static let common = ["provider", "model", "runs-max", "fallback", "edits"]
    private static let timeouts = ["idle-timeout", "total-timeout"]
    private static let ofAnthropic = ["base-url", "credential"]
    private static let prices = ["prices"]
    private static let ofScripted = ["file"]

    private static func read(
        _ field: Field, _ providers: [String: ProviderFields.Declared], _ report: inout Report
    ) -> ReasonerSettings? {
        let names = [anthropic, scripted] + providers.keys.filter { $0 != anthropic }.sorted()
        guard
            let fields = Fields(
                field, keys: common + timeouts + prices + ofAnthropic + ofScripted,
                expected: "a mapping such as `{provider: anthropic, model: NAME}`", &report),
            let providerField = fields.required(
                "provider", expected: names.map { "`\($0)`" }.joined(separator: " or "), &report),
            let name = providerField.name(of: names, &report)
        else { return nil }
        let model = fields["model"]?.line(
            max: modelLengthMax, expected: "a model's name", &report)
        let place = providerField.node.place
        var reasoner: ReasonerSettings
        if let declared = providers[name] {
            refuse(ofScripted + ofAnthropic + prices + timeouts, of: name, in: fields, &report)
            guard let read = of(declared, fields, place, &report) else { return nil }
            reasoner = read
        } else if name == scripted {
            refuse(ofAnthropic, of: name, in: fields, &report)
            let file = fields.required("file", expected: "the script to play", &report)
            reasoner = ReasonerSettings(
                provider: .scripted(file: file?.filePath(&report) ?? ""), model: model ?? name)
            reasoner.pricing =
                fields["prices"].flatMap { PriceFields.pricing($0, &report) } ?? reasoner.pricing
            readTimeouts(fields, into: &reasoner, &report)
        } else {
            refuse(ofScripted, of: name, in: fields, &report)
            _ = fields.required(
                "model", expected: "the name of one of the provider's models", at: place, &report)
            let prices = fields.required(
                "prices", expected: "what tokens cost: budgets in dollars are counted with it",
                hint: "prices: {input: 3, output: 15}", at: place, &report)
            reasoner = ReasonerSettings(
                provider: .anthropic(
                    baseURL: fields["base-url"]?.baseURL(&report) ?? anthropicURL,
                    credential: fields["credential"]?.credential(&report) ?? anthropicCredential),
                model: model ?? name)
            reasoner.pricing =
                prices.flatMap { PriceFields.pricing($0, &report) } ?? reasoner.pricing
            readTimeouts(fields, into: &reasoner, &report)
        }
        reasoner.edits = fields["edits"]?.word(of: EditForm.allCases, &report)
        reasoner.runsMax = fields["runs-max"]?.whole(SettingsReader.runsRange, &report)
        reasoner.fallbacks =
            fields["fallback"]?.items(
                max: fallbacksMax, expected: "a list of reasoners, such as `[other]`", &report)?
            .compactMap { $0.line(max: modelLengthMax, expected: "a reasoner's name", &report) }
            ?? []
        return reasoner
    }

    /// A reasoner of a declared provider: one of its models.
    private static func of(
        _ declared: ProviderFields.Declared, _ fields: Fields, _ place: Place,
        _ report: inout Report
    ) -> ReasonerSettings? {
        let names = declared.models.keys.sorted()
        guard
            let field = fields.required(
                "model", expected: "one of the provider's models", at: place, &report),
            let name = field.name(of: names, &report), let model = declared.models[name]
        else { return nil }
        let timeouts = declared.timeouts
        var reasoner = ReasonerSettings(provider: .http(declared.provider), model: name)
        reasoner.totalTimeout = timeouts.total ?? reasoner.totalTimeout
        reasoner.idleTimeout = timeouts.idle ?? min(reasoner.idleTimeout, reasoner.totalTimeout)
        reasoner.firstByteTimeout = timeouts.firstByte ?? reasoner.idleTimeout
        reasoner.connectTimeout = timeouts.connect ?? reasoner.connectTimeout
        reasoner.pricing = model.pricing
        reasoner.contextTokens = model.context
        reasoner.answerTokensMax = model.answerTokens
        return reasoner
    }

    private static func refuse(
        _ keys: [String], of name: String, in fields: Fields, _ report: inout Report
    ) {
        for key in keys {
            guard let field = fields[key] else { continue }
            report.add(
                field.node.place, "`\(field.path)` means nothing to provider `\(name)`",
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
        reasoner.firstByteTimeout = reasoner.idleTimeout
        if let field = fields["idle-timeout"], reasoner.idleTimeout > reasoner.totalTimeout {
            let total = DurationText.format(reasoner.totalTimeout.count)
            field.refuse(&report, expected: "no more than the `total-timeout` of \(total)")
        }
    }
}
