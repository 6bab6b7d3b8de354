/// When an automaton fires by itself.
///
/// Encoded as its source: `{"cron": "0 2 * * *"}`, `{"every": "10m"}`, or `{}` for none. The zone is not part of it.
package enum Schedule: Hashable, Sendable {
    /// By the calendar.
    case cron(CronExpression)
    /// By a fixed beat.
    case every(Interval)
    /// Never; only an operator or another run starts it.
    case manual

    /// The first firing strictly after an instant, both in milliseconds since the Unix epoch; nil where there is none.
    ///
    /// `zone` matters to a calendar only.
    package func next(afterMilliseconds instant: Int, in zone: ZoneRules) -> Int? {
        switch self {
        case .cron(let expression):
            // Firings are whole seconds, so one after the second that has begun is after the instant.
            let second = floorDivide(instant, by: 1_000).quotient
            return expression.next(after: second, in: zone).map { $0 * 1_000 }
        case .every(let interval):
            return interval.next(afterMilliseconds: instant)
        case .manual:
            return nil
        }
    }
}

extension Schedule: CustomStringConvertible {
    /// `cron 0 2 * * *`, `every 10m` or `manual`.
    package var description: String {
        switch self {
        case .cron(let expression): "cron \(expression)"
        case .every(let interval): "every \(interval)"
        case .manual: "manual"
        }
    }
}

extension Schedule: Codable {
    /// Any key, so that one that is not known is refused instead of read as `manual`.
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }

        static let cron = Key(stringValue: "cron")
        static let every = Key(stringValue: "every")
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        guard container.allKeys.count <= 1 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "more than one schedule"))
        }
        guard let key = container.allKeys.first else {
            self = .manual
            return
        }
        let text = try container.decode(String.self, forKey: key)
        do throws(TextError) {
            switch key.stringValue {
            case Key.cron.stringValue: self = .cron(try CronExpression(text))
            case Key.every.stringValue: self = .every(try Interval(text))
            default:
                throw TextError(
                    column: 1, found: "`\(key.stringValue)`", expected: "the key `cron` or `every`")
            }
        } catch {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container, debugDescription: "\(error)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .cron(let expression): try container.encode(expression.text, forKey: .cron)
        case .every(let interval): try container.encode(interval.text, forKey: .every)
        case .manual: break
        }
    }
}
