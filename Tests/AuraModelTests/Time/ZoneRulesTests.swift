import AuraModel
import Testing

@Suite("zone rules")
struct ZoneRulesTests {
    @Test(
        "offsets around every change until 2500 are the C library's", arguments: SystemZones.names)
    func agreesWithLibrary(name: String) throws {
        let zone = try SystemZones.rules(name)
        let rows = try SystemZones.dump(name, through: 2_500)
        let wrong = rows.filter { zone.offset(at: $0.at) != $0.offset }
        #expect(wrong.isEmpty, "\(wrong.count) of \(rows.count): \(wrong.prefix(3))")
        if name == "Europe/Berlin" { #expect(rows.count > 2_000) }
    }

    @Test("every inhabited zone of the system is read and agrees with the C library until 2050")
    func everyZone() throws {
        var random = Seeded("inhabited zones")
        for name in try SystemZones.inhabited() {
            let zone = try SystemZones.rules(name)
            // The library takes long; a sample of its answers is enough outside CI.
            guard Conformance.isCI || random.below(8) == 0 else { continue }
            for row in try SystemZones.dump(name, through: 2_050)
            where zone.offset(at: row.at) != row.offset {
                Issue.record("\(name) at \(row.at): \(zone.offset(at: row.at)), not \(row.offset)")
            }
        }
    }

    @Test("a civil time is unique, in a gap, or twice there")
    func instants() throws {
        let berlin = try SystemZones.rules("Europe/Berlin")
        func reading(_ text: String) throws -> Int { try instant(text + "Z") }
        #expect(
            berlin.instants(reading: try reading("2026-07-01T12:00:00"))
                == .unique(try instant("2026-07-01T10:00:00Z")))
        let change = try instant("2026-03-29T01:00:00Z")
        for inside in ["2026-03-29T02:00:00", "2026-03-29T02:59:59"] {
            #expect(
                berlin.instants(reading: try reading(inside))
                    == .gap(before: change - 1, after: change))
        }
        #expect(berlin.instants(reading: try reading("2026-03-29T03:00:00")) == .unique(change))
        #expect(
            berlin.instants(reading: try reading("2026-10-25T02:30:00"))
                == .overlap(
                    first: try instant("2026-10-25T00:30:00Z"),
                    second: try instant("2026-10-25T01:30:00Z")))
        // The rule repeats: 400 years later the same day has the same gap.
        let later = change + CivilDate.daysPerCycle * CivilTime.secondsPerDay
        #expect(
            berlin.instants(reading: try reading("2426-03-29T02:30:00"))
                == .gap(before: later - 1, after: later))
        // Half an hour only.
        let island = try SystemZones.rules("Australia/Lord_Howe")
        guard case .gap = island.instants(reading: try reading("2026-10-04T02:15:00")),
            case .unique = island.instants(reading: try reading("2026-10-04T02:30:00"))
        else {
            Issue.record("Lord Howe's gap is from 2:00 to 2:30")
            return
        }
    }

    @Test("each instant is among the instants of its own reading, in every segment until 2040")
    func roundTrip() throws {
        for name in SystemZones.names {
            let zone = try SystemZones.rules(name)
            var segment = zone.segment(containing: try instant("1850-01-01T00:00:00Z"))
            let end = try instant("2040-01-01T00:00:00Z")
            while segment.end < end {
                for instant in [segment.end - 1, segment.end, segment.end + 3_600] {
                    switch zone.instants(reading: instant + zone.offset(at: instant)) {
                    case .unique(let only): #expect(only == instant)
                    case .overlap(let first, let second):
                        #expect(instant == first || instant == second)
                    case .gap: Issue.record("\(name): \(instant) reads what no clock shows")
                    }
                }
                segment = zone.segment(containing: segment.end)
            }
        }
    }

    @Test("a footer without transitions holds for all time, also one with daylight saving all year")
    func footers() throws {
        let newYork = try ZoneRules(tzif: tzif(footer: "EST5EDT,M3.2.0,M11.1.0"))
        #expect(newYork.offset(at: try instant("1700-07-01T00:00:00Z")) == -4 * 3_600)
        #expect(newYork.offset(at: try instant("9999-01-01T00:00:00Z")) == -5 * 3_600)
        let always = try ZoneRules(tzif: tzif(footer: "XXX3EDT4,0/0,J365/23"))
        #expect(always.offset(at: try instant("2026-01-01T03:00:00Z")) == -4 * 3_600)
        #expect(always.offset(at: try instant("2026-07-01T00:00:00Z")) == -4 * 3_600)
        // RFC 9636: times of change from -167 to 167 hours.
        let nuuk = try ZoneRules(tzif: tzif(footer: "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"))
        let change = try instant("2026-03-29T01:00:00Z")
        #expect(nuuk.offset(at: change - 1) == -7_200)
        #expect(nuuk.offset(at: change) == -3_600)
        #expect(try ZoneRules(tzif: tzif(footer: "UTC0")) == .utc)
        #expect(try ZoneRules(tzif: tzif(footer: "")) == .utc)
        #expect(try ZoneRules(tzif: tzif(footer: "CET-1")) == ZoneRules(fixedOffset: 3_600))
    }

    @Test("a change beyond the calendar is not met, and nothing waits for it")
    func unreachableChange() throws {
        var bytes = try SystemZones.bytes("Asia/Kolkata")
        // The last 64-bit transition stands before the types' indices of the second block.
        let second = try #require(
            (1..<bytes.count - 4).first { bytes[$0..<$0 + 4].elementsEqual("TZif".utf8) })
        let count = Int(bytes[second + 35])
        let last = second + 44 + (count - 1) * 8
        bytes.replaceSubrange(last..<last + 8, with: [0x20, 0, 0, 0, 0, 0, 0, 0])
        let zone = try ZoneRules(tzif: bytes)
        let end = CivilTime.readingRange.upperBound
        #expect(zone.instants(reading: end) == .unique(end - zone.offset(at: end)))
        #expect(zone.segment(containing: end).end == .max)
    }

    @Test("what is wrong with a file is named")
    func errors() throws {
        func error(_ bytes: [UInt8]) -> ZoneError? {
            #expect(throws: ZoneError.self) { try ZoneRules(tzif: bytes) }
        }
        #expect(error([]) == .truncated(offset: 0, bytesNeeded: 4))
        #expect(error(Array("TZiX".utf8) + [0]) == .magic(offset: 0))
        #expect(error(Array("TZif9".utf8)) == .version(0x39))
        #expect(
            error([UInt8](repeating: 0, count: 65_537))
                == .tooLarge(bytes: 65_537, bytesMax: 65_536))
        let footer = "CET-1CEST,M3.5.0,M13.5.0/3"
        guard case .footer(let why) = error(tzif(footer: footer)) else {
            Issue.record("a 13th month was read")
            return
        }
        #expect(why.description == "column 19: found `13`, expected a month, 1 to 12")
        var lastByteGone = try SystemZones.bytes("Europe/Berlin")
        lastByteGone.removeLast()
        #expect(error(lastByteGone) == .footerBounds)
        if let right = try? SystemZones.bytes("right/UTC") { #expect(error(right) == .leapSeconds) }
    }

    /// Version 2 with two blocks of one type and no transition.
    private func tzif(footer: String) -> [UInt8] {
        let header = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        func counts(_ counts: [UInt8]) -> [UInt8] { counts.flatMap { [0, 0, 0, $0] } }
        let block: [UInt8] = [0, 0, 0, 0, 0, 0] + Array("UTC\0".utf8)
        let one = header + counts([0, 0, 0, 0, 1, 4]) + block
        return one + one + Array("\n\(footer)\n".utf8)
    }
}
