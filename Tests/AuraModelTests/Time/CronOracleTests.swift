import AuraModel
import FoundationEssentials
import Testing

/// The calendar against one that looks at every minute.
///
/// `aura-bench time --oracle 10000000` and `--transitions 500` are the same checks at length, with
/// every zone.
@Suite("cron against brute force")
struct CronOracleTests {
    /// 20,000 triples take some seconds in a debug build.
    private static let triples =
        ProcessInfo.processInfo.environment["AURA_TRIPLES"].flatMap { Int($0) } ?? 20_000

    @Test("random (expression, zone, instant) triples agree with walking civil time")
    func triples() throws {
        var random = Seeded("cron triples")
        let (triples, changes) = try CalendarChecks.triples(
            Self.triples, try SystemZones.named(), &random)
        #expect(triples >= Self.triples)
        #expect(changes > triples / 400)
    }

    @Test("over each change of the clocks firings go on, in order, and show times that are meant")
    func transitions() throws {
        var random = Seeded("cron transitions")
        let (changes, steps) = try CalendarChecks.transitions(
            try SystemZones.named(), patterns: 20, &random)
        #expect(changes > 300 && steps == changes * 60)
    }

    @Test("two months of each zone: every firing, in order, none doubled")
    func months() throws {
        var random = Seeded("cron months")
        for zone in try SystemZones.named() {
            let start = try instant(
                "\(1_980 + random.below(100))-\(random.pick(["03", "10"]))-01T00:00:00Z")
            let pattern = RandomCron(&random)
            let cron = try CronExpression(pattern.text, transitions: pattern.transitions)
            let walk = CivilWalk(pattern, zone.rules, from: start, days: 61)
            var last = start
            // The first 3,000 of a pattern with seconds are enough.
            for expected in walk.firings.filter({ $0 > start }).prefix(3_000) {
                let next = cron.next(after: last, in: zone.rules)
                guard next == expected else {
                    Issue.record(
                        """
                        seed \(random.seed): `\(pattern.text)` \(pattern.transitions) \(zone.name) \
                        after \(last): \(next ?? -1), not \(expected)
                        """
                    )
                    return
                }
                last = expected
            }
        }
    }
}
