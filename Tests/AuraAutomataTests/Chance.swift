/// Chance from a seed: SplitMix64 (Steele, Lea, Flood 2014).
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        z ^= z >> 31
        return Int(z % UInt64(max(bound, 1)))
    }

    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
