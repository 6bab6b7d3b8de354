import AuraModel
import Testing

@Suite("time from garbage")
struct TimeMutationTests {
    @Test("every beginning of a zone file is refused without a trap")
    func truncated() throws {
        let bytes = try SystemZones.bytes("Africa/Casablanca")
        for count in 0..<bytes.count {
            #expect(throws: ZoneError.self) { try ZoneRules(tzif: Array(bytes[..<count])) }
        }
    }

    @Test("a zone file with changed bytes is refused, or gives rules that answer")
    func mutatedZones() throws {
        var random = Seeded("mutated zones")
        let files = try SystemZones.names.map { try SystemZones.bytes($0) }
        let crons = try ["30 2 * * *", "*/7 2 29 2 *"].map { try CronExpression($0) }
        var accepted = 0
        for _ in 0..<2_000 {
            var bytes = random.pick(files)
            // Headers and footers are short beside tables of transitions, and more can go wrong there.
            let places = [44, 120, bytes.count].map { min($0, bytes.count) }
            for _ in 0...random.below(3) {
                let place = random.below(random.pick(places))
                let fromEnd = random.below(3) == 0
                bytes[fromEnd ? bytes.count - 1 - place % 40 : place] =
                    fromEnd
                    ? random.pick(Array("0123456789,.-+/<>MJ:A\n".utf8)) : UInt8(random.below(256))
            }
            guard let zone = try? ZoneRules(tzif: bytes) else { continue }
            accepted += 1
            for _ in 0..<4 {
                let instant = Int(truncatingIfNeeded: random.next()) >> random.below(64)
                _ = zone.instants(reading: instant)
                for cron in crons {
                    guard let next = cron.next(after: instant, in: zone) else { continue }
                    #expect(next > instant, "seed \(random.seed): \(cron)")
                }
            }
        }
        #expect(accepted > 100)
    }

    @Test("garbage and almost good expressions are refused or fire later than asked")
    func mutatedExpressions() throws {
        var random = Seeded("mutated expressions")
        let good = [
            "0 2 * * *", "*/5 9-17 1,15 jan-jun mon-fri", "@hourly", "30 0 0 29 2 ?",
            "0 0 13 * +fri", "0 12 L-3,LW * 5#2,6L", "1 2 3 15W 4 ? 2030-2040/2",
            "Mon..Fri *-*-1..7 02:00:30", "*-02~03/1 *:0/15", "2026-12-24T18:00:00.5+01:00",
        ]
        let alphabet = Array(" \t*?/,-+@#LW.~:TZ0123456789janmofriSUN\u{0}é\n".unicodeScalars)
        let zone = try SystemZones.rules("Australia/Lord_Howe")
        var accepted = 0
        for round in 0..<20_000 {
            var scalars = round.isMultiple(of: 4) ? [] : Array(random.pick(good).unicodeScalars)
            for _ in 0...random.below(scalars.isEmpty ? 24 : 3) {
                let place = random.below(scalars.count + 1)
                switch random.below(3) {
                case 0: scalars.insert(random.pick(alphabet), at: place)
                case 1 where place < scalars.count: scalars.remove(at: place)
                case _ where place < scalars.count: scalars[place] = random.pick(alphabet)
                default: scalars.append(random.pick(alphabet))
                }
            }
            let text = String(String.UnicodeScalarView(scalars))
            _ = try? DurationText.parse(text)
            _ = try? InstantText.parse(text)
            if let calendar = try? CalendarExpression(text) {
                accepted += 1
                _ = Schedule.calendar(calendar).describe()
                if let next = calendar.next(after: 1_700_000_000, in: zone) {
                    #expect(next > 1_700_000_000, "seed \(random.seed): `\(text)`")
                }
            }
            do throws(CronError) {
                let cron = try CronExpression(text, dialect: random.pick(CronDialect.allCases))
                accepted += 1
                _ = Schedule.cron(cron).describe()
                let after = 1_700_000_000 + random.below(1 << 30)
                guard let next = cron.next(after: after, in: zone) else { continue }
                #expect(next > after, "seed \(random.seed): `\(text)`")
            } catch {
                #expect((1...scalars.count + 1).contains(error.column), "seed \(random.seed)")
            }
        }
        #expect(accepted > 500)
    }
}
