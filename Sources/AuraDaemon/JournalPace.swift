/// How fast the audit may go: journald takes 10,000 messages of a service in 30 seconds and drops
/// what comes beyond without a word (journald.conf(5), RateLimitBurst=).
///
/// So it is never reached: what would, waits in the record.
struct JournalPace {
    /// 5000 at once and 150 a second after that: at most 9,500 in any 30 seconds, which leaves some
    /// for the daemon's own messages.
    static let burst = 5000
    private static let perSecond = 150
    private static let unit = 1000

    /// In thousandths of a message.
    private var credit = burst * unit
    private var at: Int?

    /// Takes one message's worth at `now`, in monotonic milliseconds; else when there is one again.
    mutating func take(at now: Int) -> Int? {
        let passed = max(0, now - (at ?? now))
        at = now
        credit = min(Self.burst * Self.unit, credit + passed * Self.perSecond)
        guard credit >= Self.unit else {
            return now + (Self.unit - credit + Self.perSecond - 1) / Self.perSecond
        }
        credit -= Self.unit
        return nil
    }
}
