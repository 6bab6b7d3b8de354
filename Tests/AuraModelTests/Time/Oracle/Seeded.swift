import FoundationEssentials

/// Numbers that a seed repeats: SplitMix64.
struct Seeded: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    /// The seed of `AURA_SEED` or a new one, printed so that a failure can be run again.
    init(_ name: String) {
        let given = ProcessInfo.processInfo.environment["AURA_SEED"].flatMap { UInt64($0) }
        self.init(seed: given ?? UInt64.random(in: 0...UInt64(UInt32.max)))
        print("\(name): AURA_SEED=\(seed)")
    }

    init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
}
