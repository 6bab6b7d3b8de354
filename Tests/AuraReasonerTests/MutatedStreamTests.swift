import Testing

@Suite("Mutated streams")
struct MutatedStreamTests {
    @Test("streams of every dialect end once, whatever becomes of their bytes")
    func mutated() {
        let seed = UInt64.random(in: 1 ... .max)
        print("mutated streams: seed \(seed)")
        var streams = MutatedStreams(seed: seed)
        #expect(streams.play(40_000) == nil, "seed \(seed)")
        #expect(streams.answers > 0)
        #expect(streams.failures > 0)
    }
}
