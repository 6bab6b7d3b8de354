import AuraModel
import Glibc

/// Follows a run to its end: drawn in place on a terminal, a line for each entry of note in a pipe.
///
/// Rides over a restart of the daemon. Ctrl-C ends the watching, never the run.
struct RunWatch {
    enum End {
        case finished(RunDetail)
        case interrupted
        case timedOut
    }

    let session: Session
    let run: RunID
    /// How long to watch; nil: to the end.
    let timeout: Milliseconds?
    private let canRedraw: Bool

    /// Nil where nothing is drawn.
    private let feed: LiveFeed?
    private var view = LiveView()
    private var detail: RunDetail?
    private var drawn = 0
    private var frame = 0
    private var after: Int
    private var teller = EntryTeller()
    private let start = Clock.monotonic()

    /// A watch over `run`; entries up to `after` are not shown.
    init(_ session: Session, _ run: RunID, after: Int, timeout: Milliseconds?) {
        self.after = after
        self.session = session
        self.run = run
        self.timeout = timeout
        canRedraw = Terminal.canRedraw(STDOUT_FILENO) && !session.isJSON
        feed = canRedraw ? LiveFeed(session.client, run) : nil
    }

    /// Watches until the run is finished, the time is over or the operator leaves.
    mutating func follow() throws -> End {
        Interrupt.hold()
        defer { erase() }
        var absence = Absence()
        while true {
            do {
                if let end = try turn() { return end }
                _ = absence.end()
            } catch let failure as Failure {
                _ = try absence.bear(failure)
                if let reason = rest() { return reason }
            }
        }
    }

    /// One look at the run, then a wait for what comes next.
    private mutating func turn() throws -> End? {
        let detail: RunDetail = try session.client.get("\(ControlPath.runs)/\(run)")
        self.detail = detail
        draw()
        if detail.run.isFinished {
            // What was recorded between the last wait and this look.
            while try pass(wait: .zero) > 0 {}
            return .finished(detail)
        }
        return try pass(wait: ControlPath.waitMax) < 0 ? reasonToLeave : nil
    }

    /// Takes the entries that are there, waiting for a first one.
    ///
    /// Answers how many; -1: left early.
    private mutating func pass(wait: Milliseconds) throws -> Int {
        let query = EntryQuery(run: run, after: after, wait: wait)
        let patience = wait + Client.patience
        let entries: [Entry]? = try session.client.poll(
            ControlPath.entries, query.items, patience: patience
        ) {
            frame += 1
            draw()
            return reasonToLeave == nil
        }
        guard let entries else { return -1 }
        for entry in entries {
            after = entry.sequence
            let text = teller.tell(entry)
            guard !canRedraw, !session.isJSON, text.level > .detail else { continue }
            Output.write(text.line(for: entry, time: session.times.absolute(entry.at)) + "\n")
        }
        return entries.count
    }

    /// A second without the daemon.
    private mutating func rest() -> End? {
        for _ in 0..<10 {
            if let reason = reasonToLeave { return reason }
            usleep(100_000)
            frame += 1
            draw()
        }
        return nil
    }

    private var reasonToLeave: End? {
        if Interrupt.isPending { return .interrupted }
        guard let timeout else { return nil }
        return Clock.monotonic().count - start.count >= timeout.count ? .timedOut : nil
    }

    // MARK: Drawing

    private mutating func draw() {
        guard canRedraw, let detail, let width = session.width else { return }
        _ = view.take(feed?.take() ?? [])
        let lines =
            ProgressText.lines(
                of: detail, frame: frame, width: width, session.style, session.times)
            + view.lines(width: width).map { session.style.paint($0, .faint) }
        Output.write(
            ProgressText.erase(lines: drawn) + lines.map { $0 + "\n" }.joined())
        drawn = lines.count
    }

    private mutating func erase() {
        guard canRedraw else { return }
        Output.write(ProgressText.erase(lines: drawn))
        drawn = 0
    }
}

extension RunWatch {
    /// Watches a run, prints its result, and answers the exit status for it.
    static func conclude(
        _ session: Session, _ run: RunID, after: Int = 0, timeout: Milliseconds?
    ) throws -> (status: Int32, run: RunRow?) {
        var watch = RunWatch(session, run, after: after, timeout: timeout)
        switch try watch.follow() {
        case .finished(let detail):
            try session.show(detail) {
                [ProgressText.result(of: detail.run, session.style, session.times)]
            }
            return (detail.run.outcome?.ending.exitStatus ?? 0, detail.run)
        case .interrupted:
            Output.write(goesOn(run, "left"), to: STDERR_FILENO)
            // As a shell reports a process that SIGINT ended.
            return (128 + SIGINT, nil)
        case .timedOut:
            Output.write(goesOn(run, "timeout passed"), to: STDERR_FILENO)
            return (AuraExit.waitTimedOut.rawValue, nil)
        }
    }

    private static func goesOn(_ run: RunID, _ why: String) -> String {
        "aura-ctl: \(why): run \(run) goes on\nhint: aura-ctl logs -f \(run.short), or aura-ctl stop "
            + "\(run.short)\n"
    }
}

/// What entries to ask for.
struct EntryQuery {
    var run: RunID?
    var automaton: AutomatonName?
    var after: Int
    var wait = Milliseconds.zero

    /// Names and values as `ControlPath.entries` takes them.
    var items: [(String, String)] {
        var items = [("after", String(after)), ("limit", String(ControlPath.entriesMax))]
        if let run { items.append(("run", run.text)) }
        if let automaton { items.append(("automaton", automaton.text)) }
        if wait > .zero { items.append(("wait", String(wait.count))) }
        return items
    }
}

extension Milliseconds {
    fileprivate static func + (left: Self, right: Self) -> Self {
        Self(left.count + right.count)
    }
}
