import ArgumentParser
import Glibc

/// Provider streams with random damage, at length: nothing may trap, hang or grow.
struct StreamBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "streams",
        abstract:
            "Play damaged provider streams of every dialect; exit with 1 at the first wrong end.")

    @Option(help: "How many streams.")
    var count = 1_000_000

    @Option(help: "What the random numbers start from.")
    var seed: UInt64?

    /// 128 MiB: a stream is below two KiB, and nothing of one may outlive it.
    private static let residentKiBMax = 128 << 10

    func run() throws {
        let seed = seed ?? .random(in: 1 ... .max)
        var streams = MutatedStreams(seed: seed)
        if let round = streams.play(count) {
            throw BenchFailure("stream \(round) of seed \(seed) did not end, or ended in two ways")
        }
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        guard usage.ru_maxrss <= Self.residentKiBMax else {
            throw BenchFailure(
                "\(usage.ru_maxrss) KiB resident after \(count) streams, seed \(seed)")
        }
        print(
            "streams: \(count) damaged streams, seed \(seed): \(streams.answers) answers, "
                + "\(streams.failures) failures, at most \(usage.ru_maxrss) KiB resident")
    }
}
