/// Where a run stands, as a list of runs can be asked for it.
package enum RunStanding: String, CaseIterable, Sendable {
    /// It has a worker, or is about to get one.
    case active
    /// It waits for a slot.
    case queued
    /// It waits for a provider, or for an answer, and holds no slot meanwhile.
    case waiting
    case finished

    /// Where a run in `phase` stands.
    package init(_ phase: RunRow.Phase) {
        self =
            switch phase {
            case .queued: .queued
            case .parked: .waiting
            case .launching, .running, .backingOff: .active
            case .finished: .finished
            }
    }
}
