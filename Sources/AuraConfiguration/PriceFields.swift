import AuraModel

/// Reads what a model's tokens cost.
enum PriceFields {
    /// The word in place of prices that nobody knows.
    private static let tokensOnly = "tokens-only"

    private static let expectation =
        "a mapping such as `{input: 3, output: 15}`, a list of such with `from`, or `tokens-only`"

    /// 64 changes of price: more than a model lives to see.
    private static let countMax = 64

    /// $1,000 a million tokens: products with a billion tokens stay within an `Int`.
    private static let priceRange = 0...1_000_000_000

    /// One table, tables by the day they come into force, or the word that only tokens count.
    static func pricing(_ field: Field, _ report: inout Report) -> Pricing? {
        switch field.node.value {
        case .scalar(let scalar) where scalar.text == tokensOnly: return .tokensOnly
        case .sequence: return tables(field, &report)
        case .mapping:
            guard
                let fields = Fields(field, keys: priceKeys, expected: expectation, &report)
            else { return nil }
            return .always(table(fields, &report))
        case .scalar, .refused:
            field.refuse(&report, expected: expectation)
            return nil
        }
    }

    private static let priceKeys = ["input", "output", "cache-write", "cache-read"]

    private static func tables(_ field: Field, _ report: inout Report) -> Pricing? {
        guard let items = field.items(max: countMax, expected: expectation, &report) else {
            return nil
        }
        guard !items.isEmpty else {
            field.refuse(&report, expected: expectation)
            return nil
        }
        var dated: [Pricing.Dated] = []
        for item in items {
            guard
                let fields = Fields(
                    item, keys: ["from"] + priceKeys,
                    expected: "a mapping such as `{from: 2026-01-01, input: 3, output: 15}`",
                    &report),
                let from = fields.required(
                    "from", expected: "the day on which these prices come into force", &report)
            else { continue }
            guard let instant = day(from, &report) else { continue }
            if let last = dated.last, last.from >= instant {
                from.refuse(&report, expected: "a later day than the one before it")
            }
            dated.append(Pricing.Dated(from: instant, prices: table(fields, &report)))
        }
        return .table(dated)
    }

    /// Prices; a class of the cache that is not given has Anthropic's usual share of `input`.
    private static func table(_ fields: Fields, _ report: inout Report) -> PriceTable {
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

    /// The first moment of a day, UTC.
    private static func day(_ field: Field, _ report: inout Report) -> Instant? {
        guard case .scalar(let scalar) = field.node.value else {
            field.refuse(&report, expected: "a day such as `2026-01-31`")
            return nil
        }
        let parts = scalar.text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], scalar.text.utf8.allSatisfy({ $0 < 0x3a }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            let date = CivilDate(year: year, month: month, day: day)
        else {
            field.refuse(&report, expected: "a day such as `2026-01-31`")
            return nil
        }
        return Instant(milliseconds: date.daysSinceEpoch * 86_400_000)
    }
}
