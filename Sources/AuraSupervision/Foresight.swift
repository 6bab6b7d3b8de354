package import AuraModel

/// What a kernel will decide at its next wake, worked out before it, so that a herd of firings of
/// one second is committed at its time and not a third of a second later.
///
/// Nothing of it has happened until then: the kernel is as it was, and the record holds no claim
/// about the future. It is used whole, and only if the kernel was asked nothing since, no clock was
/// set and its time has come; then its turn is what `decide(.tick, at: due)` gives, to the byte.
/// Anything else that happens before makes it void, and all of it is decided anew.
package struct Foresight: Sendable {
    /// The instant that it decides for.
    package let due: Instant
    /// What is to be committed then.
    package let turn: Kernel.Turn
    private let kernel: Kernel
    /// How many events the kernel had decided.
    private let basis: Int

    /// What a foresight is worth at some moment.
    package enum Outlook: Sendable {
        /// It may hold: nothing is due yet, and nothing has to be decided.
        case early
        /// It holds: its turn is the turn to commit now.
        case holds
        /// Something else has happened: all is to be decided anew.
        case void
    }

    /// A second, as schedules count in them: what would be committed still later is decided anew, and
    /// says by its own time that it was late.
    static let latenessMax = Milliseconds.seconds(1)

    /// What `kernel` decides at its next wake; nil when too few firings are due then or it has not
    /// handed out all that it decided before.
    ///
    /// - Throws: `EncodingError` as `Kernel.takeTurn` does.
    package init?(
        of kernel: Kernel, after now: Instant, herdMin: Int = Herd.countMin
    ) throws {
        guard kernel.hasHandedOut, let due = kernel.nextWake(after: now), due > now,
            kernel.due.count(through: due, most: herdMin) >= herdMin
        else { return nil }
        var next = kernel
        try next.decide(.tick, at: due)
        turn = try next.takeTurn()
        guard !turn.entries.isEmpty else { return nil }
        self.kernel = next
        self.due = due
        basis = kernel.decisions
    }

    /// What it is worth to `kernel` when the clocks read so.
    package func outlook(for kernel: Kernel, _ reading: ClockReading) -> Outlook {
        guard kernel.decisions == basis, !kernel.isTroubled(by: reading),
            reading.wall - due <= Self.latenessMax
        else { return .void }
        return reading.wall < due ? .early : .holds
    }

    /// The kernel after the turn.
    ///
    /// To be asked for only when the foresight holds.
    fileprivate func successor(of kernel: Kernel, _ reading: ClockReading) -> Kernel {
        precondition(kernel.decisions == basis, "something happened since this was foreseen")
        var next = self.kernel
        next.lastClock = reading
        return next
    }
}

/// Firings that are due together, so many that deciding them takes its time.
package struct Herd: Hashable, Sendable {
    /// When all of them are due.
    package let due: Instant
    /// How many there are.
    package let count: Int

    /// A hundred: fewer are decided and committed within a few milliseconds.
    package static let countMin = 100
    /// 100,000: ten times the automatons that one host is made for; more are not counted.
    private static let countMax = 100_000
    /// A tenth of a millisecond each, three times what deciding and writing one takes on two
    /// cores, and a tenth of a second more.
    private static let perMillisecond = 10
    private static let leadMin = 100

    /// What is due at the next wake of `kernel`; nil when that is no herd.
    package init?(of kernel: Kernel, after now: Instant) {
        guard let due = kernel.nextWake(after: now), due > now,
            due - now <= Self.lead(Self.countMax)
        else { return nil }
        count = kernel.due.count(through: due, most: Self.countMax)
        guard count >= Self.countMin else { return nil }
        self.due = due
    }

    /// When to look at what is due at the next wake of `kernel`, which may be a herd and is too far
    /// off to be counted; nil when it is near, or none.
    package static func approach(of kernel: Kernel, after now: Instant) -> Instant? {
        let most = lead(countMax)
        guard let due = kernel.nextWake(after: now), due - now > most,
            kernel.due.count(through: due, most: countMin) >= countMin
        else { return nil }
        return due + Milliseconds(-most.count)
    }

    /// How long before its time it is to be foreseen.
    package var lead: Milliseconds { Self.lead(count) }

    private static func lead(_ count: Int) -> Milliseconds {
        Milliseconds(leadMin + count / perMillisecond)
    }
}

extension Kernel {
    /// Goes on from what was foreseen.
    ///
    /// The foresight has to hold.
    package mutating func take(_ foresight: Foresight, _ reading: ClockReading) {
        self = foresight.successor(of: self, reading)
    }
}
