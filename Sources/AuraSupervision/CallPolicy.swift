package import AuraModel

/// When a failed model call is made again, and when a route is left alone.
///
/// Pure arithmetic: chance comes in as a number.
package enum CallPolicy {
    /// 1 s: the bound of the first wait; each next is twice that.
    package static let waitFirst = Milliseconds.seconds(1)
    /// 5 minutes: the longest wait of our own choosing; a provider that asks for more gets more.
    package static let waitMax = Milliseconds.minutes(5)
    /// 30 s: how far beyond what the provider asked for a call may be spread.
    package static let spreadMax = Milliseconds.seconds(30)
    /// A minute: a run that waits longer gives its slot and its worker back meanwhile.
    package static let parkAfter = Milliseconds.minutes(1)
    /// 10 s: who sits at a terminal answers by then; after it the run costs no worker and no slot.
    package static let questionGrace = Milliseconds.seconds(10)
    /// 3 tries, while somebody else could be asked: three seconds of patience, then elsewhere.
    package static let triesBeforeFallback = 3
    /// 5 failures in a row, over all runs: one run's bad luck is rarely so long.
    package static let failuresToOpen = 5
    /// 30 s before an open route is tried again; each next time twice that.
    package static let coolDownFirst = Milliseconds.seconds(30)
    /// 15 minutes: an outage is noticed to be over soon after.
    package static let coolDownMax = Milliseconds.minutes(15)

    /// How long to wait after failure number `failures`: anything up to a bound that doubles ("full
    /// jitter"), and on top of what the provider asked for, however long that is.
    package static func wait(
        afterFailure failures: Int, asked: Milliseconds?, chance: UInt64
    ) -> Milliseconds {
        let bound = doubled(waitFirst, times: failures - 1, max: waitMax)
        guard let asked else { return Milliseconds(drawn(bound, chance)) }
        let spread = drawn(min(bound, spreadMax), chance)
        return Milliseconds(max(0, asked.count).addingReportingOverflow(spread).partialValue)
    }

    /// How long a route that was opened `count` times in a row is left alone.
    package static func coolDown(opened count: Int) -> Milliseconds {
        doubled(coolDownFirst, times: count - 1, max: coolDownMax)
    }

    private static func doubled(
        _ first: Milliseconds, times: Int, max most: Milliseconds
    ) -> Milliseconds {
        // 2 to the 20th of anything above is more than any bound.
        Milliseconds(min(most.count, first.count << min(Swift.max(0, times), 20)))
    }

    private static func drawn(_ bound: Milliseconds, _ chance: UInt64) -> Int {
        Int(chance % UInt64(Swift.max(1, bound.count + 1)))
    }
}

extension ModelFailure {
    /// Whether a provider may have worked before this failure without saying how much.
    var mayHaveBeenCharged: Bool {
        switch cause {
        case .network, .timeout, .malformed: true
        case .auth, .quota, .rate, .overloaded, .badRequest, .contextOverflow, .refused: false
        }
    }

    /// Whether it tells that the route itself is in trouble, whatever is asked of it.
    var speaksAgainstRoute: Bool {
        switch cause {
        case .overloaded, .network, .timeout, .malformed: true
        case .auth, .quota, .rate, .badRequest, .contextOverflow, .refused: false
        }
    }

    /// Whether another provider might answer the same request.
    var mayBeAskedElsewhere: Bool {
        isTransient || cause == .auth || cause == .quota
    }
}
