import AuraConfinement
import AuraModel

/// Cages that are of no use any more, until nothing of them is left.
final class EndingCages {
    private let watches: Watches
    /// By their watches; with the run that each was of, if it was of one.
    private var cages: [UInt64: (cage: Cage, run: RunID?)] = [:]

    init(watches: Watches) { self.watches = watches }

    /// How many are left.
    var count: Int { cages.count }

    /// Whether one of `run` is left.
    func serves(_ run: RunID) -> Bool { cages.values.contains { $0.run == run } }

    /// Ends a cage and collects it.
    func take(_ cage: Cage, of run: RunID? = nil) throws {
        try cage.kill()
        guard try cage.finish() == nil else { return }
        var watch: UInt64 = 0
        watch = try watches.add(cage.processRaw) { [weak self] _ in
            guard try cage.finish() != nil else { return [] }
            self?.watches.remove(watch)
            self?.cages[watch] = nil
            return []
        }
        cages[watch] = (cage, run)
    }
}
