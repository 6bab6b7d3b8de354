import AuraModel
import AuraSupervision
import Glibc

/// A million planned occurrences in the heap that the kernel plans with, and how long each step of
/// planning stops for.
///
/// The heap has one place for each automaton, that of its next occurrence: a million are a hundred
/// times the automatons that one host is made for. Two steps are what the kernel does with it: a
/// definition comes into force, so that its first firing is planned, while the heap grows from
/// nothing; and a firing has come due, so that it is taken out, the calendar is asked for the next
/// one, and that is put back. Now and then the heap is held as it was for the next hundred firings,
/// as a foresight does. The pause is the longest of all these steps, growth and copies included.
/// What a turn does besides (rows, entries, the commit) is no part of it: `aura-bench due` measures
/// whole turns.
///
/// Steps are measured by what they take of a processor, page faults included, so that other programs
/// on the machine are no part of them; and by the clock on the wall, where they are, beside a loop
/// that does nothing for as long.
struct HeapMeasures {
    /// Milliseconds of a processor: the longest step, and what all but a thousandth of them take.
    let longest: Double
    let most: Double
    /// Milliseconds by the clock on the wall: the longest step, and the longest that a loop of nothing
    /// was kept from going on.
    let longestElapsed: Double
    let longestOfNothing: Double
    /// MiB that the heap holds besides the names, which are also the kernel's.
    let mebibytes: Double

    static let count = 1_000_000
    /// What an instant and a name take, in bytes.
    static let entryBytes = MemoryLayout<Instant>.size + MemoryLayout<AutomatonName>.size
    private static let firings = 250_000
    /// A foresight every 10,000 firings, kept for a hundred.
    private static let foresightEvery = 10_000
    private static let foresightLength = 100

    private struct Plan {
        var schedule: Schedule
        var zone: ZoneRules

        func next(after instant: Instant) -> Instant? {
            schedule.next(afterMilliseconds: instant.milliseconds, in: zone)
                .map { Instant(milliseconds: $0) }
        }
    }

    /// One round: a million are planned by twenty mixed expressions in `zones`, a quarter of as many
    /// come due.
    init(_ zones: [ZoneRules]) throws {
        let plans = try zones.flatMap { zone in
            try TimeMeasures.expressions.map { expression in
                Plan(schedule: try Schedule(cron: expression.text, dialect: .ocps), zone: zone)
            }
        }
        let names = (0..<Self.count).compactMap { AutomatonName("automaton-\(Self.count + $0)") }
        let planOf = Dictionary(zip(names, names.indices.map { plans[$0 % plans.count] })) { $1 }
        let start = Instant(milliseconds: TimeMeasures.start * 1_000)
        var steps = Steps(count: Self.count + Self.firings)
        let before = Self.residentBytes()
        let began = ContinuousClock.now
        var heap = DueHeap<AutomatonName>()
        for (index, name) in names.enumerated() {
            let plan = plans[index % plans.count]
            steps.take { heap.set(name, plan.next(after: start)) }
        }
        mebibytes = Double(Self.residentBytes() - before) / 1_048_576
        guard heap.count == Self.count else { throw BenchFailure("the heap holds \(heap.count)") }
        var held: DueHeap<AutomatonName>?
        var last = start
        for index in 0..<Self.firings {
            guard let due = heap.first, let plan = planOf[due.key], due.due >= last else {
                throw BenchFailure("firing \(index) is out of order")
            }
            last = due.due
            steps.take {
                if index % Self.foresightEvery == 0 { held = heap }
                heap.set(due.key, nil)
                heap.set(due.key, plan.next(after: due.due))
                if index % Self.foresightEvery == Self.foresightLength { held = nil }
            }
            guard held?.count ?? Self.count == heap.count else {
                throw BenchFailure("the heap lost something in firing \(index)")
            }
        }
        longest = steps.longest
        most = steps.mostOfAll
        longestElapsed = steps.longestElapsed
        longestOfNothing = Self.longestGap(within: ContinuousClock.now - began)
    }

    /// Milliseconds between two looks at the clock, of many within `span`.
    private static func longestGap(within span: Duration) -> Double {
        let start = ContinuousClock.now
        var (last, longest) = (start, Duration.zero)
        while last - start < span {
            let now = ContinuousClock.now
            longest = max(longest, now - last)
            last = now
        }
        return longest.inSeconds * 1e3
    }

    /// How long each of many steps took.
    private struct Steps {
        private var spans: [Int]
        private var count = 0
        private(set) var longestElapsed = 0.0

        /// Room for `count` steps, all of it resident: taking them takes no memory.
        init(count: Int) { spans = [Int](repeating: -1, count: count) }

        mutating func take(_ step: () -> Void) {
            let clock = ContinuousClock()
            let began = clock.now
            let before = Self.processorNanoseconds()
            step()
            spans[count] = Self.processorNanoseconds() - before
            count += 1
            longestElapsed = max(longestElapsed, (clock.now - began).inSeconds * 1e3)
        }

        /// Milliseconds.
        var longest: Double { Double(spans.max() ?? 0) / 1e6 }

        /// Milliseconds that all but a thousandth take at most.
        var mostOfAll: Double { Double(spans.sorted()[count - 1 - count / 1_000]) / 1e6 }

        private static func processorNanoseconds() -> Int {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return time.tv_sec * 1_000_000_000 + time.tv_nsec
        }
    }

    /// The second number of /proc/self/statm, in bytes; see proc(5).
    private static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return 0 }
        let bytes = buffer.map { UInt8(bitPattern: $0) }.prefix { $0 != 0 }
        let text = String(decoding: bytes, as: UTF8.self)
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
            * sysconf(Int32(_SC_PAGESIZE))
    }
}
