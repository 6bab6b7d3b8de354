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
        let note: String?

        enum CodingKeys: String, CodingKey {
            case id, expression, zone, from, next, valid, note
            case notNext = "not_next"
        }
    }

    @Test(
        "every row agrees, or is left out for a reason and really differs",
        .enabled(if: Conformance.canRun, "no shared/conformance here and no AURA_CONFORMANCE"),
        arguments: ["robfig", "ocps", "supercronic"])
    func rows(file: String) throws {
        let directory = try #require(Conformance.directory, "CI must have the conformance data")
        let data = try #require(
            FileManager.default.contents(atPath: "\(directory)/cron/\(file).jsonl"))
        let rows = try data.split(separator: 0x0A).map {
            try JSONDecoder().decode(Row.self, from: $0)
        }
        var leftOut: [String: Int] = [:]
        for row in rows {
            let disagreement = try disagreement(row)
            if let reason = Self.reason(row) {
                leftOut[reason, default: 0] += 1
                #expect(disagreement != nil, "\(row.id) `\(row.expression)` agrees; not: \(reason)")
            } else {
                #expect(disagreement == nil, "\(row.id) `\(row.expression)`")
            }
        }
        let agreeing = rows.count - leftOut.values.reduce(0, +)
        print("\(file): \(agreeing) of \(rows.count) rows agree; left out:")
        for (reason, count) in leftOut.sorted(by: { $0.key < $1.key }) {
            print("  \(count) \(reason)")
        }
    }

    /// What is different here, nil where the row holds.
    private func disagreement(_ row: Row) throws -> String? {
        let cron: CronExpression
        do {
            cron = try CronExpression(row.expression)
        } catch {
            // What never fires is refused here, which says the same.
            let isNever = row.from != nil && row.next == nil && error.expected.contains("400")
            return row.valid == false || isNever ? nil : "refused: \(error)"
        }
        guard row.valid != false else { return "accepted" }
        guard let from = row.from else { return nil }
        let zone = try SystemZones.rules(row.zone)
        var firings: [Int] = []
        var last = try instant(from)
        for _ in 0..<max(1, row.next?.count ?? 1) {
            guard let next = cron.next(after: last, in: zone) else { break }
            firings.append(next)
            last = next
        }
        if let first = firings.first, try row.notNext?.map(instant).contains(first) == true {
            return "fires at the instant ruled out"
        }
        let expected = try row.next?.map(instant) ?? []
        return firings == expected ? nil : "\(firings) instead of \(expected)"
    }

    /// Why a row is no measure for this dialect; nil for one that is.
    private static func reason(_ row: Row) -> String? {
        let tags = Set((row.note ?? "").split(separator: ";").map { $0.drop { $0 == " " } })
        if let known = differences[row.id] { return known }
        if tags.contains("every"), row.valid != false { return "@every is `every:` here" }
        if row.valid == false { return nil }
        if !tags.isDisjoint(with: ["year", "six-field (trailing year)"]) { return "year field" }
        if tags.contains("seven-field (leading seconds, trailing year)") { return "year field" }
        if !tags.isDisjoint(with: ["L (day of month)", "L (day of week)", "LW", "W", "#"]) {
            return "L, W and #"
        }
        if tags.contains("N/step") { return step }
        if tags.contains("star-step-not-star") { return "*/N beside another day field is refused" }
        if row.expression.hasPrefix("@"), row.expression != row.expression.lowercased() {
            return "nicknames are in small letters, as OCPS writes"
        }
        if row.expression.hasSuffix("friday") { return "names have three letters" }
        return nil
    }

    /// Single rows whose library has another rule, mostly where clocks change.
    private static let differences: [String: String] = [
        "ocps/1.4/L104": gap, "robfig/spec_test.go/TestNext/L114": gap,
        "robfig/spec_test.go/TestNext/L133": gap, "robfig/spec_test.go/TestNext/L137": overlap,
        "robfig/spec_test.go/TestNext/L146": overlap, "robfig/spec_test.go/TestNext/L164": overlap,
        "robfig/spec_test.go/TestNext/L105": step,
        "supercronic/TestInterval_Interval60Issue/L302": "*/60 names minute 0 and is accepted here",
        "supercronic/TestRange_OutOfOrder/L325": "6-7 is Saturday and Sunday here",
    ]

    private static let step = "N/step is refused, as OCPS does"
    private static let gap = "a fixed time in a gap fires right after it here"
    private static let overlap = "a fixed time in an overlap fires once here"
}
