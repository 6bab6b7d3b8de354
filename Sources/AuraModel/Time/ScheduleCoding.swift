/// A schedule is encoded as its source: `{"cron": "0 2 * * *"}`, `{"calendar": "Mon..Fri 02:00"}`,
/// `{"every": "10m"}`, `{"at": ["2026-12-24T18:00:00Z"]}`, `{"cron": "@reboot"}`, or `{}` for none.
///
/// Beside `cron` stands `dialect` where it is not the default, and beside both calendars `gap` and
/// `overlap` where stated.
extension Schedule: Codable {
    /// Any key, so that one that is not known is refused instead of read as `manual`.
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }

        static let cron = Key(stringValue: "cron")
        static let calendar = Key(stringValue: "calendar")
        static let every = Key(stringValue: "every")
        static let at = Key(stringValue: "at")
        static let dialect = Key(stringValue: "dialect")
        static let gap = Key(stringValue: "gap")
        static let overlap = Key(stringValue: "overlap")

        /// Keys that say how another is read.
        static let options = ["dialect", "gap", "overlap"]
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let kinds = container.allKeys.filter { !Key.options.contains($0.stringValue) }
        let options = container.allKeys.filter { Key.options.contains($0.stringValue) }
        guard kinds.count <= 1, kinds.count == 1 || options.isEmpty else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: kinds.isEmpty
                        ? "options without a schedule" : "more than one schedule"))
        }
        guard let key = kinds.first else {
            self = .manual
            return
        }
        let allowed: [String] =
            switch key.stringValue {
            case Key.cron.stringValue: Key.options
            case Key.calendar.stringValue: ["gap", "overlap"]
            default: []
            }
        guard options.allSatisfy({ allowed.contains($0.stringValue) }) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container,
                debugDescription: "`\(options[0].stringValue)` says nothing beside it")
        }
        self = try Self.schedule(key, container)
    }

    private static func schedule(
        _ key: Key, _ container: KeyedDecodingContainer<Key>
    ) throws -> Schedule {
        let gap = try container.decodeIfPresent(String.self, forKey: .gap)
        let overlap = try container.decodeIfPresent(String.self, forKey: .overlap)
        let rule = TransitionRule(
            gap: try word(gap, .gap, container), overlap: try word(overlap, .overlap, container))
        let dialect: CronDialect? = try word(
            container.decodeIfPresent(String.self, forKey: .dialect), .dialect, container)
        do {
            switch key.stringValue {
            case Key.cron.stringValue:
                return try Schedule(
                    cron: container.decode(String.self, forKey: key), dialect: dialect ?? .ocps,
                    transitions: rule)
            case Key.calendar.stringValue:
                let text = try container.decode(String.self, forKey: key)
                return .calendar(try CalendarExpression(text, transitions: rule))
            case Key.every.stringValue:
                return .every(try Interval(container.decode(String.self, forKey: key)))
            case Key.at.stringValue:
                return .at(try InstantList(container.decode([String].self, forKey: key)))
            default:
                throw TextError(
                    column: 1, found: "`\(key.stringValue)`",
                    expected: "the key `cron`, `calendar`, `every` or `at`")
            }
        } catch let error as TextError {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container, debugDescription: "\(error)")
        } catch let error as InstantListError {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container,
                debugDescription: "instant \(error.index + 1): \(error.error)")
        }
    }

    private static func word<Word: RawRepresentable<String>>(
        _ text: String?, _ key: Key, _ container: KeyedDecodingContainer<Key>
    ) throws -> Word? {
        guard let text else { return nil }
        guard let word = Word(rawValue: text) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container, debugDescription: "`\(text)` is not known")
        }
        return word
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .cron(let expression):
            try container.encode(expression.text, forKey: .cron)
            if expression.dialect != .ocps {
                try container.encode(expression.dialect.rawValue, forKey: .dialect)
            }
        case .calendar(let expression): try container.encode(expression.text, forKey: .calendar)
        case .every(let interval): try container.encode(interval.text, forKey: .every)
        case .at(let instants): try container.encode(instants.texts, forKey: .at)
        case .reboot: try container.encode("@reboot", forKey: .cron)
        case .manual: break
        }
        if let gap = transitions.gap { try container.encode(gap.rawValue, forKey: .gap) }
        if let overlap = transitions.overlap {
            try container.encode(overlap.rawValue, forKey: .overlap)
        }
    }
}
