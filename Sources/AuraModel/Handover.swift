/// A worker or a command of an earlier daemon that goes on under this one.
package struct TakenOver: Hashable, Sendable, Codable {
    /// The command; nil for the run's worker.
    package var command: CommandID?
    /// The worker's generation until now; the entry's own is the one from now on.
    package var earlier: Generation?
    /// Outer process of the cage, as the host numbers it: the same one as before.
    package var process: Int

    /// A worker (`earlier`) or a command that is taken over.
    package init(command: CommandID? = nil, earlier: Generation? = nil, process: Int) {
        self.command = command
        self.earlier = earlier
        self.process = process
    }
}

/// What this daemon found at its start, by counts.
package struct Handover: Hashable, Sendable, Codable {
    /// Workers that go on.
    package var workers = 0
    /// Commands and steps that go on.
    package var commands = 0
    /// Runs that go on from the record, because what served them was lost.
    package var resumed = 0

    /// Nothing was under way.
    package init() {}
}
