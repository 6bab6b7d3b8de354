import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem

/// Herds: many firings of one second are decided and written down in memory before it, so that all
/// that is left to do at their time is the commit's sync.
///
/// Only while nothing else happens: what does is decided first, and the herd anew.
extension TurnLoop {
    /// Works out what the next wake will bring, when that is a herd and there is time.
    func foresee() throws {
        let now = SystemClock.now()
        guard commits.trouble == nil, foresight == nil,
            let herd = Herd(of: kernel, after: now), herd.due - now <= herd.lead,
            // Half of what it gets: less would end behind its time.
            (herd.due - now).count >= herd.lead.count / 2,
            let foresight = try Foresight(of: kernel, after: now)
        else { return }
        commits.prepare(foresight.turn)
        self.foresight = foresight
    }

    /// When the loop is to wake: before the time of a herd, so that it can be foreseen.
    func wakeTime() -> Instant? {
        let now = SystemClock.now()
        guard foresight == nil else { return kernel.nextWake(after: now) }
        if let approach = Herd.approach(of: kernel, after: now) { return approach }
        guard let herd = Herd(of: kernel, after: now), herd.due - now > herd.lead
        else { return kernel.nextWake(after: now) }
        return herd.due + Milliseconds(-herd.lead.count)
    }

    /// The clocks of this moment.
    static func reading(at now: Instant) -> ClockReading {
        ClockReading(
            wall: now, boot: SystemClock.bootMilliseconds(),
            awake: SystemClock.monotonicMilliseconds())
    }

    /// Whether these events are what was foreseen; then it has been carried out, if it was time.
    func isForeseen(_ events: [Event]) throws -> Bool {
        guard let foresight else { return false }
        let isQuiet = events.allSatisfy { if case .tick = $0 { true } else { false } }
        let reading = Self.reading(at: SystemClock.now())
        switch isQuiet ? foresight.outlook(for: kernel, reading) : .void {
        case .early:
            try kernel.decide(.clock(reading), at: reading.wall)
            return true
        case .holds:
            self.foresight = nil
            // Ten thousand rows are freed when everything is done.
            let past = kernel
            defer { withExtendedLifetime(past) {} }
            kernel.take(foresight, reading)
            try carryOut(foresight.turn)
            return true
        case .void:
            forgetForesight()
            return false
        }
    }

    /// Something else happens first, or the loop ends.
    func forgetForesight() {
        guard foresight != nil else { return }
        foresight = nil
        commits.forget()
        trimDue = TrimDue(.record)
    }
}
