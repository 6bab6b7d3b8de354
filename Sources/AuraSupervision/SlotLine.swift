package import AuraModel

/// The runs of one reasoner that wait for a slot, in the order in which they will get one.
///
/// Each run's turn is its admission and a delay: none for what an operator ordered, `scheduled` for
/// what a schedule started, and `perRun` more for every run that its automaton has in line or under
/// way already, so that one automaton cannot fill the line; at most `delayMax` in all.
///
/// The bound on waiting: turns never change and no turn lies before its admission, so nothing that
/// is admitted later than `delayMax` after a run can overtake it. A run is overtaken at most by
/// what was admitted up to then, whatever comes after: it starts when those before it have had a
/// slot.
package struct SlotLine: Sendable {
    /// Half a minute: an order waits for what ran, not for what a schedule put in line with it.
    package static let scheduled = Milliseconds.seconds(30)
    /// A minute for each run of the same automaton that is not over.
    package static let perRun = Milliseconds.minutes(1)
    /// Ten minutes: after that nothing new goes before a run.
    package static let delayMax = Milliseconds.minutes(10)

    /// Runs under way.
    var active = 0
    private(set) var waiting: [Place] = []

    struct Place: Hashable, Comparable, Sendable {
        var turn: Instant
        var run: RunID

        static func < (left: Self, right: Self) -> Bool {
            left.turn == right.turn ? left.run < right.run : left.turn < right.turn
        }
    }

    /// The turn of a run admitted at `at` whose automaton has `others` runs that are not over.
    package static func turn(of trigger: Trigger, admittedAt at: Instant, others: Int) -> Instant {
        let base: Milliseconds = if case .order = trigger { .zero } else { scheduled }
        let delay = Milliseconds(base.count + min(others, 100) * perRun.count)
        return at + min(delay, delayMax)
    }

    mutating func add(_ place: Place) { waiting.insert(place, at: index(of: place)) }

    mutating func remove(_ place: Place) {
        let index = index(of: place)
        if index < waiting.count, waiting[index] == place { waiting.remove(at: index) }
    }

    /// How many wait before `place`.
    func index(of place: Place) -> Int {
        var (low, high) = (0, waiting.count)
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle] < place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
