package import AuraModel

/// Decides when a program has had enough: of time, of silence, of memory, of processes, of disk.
///
/// What the kernel enforces needs no watch; this is for the rest, looked at four times a second.
/// Pure: times are monotonic milliseconds and readings are arguments.
package struct LimitWatch {
    /// 250 ms: over a limit for a second at the most, and nothing that a processor would feel.
    package static let interval = 250
    /// 4 looks, a second: a program that cannot start another process may well finish one and go
    /// on; one that still cannot is a fork bomb, or waits for itself.
    package static let looksWithoutForks = 4

    /// Wall time.
    package let timeout: Milliseconds
    private let limits: ResourceLimits
    private let startedAt: Int
    private var heardAt: Int
    private var lookedAt: Int
    private var refusedForks = 0
    private var looksRefused = 0

    /// Begins to watch now.
    package init(timeout: Milliseconds, limits: ResourceLimits, at now: Int) {
        self.timeout = timeout
        self.limits = limits
        (startedAt, heardAt, lookedAt) = (now, now, now)
    }

    /// When to look next.
    package var nextLook: Int {
        var next = min(lookedAt + Self.interval, startedAt + timeout.count)
        if let idle = limits.idle { next = min(next, heardAt + idle.count) }
        return next
    }

    /// It has written something.
    package mutating func heard(at now: Int) { heardAt = now }

    /// A later daemon watches on: what an earlier one has looked at is looked at an interval from now.
    package mutating func resume(at now: Int) { (heardAt, lookedAt) = (now, now) }

    /// Whether it has had enough, and of what.
    ///
    /// `disk` is how large its workspace is, once that is known to be too large.
    package mutating func look(
        at now: Int, _ use: CageUse, disk: Int?
    ) -> StepResult.Exit? {
        lookedAt = now
        if startedAt + timeout.count <= now { return .timedOut(after: timeout) }
        if let idle = limits.idle, heardAt + idle.count <= now {
            return .timedOut(after: idle, clock: .idle)
        }
        if let time = limits.processorTime, time.count <= use.processor {
            return .timedOut(after: time, clock: .processor)
        }
        if limits.memory < use.memory { return Self.killed(.memory, limits.memory) }
        if disk != nil { return Self.killed(.disk, limits.disk) }
        let isRefused = use.refusedForks > refusedForks || use.processes >= limits.processes
        refusedForks = use.refusedForks
        looksRefused = isRefused ? looksRefused + 1 : 0
        guard looksRefused >= Self.looksWithoutForks else { return nil }
        return Self.killed(.processes, limits.processes)
    }

    private static func killed(_ resource: LimitHit.Resource, _ max: Int) -> StepResult.Exit {
        .signalled(number: 9, limit: LimitHit(resource, max: max))
    }
}
