import AuraModel
import AuraSupervision
import AuraSystem

/// The outputs of commands that run in the background, and the calls that wait for them.
///
/// Kept until their run is over; a command that was lost with an earlier aurad is not known here.
struct BackgroundJobs {
    /// Names a command of a run.
    typealias Key = CageRunner.Key

    private struct Job {
        var log = OutputLog()
        /// How it ended; nil while it runs.
        var end: String?
    }

    /// A call that waits for the end of a command.
    private struct Reader {
        var caller: CommandID
        var job: Key
        /// From which byte on it wants to read; nil: it only wants to hear of the end.
        var offset: Int?
        /// Monotonic milliseconds.
        var due: Int
    }

    private var jobs: [Key: Job] = [:]
    private var readers: [Reader] = []

    /// When the next call has waited long enough; nil when none waits.
    var nextDeadline: Int? { readers.map(\.due).min() }

    mutating func began(_ key: Key) { jobs[key] = Job() }

    /// One that an earlier daemon had begun.
    mutating func goesOn(_ key: Key, after log: OutputLog) { jobs[key] = Job(log: log) }

    mutating func put(_ bytes: [UInt8], of key: Key) { jobs[key]?.log.append(bytes) }

    /// Answers all who waited for the command.
    mutating func ended(_ key: Key, _ exit: StepResult.Exit) -> [Event] {
        guard jobs[key] != nil else { return [] }
        jobs[key]?.end = exit.text
        return answer { $0.job == key }
    }

    /// Answers all who have waited long enough.
    mutating func takeDue(at now: Int) -> [Event] { answer { $0.due <= now } }

    /// Forgets what belongs to a run.
    mutating func forget(_ run: RunID) {
        jobs = jobs.filter { $0.key.run != run }
        readers.removeAll { $0.job.run == run }
    }

    /// Reads for the call `caller`, at once or when the command has ended or `wait` has passed.
    mutating func read(
        _ key: Key, for caller: CommandID, from offset: Int?, wait: Milliseconds, at now: Int
    ) -> [Event] {
        guard let job = jobs[key] else { return [Self.unknown(key, caller)] }
        readers.append(
            Reader(
                caller: caller, job: key, offset: offset,
                due: job.end == nil ? now + wait.count : now))
        return answer { $0.caller == caller && $0.due <= now }
    }

    /// Whether the command is known and has not ended.
    func isRunning(_ key: Key) -> Bool { jobs[key].map { $0.end == nil } ?? false }

    private static func unknown(_ key: Key, _ caller: CommandID) -> Event {
        result(
            "There is no background command \(key.command): it never was one, or it was lost in a "
                + "restart of the system.", of: caller, key.run, isError: true)
    }

    private static func result(
        _ text: String, of caller: CommandID, _ run: RunID, isError: Bool = false
    ) -> Event {
        .toolEnded(run, caller, ToolResult(output: text, isError: isError, place: .aurad))
    }

    private mutating func answer(_ isReady: (Reader) -> Bool) -> [Event] {
        let ready = readers.filter(isReady)
        readers.removeAll(where: isReady)
        return ready.compactMap { reader in
            jobs[reader.job].map { job in
                Self.result(Self.text(of: job, for: reader), of: reader.caller, reader.job.run)
            }
        }
    }

    private static func text(of job: Job, for reader: Reader) -> String {
        let state = job.end.map { "has ended: \($0)" } ?? "is running"
        guard let offset = reader.offset else {
            return "Command \(reader.job.command) \(state)."
        }
        let part = job.log.read(from: offset)
        var head = "[command \(reader.job.command) \(state); "
        head += "bytes \(part.from) to \(part.next) of \(job.log.count) so far"
        if part.from > offset { head += "; those before are not kept" }
        return head + "; read on with offset \(part.next)]\n" + part.text
    }
}
