/// What becomes of an automaton's planned firings: the keys of `schedule` beside the expression.
package struct FiringPolicy: Hashable, Sendable, Codable {
    /// What happens to a firing while a run of the automaton is under way.
    package enum Overlap: Hashable, Sendable, Codable {
        /// It is skipped.
        case skip
        /// It waits until the run is over; while one waits, further ones are skipped.
        case queueOne
        /// The run is cancelled and this one takes its place.
        case cancelOther
        /// It starts beside the others as long as fewer than `most` are under way.
        case allow(most: Int)
    }

    /// What happens to firings that nobody could start in time.
    package enum CatchUp: Hashable, Sendable, Codable {
        case none
        /// The newest one starts, unless a newer firing is due by then.
        case latest
        /// The newest `most` start, one after the other.
        case all(most: Int)

        /// How many missed firings are started after all.
        package var most: Int {
            switch self {
            case .none: 0
            case .latest: 1
            case .all(let most): most
            }
        }
    }

    /// Hours of the civil day in which runs may begin: from `from` until just before `to`.
    ///
    /// Minutes since midnight by the automaton's zone; `from` after `to` reaches over midnight.
    package struct Window: Hashable, Sendable, Codable {
        package var from: Int
        package var to: Int

        /// The window of two different minutes of the day, each 0 to 1439.
        package init(from: Int, to: Int) {
            self.from = from
            self.to = to
        }

        /// Whether it is open at a minute of the day.
        package func isOpen(atMinute minute: Int) -> Bool {
            from <= to ? (from..<to).contains(minute) : minute >= from || minute < to
        }

        /// `22:00 to 06:00`.
        package var text: String {
            [from, to].map { CivilTime(reading: $0 * 60).description.dropFirst(11).prefix(5) }
                .joined(separator: " to ")
        }
    }

    /// Fires when a run of another automaton has finished.
    package struct Chain: Hashable, Sendable, Codable {
        /// Which endings of the other automaton's run count.
        package enum Condition: String, Hashable, Sendable, Codable, CaseIterable {
            case success
            /// Any ending but success, and but a cancellation, which somebody wanted.
            case failure
            case any
        }

        package var automaton: AutomatonName
        package var on: Condition

        /// After runs of `automaton` that end as `on` says.
        package init(automaton: AutomatonName, on: Condition = .success) {
            self.automaton = automaton
            self.on = on
        }

        /// Which runs fire it, in words.
        package var words: String {
            switch on {
            case .success: "if it succeeded"
            case .failure: "if it failed"
            case .any: "however it went"
            }
        }

        /// Whether a run that ended so fires the chain.
        package func isMet(by outcome: RunOutcome) -> Bool {
            switch on {
            case .success: outcome.isSuccess
            case .failure: !outcome.isSuccess && outcome.ending != .cancelled
            case .any: true
            }
        }
    }

    package var overlap: Overlap
    package var catchUp: CatchUp
    /// How long after its nominal instant a run may begin at the latest; nil: no bound.
    package var startingDeadline: Milliseconds?
    package var window: Window?
    /// The bound of the automaton's own delay: below it, the same every time on one host.
    package var jitter: Milliseconds
    package var after: Chain?
    /// What makes it fire beside clocks and chains.
    package var trigger: EventTrigger?
    /// The longest time without a success that is as it should be; nil: nobody waits for one.
    package var expect: Milliseconds?

    /// A policy; overlapping firings are skipped and missed ones stay missed unless given.
    package init(
        overlap: Overlap = .skip, catchUp: CatchUp = .none, startingDeadline: Milliseconds? = nil,
        window: Window? = nil, jitter: Milliseconds = .zero, after: Chain? = nil,
        expect: Milliseconds? = nil, trigger: EventTrigger? = nil
    ) {
        self.overlap = overlap
        self.catchUp = catchUp
        self.startingDeadline = startingDeadline
        self.window = window
        self.jitter = jitter
        self.after = after
        self.expect = expect
        self.trigger = trigger
    }

    /// What holds where a definition says nothing: skip on overlap, catch up on nothing.
    package static let standard = Self()

    /// 100 runs of one automaton beside each other, or waiting: each is stored with its row.
    package static let countMax = 100

    /// The delay of `automaton` on `host`: at least zero and below `jitter`, the same every time.
    ///
    /// FNV-1a over both names, so that neighbours in the alphabet and hosts with one set of
    /// definitions spread.
    package func delay(of automaton: AutomatonName, on host: String) -> Milliseconds {
        guard jitter.count > 0 else { return .zero }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in Array(automaton.text.utf8) + [0] + Array(host.utf8) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        // The low bits of FNV mix worst: the high half decides.
        return Milliseconds(Int((hash >> 32) % UInt64(jitter.count)))
    }
}

extension Definition {
    /// The policy in force.
    package var firingPolicy: FiringPolicy { firing ?? .standard }
}
