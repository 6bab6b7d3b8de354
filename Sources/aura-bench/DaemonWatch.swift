import AuraSystem
import Glibc

/// An aurad in the foreground, of which each audit line is taken as it comes.
final class DaemonWatch {
    /// An audit line: which entry it tells of, and when it came, in microseconds of the wall clock.
    struct Arrival {
        var sequence: Int
        var at: Int
    }

    private(set) var arrivals: [Arrival] = []
    /// When the daemon was started.
    let began: Int
    private let deadline: Int
    private let process: ProcessDescriptor
    private let output: OwnedDescriptor
    private var rest: [UInt8] = []
    private var isOver = false
    private var lastWords = ""

    /// Starts it; whatever is waited for must come before `deadline`.
    init(executable: String, config: String, until deadline: Int) throws {
        var pipe = try DescriptorPair.pipe()
        let reading = pipe.takeFirst()
        let writing = pipe.takeSecond()
        // Room for a herd's lines: aurad must not wait for whoever reads them.
        _ = fcntl(reading.raw, Self.setPipeSize, 1 << 20)
        try reading.setNonblocking()
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        self.deadline = deadline
        began = MicrosecondClock.now()
        process = try Spawn(
            executable: executable,
            arguments: ["aurad", "--config", config, "--foreground"],
            environment: ["PATH": "/usr/bin:/bin"],
            descriptors: [
                .init(child: 0, parent: null), .init(child: 1, parent: null),
                .init(child: 2, parent: writing.raw),
            ]
        ).start()
        output = reading
    }

    /// F_SETPIPE_SZ of fcntl(2), which needs _GNU_SOURCE.
    private static let setPipeSize: Int32 = 1031

    /// The newest entry that it told of.
    var newest: Int { arrivals.last?.sequence ?? 0 }

    /// Takes lines until `isEnough`.
    ///
    /// - Throws: `BenchFailure` when aurad ends before, or time is up.
    func read(until isEnough: (DaemonWatch) -> Bool) throws {
        while !isEnough(self) {
            guard !isOver else { throw BenchFailure("aurad ended: \(lastWords)") }
            guard MicrosecondClock.now() < deadline else {
                throw BenchFailure("aurad told of \(newest) entries only: \(lastWords)")
            }
            take()
        }
    }

    /// MiB that are resident, of the process and not of its workers: `VmRSS`, or a part of it.
    func residentMiB(_ part: String) -> Double {
        let path = "/proc/\(process.processID)/status"
        let bytes = (try? FileSystem.readFile(path, bytesMax: 1 << 16)) ?? []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let fields = lines.first { $0.hasPrefix(part + ":") }?.split(separator: " ")
        return (fields?.dropFirst().first).flatMap { Double($0) }.map { $0 / 1024 } ?? 0
    }

    /// Asks it to stop and waits until it has.
    func stop() throws {
        _ = try process.signal(SIGTERM)
        while !isOver, MicrosecondClock.now() < deadline { take() }
        _ = try process.reap(waitingMilliseconds: 10_000)
    }

    /// Kills it, if it is still there.
    func end() {
        guard !isOver else { return }
        _ = try? process.signal(SIGKILL)
        _ = try? process.reap(waitingMilliseconds: 10_000)
    }

    private func take() {
        var ready = pollfd(fd: output.raw, events: Int16(POLLIN), revents: 0)
        // 50 ms: whoever waits for a time and not for a line looks at the clock that often.
        guard poll(&ready, 1, 50) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(output.raw, &buffer, buffer.count)
        let now = MicrosecondClock.now()
        guard count > 0 else {
            isOver = count == 0
            return
        }
        rest += buffer[..<count]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            note(String(decoding: rest[..<end], as: UTF8.self), at: now)
            rest.removeSubrange(...end)
        }
    }

    /// `2026-11-21 03:15:44Z #12 nightly ...`; anything else is kept to be told on failure.
    private func note(_ line: String, at now: Int) {
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count > 2, words[2].hasPrefix("#"), let sequence = Int(words[2].dropFirst())
        else {
            lastWords = line
            return
        }
        arrivals.append(Arrival(sequence: sequence, at: now))
    }
}
