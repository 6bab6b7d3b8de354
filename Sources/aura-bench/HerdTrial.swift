import AuraModel
import AuraRecord
import AuraSystem
import Glibc

/// One aurad with generated definitions that are all due at one second, watched from its start until
/// it has decided them.
struct HerdTrial {
    let count: Int
    /// From the start to the second at which all are due.
    let leadSeconds: Int
    let directory: String
    let programs: String
    let libexec: String

    /// What was seen of it.
    struct Result {
        /// Milliseconds, in order.
        var lateness: [Double]
        var loadMilliseconds: Double
        var residentMiB: Double
        /// What of it is no file's: programs, libraries and the record are mapped, and the kernel
        /// takes their pages back when it needs them.
        var anonymousMiB: Double

        /// What so many of a hundred firings do not exceed.
        func lateness(percent: Int) -> Double? {
            guard !lateness.isEmpty else { return nil }
            return lateness[min(lateness.count - 1, lateness.count * percent / 100)]
        }
    }

    /// The one ordinary user that every system has: aurad does not run workers as root.
    private static let user = "nobody"
    /// Three seconds before all are due the daemon waits: what it holds is measured then.
    private static let quietMicroseconds = 3_000_000
    /// A minute: far more than the slowest machine takes.
    private static let patienceMicroseconds = 60_000_000

    func run() throws -> Result {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        let config = try prepare(in: scratch)
        // Whole seconds, as schedules have them.
        let due = (SystemClock.realtimeMilliseconds() / 1000 + leadSeconds) * 1000
        try writeDefinitions(in: scratch.path + "/automata", due: due)
        let watch = try DaemonWatch(
            executable: programs + "/aurad", config: config,
            until: MicrosecondClock.now() + Self.patienceMicroseconds)
        defer { watch.end() }
        try watch.read { $0.newest > count }
        let load = watch.arrivals.first.map { Double($0.at - watch.began) / 1000 } ?? 0
        try watch.read { _ in MicrosecondClock.now() >= due * 1000 - Self.quietMicroseconds }
        let resident = watch.residentMiB("VmRSS")
        let anonymous = watch.residentMiB("RssAnon")
        let before = watch.newest
        try watch.read { $0.newest >= before + count }
        try watch.stop()
        let lateness = try lateness(
            in: scratch.path + "/state/record", watch.arrivals, after: before, due: due)
        return Result(
            lateness: lateness.sorted(), loadMilliseconds: load, residentMiB: resident,
            anonymousMiB: anonymous)
    }

    // MARK: The daemon's files

    private func prepare(in scratch: ScratchDirectory) throws -> String {
        chmod(scratch.path, 0o755)
        for name in ["automata", "run", "libexec"] { chmod(try scratch.make(name), 0o755) }
        for name in ["aura-cage", "aura-worker"] {
            // A copy: the user that aurad becomes may not reach the original.
            let bytes = try FileSystem.readFile(libexec + "/" + name, bytesMax: 1 << 28)
            let copy = scratch.path + "/libexec/" + name
            try FileSystem.writeAtomically(bytes, to: copy)
            chmod(copy, 0o755)
        }
        let isRoot = geteuid() == 0
        if isRoot, let account = try UserDatabase.account(named: Self.user) {
            chown(scratch.path + "/run", account.user, account.group)
        }
        let script = scratch.path + "/script.yaml"
        try write("conversations:\n  - turns:\n      - text: done\n", to: script)
        let config = scratch.path + "/aurad.yaml"
        try write(
            """
            state: \(scratch.path)/state
            socket: \(scratch.path)/run/socket
            operator-group: null
            \(isRoot ? "user: \(Self.user)\n" : "")\
            definitions: \(scratch.path)/automata
            libexec: \(scratch.path)/libexec
            reasoners:
              main: {provider: scripted, file: script.yaml}

            """, to: config)
        return config
    }

    private func writeDefinitions(in folder: String, due: Int) throws {
        let instant = "\(CivilTime(reading: due / 1000))".split(separator: " ")
            .joined(separator: "T")
        for index in 0..<count {
            try write(
                """
                automaton: automaton-\(index)
                kind: task-run
                schedule: {at: \(instant)Z}
                reasoner: main
                prompt: work
                budget: {run: {tokens: 1000}}

                """, to: "\(folder)/automaton-\(index).yaml")
        }
    }

    /// Not durable: ten thousand syncs would take minutes.
    private func write(_ text: String, to path: String) throws {
        let bytes = Array(text.utf8)
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw BenchFailure("cannot write \(path)") }
        defer { close(file) }
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw BenchFailure("cannot write \(path)")
        }
    }

    // MARK: What the record says

    /// From the second at which all were due to the first sign of the commit of each decision.
    ///
    /// A commit is a span of entries made at one instant; aurad tells of the first of them as soon
    /// as all of them are durable.
    private func lateness(
        in record: String, _ arrivals: [DaemonWatch.Arrival], after: Int, due: Int
    ) throws -> [Double] {
        try own(record)
        let store = try RecordStore(directory: record)
        var seen: [Int: Int] = [:]
        for arrival in arrivals { seen[arrival.sequence] = arrival.at }
        var decided: Set<AutomatonName> = []
        var lateness: [Double] = []
        var commit: (at: Instant, seen: Int?)?
        for entry in try store.reader.entries(after: after) {
            if commit?.at != entry.at { commit = (entry.at, seen[entry.sequence]) }
            guard case .occurrenceDecided(let nominal, _, _) = entry.fact,
                nominal.milliseconds == due, let name = entry.automaton,
                decided.insert(name).inserted
            else { continue }
            guard let seen = commit?.seen else {
                throw BenchFailure("aurad did not tell of entry \(entry.sequence)")
            }
            lateness.append(Double(seen - due * 1000) / 1000)
        }
        let rows = try store.reader.rows(in: .occurrences).count
        guard decided.count == count, rows == count else {
            throw BenchFailure("\(decided.count) of \(count) were decided, with \(rows) rows")
        }
        return lateness
    }

    /// The record was its user's; a record is opened by its owner only.
    private func own(_ record: String) throws {
        for path in [record] + ["data.mdb", "lock.mdb", "owner"].map({ record + "/" + $0 }) {
            guard geteuid() != 0 || chown(path, 0, 0) == 0 else {
                throw BenchFailure("cannot take over \(path)")
            }
        }
    }
}

/// The wall clock in microseconds: what lateness is measured with.
enum MicrosecondClock {
    static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000
    }
}
