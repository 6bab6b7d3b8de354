package import AuraModel

/// When the worker of a run is started again after it died.
///
/// Of the two levels this is the lower one, the workers of one run: how many may die in a row, and
/// what follows when the run has ended, its definition's `supervision` says.
package enum RestartPolicy {
    /// Half a minute: the longest pause before an attempt; a run that waits longer looks hung.
    package static let delayMax = Milliseconds.seconds(30)

    /// The pause before the next attempt: none after progress, then a second, doubling up to the
    /// bound.
    package static func delay(afterFruitless attempts: Int) -> Milliseconds {
        guard attempts > 0 else { return .zero }
        return min(delayMax, Milliseconds(1000 << min(attempts - 1, 10)))
    }
}
