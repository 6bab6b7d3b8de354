import AuraModel

/// Clock trouble: what the wall clock does that time does not.
extension Kernel {
    /// Half a second, and a thousandth of the time between: adjtimex(2) slews by 500 ppm at most.
    static let stepMin = Milliseconds(500)

    /// Compares what the clocks read with what they read last, and records a step between.
    mutating func compare(_ reading: ClockReading, at now: Instant) throws {
        defer { lastClock = reading }
        guard let trouble = trouble(in: reading) else { return }
        try noteStep(trouble.step, asleep: trouble.asleep, at: now)
        placeRuns(at: now)
    }

    /// Whether the clocks tell of a step or of sleep since they were read last.
    func isTroubled(by reading: ClockReading) -> Bool { trouble(in: reading) != nil }

    private func trouble(
        in reading: ClockReading
    ) -> (step: Milliseconds, asleep: Milliseconds)? {
        guard let last = lastClock else { return nil }
        let passed = reading.boot - last.boot
        let step = (reading.wall - last.wall).count - passed
        let asleep = passed - (reading.awake - last.awake)
        let bound = Self.stepMin.count + passed / 1000
        let isStep = step.magnitude > bound.magnitude
        let isSleep = asleep > bound
        guard isStep || isSleep else { return nil }
        return (Milliseconds(isStep ? step : 0), Milliseconds(isSleep ? asleep : 0))
    }

    /// Records the step, and moves along what this process measures by the wall clock.
    mutating func noteStep(_ by: Milliseconds, asleep: Milliseconds, at now: Instant) throws {
        try record(.clockStepped(by: by, asleep: asleep), at: now)
        starts = starts.map { min($0 + by, now) }
        attempts.postpone(by: by)
        attempts.postpone(by: asleep)
    }
}
