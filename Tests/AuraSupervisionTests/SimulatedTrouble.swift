import AuraModel

/// What happens in a simulated world: trouble, and what goes on between.
///
/// Everything that is drawn by chance is in it, so that a list of them can be shortened and played
/// again. Spans are milliseconds.
enum SimulatedTrouble: Sendable {
    /// Time goes by, and the timer wakes the kernel when it asked to be.
    case pass(Int)
    /// aurad is not there for a while, and things happen meanwhile.
    case outage(Int, [Change])
    /// aurad is not there until so long before the next change of a zone's clocks.
    case untilChange(zone: Int, before: Int)
    /// The process ends in the turn after so many others: before its commit or right after it.
    case crash(turns: Int, isCommitted: Bool, down: Int)
    case sleep(Int)
    case change(Change)
    /// A worker that is under way attests itself and finishes, or it dies.
    case work(Int, takes: Int, isSuccess: Bool)
    case die(Int)
    case order(Int, SimulatedOrder)
    /// The firings of a span that ends so long ago.
    case backfill(Int, ago: Int, span: Int)

    /// What may change behind aurad's back, or before its eyes.
    enum Change: Sendable {
        /// The wall clock is set, by so much.
        case step(Int)
        /// The wall clock is put right.
        case right
        /// A zone file is replaced by one with other rules.
        case zone(Int, rules: Int)
        /// A definition file is replaced; nil: removed.
        case file(Int, edition: Int?)

        var isTrouble: Bool {
            if case .file = self { false } else { true }
        }
    }

    /// What an operator orders.
    enum SimulatedOrder: CaseIterable, Sendable {
        case start, stop, restart, pause, resume, run
    }
}

extension SimulatedTrouble {
    /// Ten years, and a month.
    private static let stepMax = 10 * 366 * 86_400_000
    private static let monthMax = 31 * 86_400_000

    /// What a world goes through that behaves as `seed` says.
    static func list(seed: UInt64, count: Int) -> [Self] {
        var chance = SimulatedChance(state: seed)
        var list: [Self] = []
        while list.count < count { list += next(&chance) }
        return list
    }

    private static func next(_ chance: inout SimulatedChance) -> [Self] {
        switch chance.below(24) {
        case 0, 1:
            let changes = (0..<chance.below(3)).map { _ in change(&chance) }
            return [.outage(chance.span(upTo: monthMax), changes)]
        case 2, 3:
            return [
                .crash(
                    turns: chance.below(6), isCommitted: chance.below(2) == 0,
                    down: chance.span(upTo: 600_000))
            ]
        case 4, 5, 6, 7: return [.change(change(&chance))]
        case 8: return [.sleep(chance.span(upTo: monthMax))]
        case 9:
            let before = chance.below(3_600_000)
            return [
                .untilChange(zone: chance.below(SimulatedFiles.zones.count), before: before),
                .pass(before), .pass(chance.below(7_200_000)),
            ]
        case 10, 11:
            let all = SimulatedOrder.allCases
            return [.order(chance.below(7), all[chance.below(all.count)])]
        case 12: return [.order(chance.below(7), chance.below(2) == 0 ? .start : .resume)]
        case 13:
            return [
                .backfill(
                    chance.below(7), ago: chance.span(upTo: monthMax),
                    span: chance.span(upTo: 86_400_000))
            ]
        case 14, 15, 16, 17:
            return [
                .work(
                    chance.below(8), takes: chance.below(2_000), isSuccess: chance.below(4) != 0)
            ]
        case 18: return [.die(chance.below(8))]
        default: return [.pass(chance.span(upTo: 15 * 60_000))]
        }
    }

    private static func change(_ chance: inout SimulatedChance) -> Change {
        switch chance.below(8) {
        case 0, 1, 2:
            let span = chance.span(upTo: stepMax)
            return .step(chance.below(2) == 0 ? span : -span)
        case 3, 4: return .right
        case 5:
            return .zone(
                chance.below(SimulatedFiles.zones.count),
                rules: chance.below(SimulatedFiles.rules.count))
        default:
            let edition = chance.below(SimulatedFiles.editions + 1)
            let isThere = edition < SimulatedFiles.editions
            return .file(chance.below(7), edition: isThere ? edition : nil)
        }
    }

    /// How much trouble it is: outages, clocks that are set, sleep, zones, restarts.
    var troubles: Int {
        switch self {
        case .outage(_, let changes): 1 + changes.count { $0.isTrouble }
        case .change(let change): change.isTrouble ? 1 : 0
        case .untilChange, .crash, .sleep: 1
        case .pass, .work, .die, .order, .backfill: 0
        }
    }
}

extension SimulatedChance {
    /// A span from a millisecond to `most`, each order of magnitude as likely.
    mutating func span(upTo most: Int) -> Int {
        var bound = 1_000
        while bound < most, below(5) != 0 { bound *= 8 }
        return 1 + below(min(bound, most))
    }
}

extension SimulatedTrouble {
    /// The shortest list found that still fails: spans of the list are left out, ever shorter ones,
    /// as long as what is left fails.
    static func shortest(
        _ list: [Self], within tries: Int = 400, _ fails: ([Self]) -> Bool
    ) -> [Self] {
        var list = list
        var tries = tries
        var size = max(1, list.count / 2)
        while tries > 0 {
            var start = 0
            var isShorter = false
            while start < list.count, tries > 0 {
                var rest = list
                rest.removeSubrange(start..<min(list.count, start + size))
                tries -= 1
                if fails(rest) {
                    list = rest
                    isShorter = true
                } else {
                    start += size
                }
            }
            if size == 1, !isShorter { break }
            if !isShorter { size = max(1, size / 2) }
        }
        return list
    }
}
