import AuraModel
import AuraSupervision
import AuraSystem
import Glibc

/// Workers that send what no sound one does, through a real socket to what the daemon hears with:
/// `FrameChannel`, `WorkerTalk` and its kernel.
///
/// A frame is random bytes, a damaged sound frame, a sound one out of order or with a forged id or
/// number, or none at all: a length without its bytes. After each the run has either ended as
/// `protocol-violation`, or goes on.
struct HostileFrames {
    /// Frames so far, those that ended a worker, and those that did not.
    private(set) var sent = 0
    private(set) var violations = 0
    private(set) var borne = 0
    private(set) var slowest = Duration.zero

    private var chance: Seeded
    private let worlds: [HostileWorld]
    private let sound: [[UInt8]]
    /// 16 frames for one worker at most: then a new one begins, whatever became of it.
    private static let framesOfWorkerMax = 16
    /// 64 MiB, as aurad has it.
    private static let bound = FrameBounds.bytesMax
    /// 10 seconds: no frame here takes a hundredth of that, unless it hangs.
    private static let slowestMax = Duration.seconds(10)

    /// Frames of `seed`.
    init(seed: UInt64) throws {
        chance = Seeded(seed: seed)
        worlds = try HostileWorld.all()
        sound = try SoundFrames.all().map { try JSON.encode($0) }
    }

    /// Sends so many frames more.
    mutating func play(_ count: Int) throws {
        let end = sent + count
        while sent < end {
            var world = chance.pick(worlds)
            try converse(&world, frames: min(1 + chance.below(Self.framesOfWorkerMax), end - sent))
        }
    }

    /// One worker's life.
    private mutating func converse(_ world: inout HostileWorld, frames: Int) throws {
        var pair = try DescriptorPair.sockets(.stream)
        let channel = try FrameChannel(
            descriptor: pair.takeFirst(), frameBytesMax: Self.bound,
            backlogBytesMax: 2 * Self.bound)
        let worker = pair.takeSecond()
        for _ in 0..<frames {
            sent += 1
            let start = ContinuousClock.now
            let isOver = try hear(channel, worker.raw, &world)
            let span = ContinuousClock.now - start
            slowest = max(slowest, span)
            guard span < Self.slowestMax else {
                throw BenchFailure("frame \(sent) of seed \(chance.seed) took \(span)")
            }
            if world.ending == .protocolViolation { violations += 1 } else { borne += 1 }
            if isOver { return }
        }
    }

    /// Sends one frame and has it heard; true when the run ended with it.
    private mutating func hear(
        _ channel: FrameChannel, _ worker: Int32, _ world: inout HostileWorld
    ) throws -> Bool {
        let payload = frame()
        var bytes = withUnsafeBytes(of: UInt32(payload.count).bigEndian) { Array($0) } + payload
        let isTooLarge = chance.below(64) == 0
        if isTooLarge {
            let length = UInt32(Self.bound) + 1 + UInt32(chance.below(1 << 30))
            bytes = withUnsafeBytes(of: length.bigEndian) { Array($0) } + payload
        }
        // In two pieces: how a stream is cut makes no difference.
        let cut = chance.below(bytes.count + 1)
        try write(bytes[..<cut], to: worker)
        var received = try channel.receive()
        guard received.frames.isEmpty || cut == bytes.count else {
            throw BenchFailure("frame \(sent) of seed \(chance.seed) came before its end")
        }
        if cut < bytes.count {
            try write(bytes[cut...], to: worker)
            received = try channel.receive()
        }
        if case .failed(.frameTooLarge) = received.end {
            guard isTooLarge else { throw BenchFailure("seed \(chance.seed): a sound length") }
            return try world.end(as: "a frame up that is too large")
        }
        for frame in received.frames {
            if try world.take(frame) { return true }
        }
        return false
    }

    private func write(_ bytes: ArraySlice<UInt8>, to worker: Int32) throws {
        guard !bytes.isEmpty else { return }
        let count = bytes.withUnsafeBytes { send(worker, $0.baseAddress, $0.count, 0) }
        guard count == bytes.count else { throw BenchFailure("send: \(errno)") }
    }

    // MARK: - What is sent

    private mutating func frame() -> [UInt8] {
        switch chance.below(8) {
        case 0: (0..<chance.below(64)).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
        case 1: chance.pick(sound)
        case 2: nest()
        default: damaged(chance.pick(sound))
        }
    }

    /// Deeper than any frame is.
    private mutating func nest() -> [UInt8] {
        let depth = 1 + chance.below(2_000)
        let open = chance.pick(["[", "{\"a\":"])
        return Array(String(repeating: open, count: depth).utf8)
    }

    /// A sound frame with one to three wounds.
    private mutating func damaged(_ frame: [UInt8]) -> [UInt8] {
        var frame = frame
        for _ in 0...chance.below(3) where !frame.isEmpty {
            let place = chance.below(frame.count)
            switch chance.below(7) {
            case 0: frame[place] = UInt8(truncatingIfNeeded: chance.next())
            case 1: frame.removeSubrange(place..<min(frame.count, place + 1 + chance.below(16)))
            case 2: frame.insert(contentsOf: frame[place...].prefix(32), at: place)
            case 3: frame.removeLast(frame.count - place)
            default: forgeNumber(&frame, from: place)
            }
        }
        return frame
    }

    /// Another number, mostly one at some edge, in place of the next one.
    private mutating func forgeNumber(_ frame: inout [UInt8], from place: Int) {
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        guard
            let start = frame[place...].firstIndex(where: isDigit)
                ?? frame.firstIndex(where: isDigit)
        else { return }
        let end = frame[start...].firstIndex { !isDigit($0) } ?? frame.count
        let forged = chance.pick([
            "0", "-1", "1", "2", "3", "9223372036854775807", "-9223372036854775808",
            "9223372036854775808", "1e308", "4294967296", "131073", "0.5", "null",
        ])
        frame.replaceSubrange(start..<end, with: forged.utf8)
    }
}
