import AuraConfinement
import AuraModel
import AuraSystem

/// One tool server in its cage: its pipes, its conversation, and how it ends.
///
/// Owned by `ToolServers`, which watches its descriptors. It is told to end by the end of its input,
/// then by SIGTERM, then it is killed with all that it started.
final class ToolServer {
    /// How far its end has come.
    private enum Ending {
        case none
        case closed
        case terminated
        case killed
    }

    /// Where it is written to, until it is told to end.
    private final class Input {
        let descriptor: OwnedDescriptor
        init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
    }

    /// A second to end by itself, and another after SIGTERM.
    private static let graceMilliseconds = 1000
    /// 5 s without an answer to the first question: a server of the older era may say nothing.
    private static let probeMilliseconds = 5000
    /// 30 s until it is ready: an interpreter that loads its libraries on a busy machine.
    private static let readyMilliseconds = 30_000
    /// 256 KiB: what one turn reads of it.
    private static let readBytesMax = 256 << 10
    /// 1 MiB that it does not read: no call is that long.
    private static let outBytesMax = 1 << 20
    /// The run bounds its time; this is no bound of its own.
    private static let lifeMax = Milliseconds.minutes(31 * 24 * 60)

    let declaration: ServerDeclaration
    let cage: Cage
    private var input: Input?
    private let errors: OwnedDescriptor
    private var talk: ServerTalk
    private var out: [UInt8] = []
    /// What it said last on standard error, which is no error: for whoever asks why it ended.
    private var lastWords = OutputTail.worker
    private var watch: LimitWatch
    private let disk: DiskMeter?
    private var ending = Ending.none
    /// Monotonic milliseconds of the next step of its end.
    private var endDue = 0
    private let startedAt: Int
    private var isProbed = false
    /// When what it is asked has to be answered.
    private var answerDue: Int?
    /// Why it was killed, if for a limit.
    private var verdict: StepResult.Exit?
    /// What it offers, once it is ready.
    private(set) var listing: ServerListing?

    /// Starts the server in the cage of `plan` and asks it the first question.
    init(
        _ declaration: ServerDeclaration, _ plan: StepPlans.Plan, by launcher: Launcher, at now: Int
    ) throws {
        self.declaration = declaration
        var inputs = try DescriptorPair.pipe()
        var errorEnds = try DescriptorPair.pipe()
        let inputReader = inputs.takeFirst()
        let inputWriter = inputs.takeSecond()
        let errorReader = errorEnds.takeFirst()
        let errorWriter = errorEnds.takeSecond()
        try inputWriter.setNonblocking()
        try errorReader.setNonblocking()
        cage = try launcher.launch(plan.cage, input: inputReader.raw, errors: errorWriter.raw)
        input = Input(inputWriter)
        errors = errorReader
        talk = ServerTalk(declaration)
        watch = LimitWatch(timeout: Self.lifeMax, limits: plan.limits, at: now)
        disk = plan.disk
        startedAt = now
        answerDue = now + Self.readyMilliseconds
        out = talk.begin()
    }

    /// Standard error.
    var errorsRaw: Int32 { errors.raw }
    /// Its input, where something waits to be written.
    var inputRaw: Int32? {
        guard !out.isEmpty else { return nil }
        return input?.descriptor.raw
    }

    var isReady: Bool { listing != nil && talk.isReady && ending == .none }
    var isEnding: Bool { ending != .none }

    /// Calls a tool of a server that is ready; false when the input is too long.
    func call(_ tool: String, _ arguments: JSONValue, at now: Int) -> Bool {
        guard let text = talk.call(tool, arguments) else { return false }
        answerDue = now + declaration.timeout.count
        out += text
        return true
    }

    /// Takes what it has written, and writes to it; nil when it has closed its output.
    func work() throws -> [ServerTalk.Word]? {
        guard let bytes = try cage.readOutput(bytesMax: Self.readBytesMax) else {
            return write()
        }
        // The rest of a server that is to end says nothing.
        guard !bytes.isEmpty, !isEnding else { return bytes.isEmpty ? nil : [] }
        watch.heard(at: SystemClock.monotonicMilliseconds())
        let (words, more) = talk.take(bytes)
        out += more
        for case .ready(let listing) in words { self.listing = listing }
        if !words.isEmpty { answerDue = nil }
        return words + write()
    }

    /// Reads its standard error; false at its end.
    func readErrors() -> Bool {
        guard let bytes = PipeEnd.read(errors.raw, bytesMax: Self.readBytesMax) else { return true }
        lastWords.append(bytes)
        return !bytes.isEmpty
    }

    /// Writes what waits; a flaw when it is not read.
    func write() -> [ServerTalk.Word] {
        guard let raw = inputRaw else { return [] }
        guard let count = PipeEnd.write(raw, out[...]) else {
            out = []
            return []
        }
        out.removeFirst(count)
        guard out.count > Self.outBytesMax else { return [] }
        return [.failed(ServerFlaw(.unread, "it does not read what it is told"))]
    }

    /// Monotonic milliseconds at which it is to be looked at next.
    var nextLook: Int? {
        switch ending {
        case .none:
            let probe = isProbed || listing != nil ? nil : startedAt + Self.probeMilliseconds
            return [watch.nextLook, answerDue, probe].compactMap { $0 }.min()
        case .closed, .terminated, .killed: return endDue
        }
    }

    /// Does what is due: a flaw, when it had its time or is beyond a limit.
    func look(at now: Int) throws -> ServerFlaw? {
        guard let due = nextLook, due <= now else { return nil }
        switch ending {
        case .none: break
        case .closed:
            ending = .terminated
            endDue = now + Self.graceMilliseconds
            cage.terminate()
            return nil
        case .terminated:
            try kill()
            return nil
        case .killed:
            // It hangs while it is being built.
            endDue = now + Self.graceMilliseconds
            try cage.kill()
            return nil
        }
        if !isProbed, listing == nil, startedAt + Self.probeMilliseconds <= now {
            isProbed = true
            out += talk.giveUpProbe()
            _ = write()
        }
        if let answerDue, answerDue <= now {
            let span = listing == nil ? Milliseconds(Self.readyMilliseconds) : declaration.timeout
            out += talk.cancel("no answer in time")
            _ = write()
            return ServerFlaw(
                .silent, "it did not answer within \(DurationText.format(span.count))")
        }
        if watch.nextLook <= now {
            verdict = watch.look(at: now, cage.use(), disk: disk?.look(at: now))
            if let verdict {
                try kill()
                return ServerFlaw(.ended, verdict.text)
            }
        }
        return nil
    }

    /// Tells it to end, by the end of its input.
    func end(at now: Int) {
        guard ending == .none else { return }
        ending = .closed
        endDue = now + Self.graceMilliseconds
        out = []
        input = nil
    }

    /// Ends it at once.
    func kill() throws {
        guard ending != .killed else { return }
        ending = .killed
        endDue = SystemClock.monotonicMilliseconds() + Self.graceMilliseconds
        input = nil
        try cage.kill()
    }

    /// Why it ended by itself, with what it said last.
    func obituary(_ end: CageExit) -> String {
        while let bytes = PipeEnd.read(errors.raw, bytesMax: Self.readBytesMax), !bytes.isEmpty {
            lastWords.append(bytes)
        }
        let exit = verdict ?? StepResult.Exit(end, cage.limit)
        let said = SafeText.lines(lastWords.text()).last { !$0.allSatisfy(\.isWhitespace) }
        return "it ended: \(exit.text)"
            + (said.map { "; it said last: \(SafeText.brief($0))" } ?? "")
    }
}
