import ArgumentParser
import AuraSystem
import Glibc

/// What a worker that was taken over could send, at length: nothing may trap, hang or grow.
struct FrameBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frames",
        abstract:
            "Send damaged frames of workers to the broker and the kernel; exit with 1 at the first "
            + "wrong end.")

    @Option(help: "How many frames.")
    var count = 1_000_000

    @Option(help: "What the random numbers start from.")
    var seed: UInt64?

    /// 192 MiB: a frame here is below 64 KiB, and nothing of one may outlive its worker.
    private static let residentKiBMax = 192 << 10
    /// A trap ends the process: the last line then names the place to within so many frames.
    private static let batch = 100_000

    func run() throws {
        let seed = seed ?? .random(in: 1 ... .max)
        var frames = try HostileFrames(seed: seed)
        while frames.sent < count {
            try frames.play(min(Self.batch, count - frames.sent))
            if isatty(2) == 1 { StandardError.write("frames: \(frames.sent), seed \(seed)") }
        }
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        guard usage.ru_maxrss <= Self.residentKiBMax else {
            throw BenchFailure(
                "\(usage.ru_maxrss) KiB resident after \(count) frames, seed \(seed)")
        }
        print(
            "frames: \(frames.sent) hostile frames, seed \(seed): \(frames.violations) ended their "
                + "worker as protocol-violation, \(frames.borne) were borne, at most "
                + "\(usage.ru_maxrss) KiB resident, the slowest \(frames.slowest)")
    }
}
