import AuraModel
import FoundationEssentials
import Testing

@Suite("cron expressions as other libraries' tests have them")
struct CronConformanceTests {
    private struct Row: Decodable {
        let id: String
        let expression: String
        let zone: String
        let from: String?
        let next: [String]?
        let notNext: [String]?
        let valid: Bool?

        enum CodingKeys: String, CodingKey {
            case id, expression, zone, from, next, valid
            case notNext = "not_next"
        }
    }

    /// The rows of the three files, as their README counts them.
    private static let counts = ["robfig": 140, "ocps": 102, "supercronic": 82]

    @Test(
        "every row agrees in its library's dialect, or stands in the table of differences and really differs",
        .enabled(if: Conformance.canRun, "no shared/conformance here and no AURA_CONFORMANCE"),
        arguments: CronConformanceTests.counts.keys.sorted())
    func rows(file: String) throws {
        let directory = try #require(Conformance.directory, "CI must have the conformance data")
        let data = try #require(
            FileManager.default.contents(atPath: "\(directory)/cron/\(file).jsonl"))
        let rows = try data.split(separator: 0x0A).map {
            try JSONDecoder().decode(Row.self, from: $0)
        }
        let dialect = try #require(CronDialect(rawValue: file))
        var differing: [String: Int] = [:]
        for row in rows {
            let disagreement = try disagreement(row, dialect)
            if let reason = Self.differences[row.id] {
                differing[reason, default: 0] += 1
                #expect(disagreement != nil, "\(row.id) `\(row.expression)` agrees; not: \(reason)")
            } else {
                #expect(disagreement == nil, "\(row.id) `\(row.expression)`")
            }
        }
        let known = Self.differences.keys.filter { $0.hasPrefix(file + "/") }.count
        #expect(differing.values.reduce(0, +) == known, "a row of the table is not in the file")
        #expect(rows.count == Self.counts[file])
        print("\(file): \(rows.count - known) of \(rows.count) rows agree; the others:")
        for (reason, count) in differing.sorted(by: { $0.key < $1.key }) {
            print("  \(count) \(reason)")
        }
    }

    /// What is different here, nil where the row holds.
    private func disagreement(_ row: Row, _ dialect: CronDialect) throws -> String? {
        let schedule: Schedule
        do {
            schedule = try Schedule(cron: row.expression, dialect: dialect)
        } catch {
            return row.valid == false ? nil : "refused: \(error)"
        }
        guard row.valid != false else { return "accepted" }
        guard let from = row.from else { return nil }
        let zone = try SystemZones.rules(row.zone)
        var firings: [Int] = []
        var last = try instant(from) * 1_000
        for _ in 0..<max(1, row.next?.count ?? 1) {
            guard let next = schedule.next(afterMilliseconds: last, in: zone) else { break }
            firings.append(next / 1_000)
            last = next
        }
        if let first = firings.first, try row.notNext?.map(instant).contains(first) == true {
            return "fires at the instant ruled out"
        }
        let expected = try row.next?.map(instant) ?? []
        return firings == expected ? nil : "\(firings) instead of \(expected)"
    }

    /// Rows that do not hold here, with the reason and what to write for the library's reading, if
    /// anything.
    private static let differences: [String: String] = [
        "ocps/1.0/L216": never, "ocps/1.4/L181": never,
        "robfig/spec_test.go/TestNext/L176": never, "robfig/spec_test.go/TestNext/L177": never,
        "supercronic/TestZero/L246": never,
        "ocps/1.1/L107": capital, "ocps/1.1/L108": capital,
        "ocps/1.1/L126": "`@reboot` is a schedule here, as OCPS 1.1 wants; croner throws",
        "ocps/1.4/L104":
            "a fixed time in a gap runs as the gap ends, at 03:00; croner: at 03:30; OCPS 1.4 text: `gap: skip`",
    ]

    private static let never =
        "what can never fire is refused here with the proof; the library accepts it in silence"
    private static let capital =
        "nicknames are in small letters, as OCPS 1.1 demands; croner takes any case"
}
