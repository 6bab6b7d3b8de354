import AuraModel

/// How much the journal is told of an automaton that fails again and again: at most twenty lines an
/// hour, for one failure is like the next.
///
/// What is left out stands in the record, and the automaton's next line says how much it was. Of a
/// run that somebody ordered nothing is left out, nor of one that goes on for longer than those do
/// that fail at once, nor of one an hour after the last failure.
struct SetbackPace {
    /// 8 lines an hour of what is no end of an attempt or a run.
    private static let detailsMax = 8
    /// 16 lines an hour with the ends, which leaves some for what is always told.
    private static let linesMax = 16
    /// 10: what a run that fails at once has told before that.
    private static let linesBefore = 10
    /// 30: a run that fails at once has a dozen entries between two ends; one with more is at work.
    static let entriesMax = 30
    private static let window = Milliseconds.minutes(60)

    /// What becomes of an entry.
    enum Verdict: Equatable {
        /// It is told, and how many of its automaton before it were left out.
        case tell(leftOut: Int)
        case leaveOut
    }

    private struct Loop {
        /// When its hour began.
        var since: Instant
        /// What was told in that hour.
        var lines = SetbackPace.linesBefore
        var leftOut = 0
        /// When an attempt or a run last ended.
        var endedAt: Instant
        /// Entries of a run since then.
        var ofRun = 0
    }

    private enum Weight {
        /// No setback any more.
        case over
        case always
        case end
        case detail
    }

    private var loops: [AutomatonName: Loop] = [:]

    /// Takes the next entry.
    mutating func judge(_ entry: Entry) -> Verdict {
        guard let name = entry.automaton else { return .tell(leftOut: 0) }
        guard var loop = loops[name] else {
            if Self.isSetback(entry.fact) {
                loops[name] = Loop(since: entry.at, endedAt: entry.at)
            }
            return .tell(leftOut: 0)
        }
        if entry.at - loop.since >= Self.window { (loop.since, loop.lines) = (entry.at, 0) }
        let isTold: Bool
        switch Self.weight(of: entry.fact) {
        case .over: return end(loop, of: name)
        case .always: isTold = true
        case .end:
            isTold = loop.lines < Self.linesMax
            (loop.endedAt, loop.ofRun) = (entry.at, 0)
        case .detail:
            isTold = loop.lines < Self.detailsMax
            if entry.run != nil { loop.ofRun += 1 }
            if loop.ofRun > Self.entriesMax || entry.at - loop.endedAt >= Self.window {
                return end(loop, of: name)
            }
        }
        let leftOut = loop.leftOut
        loop.leftOut = isTold ? 0 : leftOut + 1
        loop.lines += isTold ? 1 : 0
        loops[name] = loop
        return isTold ? .tell(leftOut: leftOut) : .leaveOut
    }

    private mutating func end(_ loop: Loop, of name: AutomatonName) -> Verdict {
        loops[name] = nil
        return .tell(leftOut: loop.leftOut)
    }

    private static func isSetback(_ fact: Fact) -> Bool {
        switch fact {
        case .attemptEnded(.exited(0), _), .attemptEnded(.orphaned, _): false
        case .attemptEnded: true
        case .runsHeld(let held): held.failures > 0
        default: false
        }
    }

    private static func weight(of fact: Fact) -> Weight {
        switch fact {
        case .runAdmitted(let admitted):
            if case .order = admitted.trigger { .over } else { .detail }
        case .runFinished(let outcome, _, _): outcome.isSuccess ? .over : .end
        case .definitionLoaded, .automatonStarted, .automatonResumed: .over
        case .definitionRemoved, .definitionRefused, .automatonStopped, .automatonPaused,
            .breakerOpened, .quarantined, .successOverdue, .stopRequested:
            .always
        case .attemptEnded, .runsHeld: .end
        case .daemonStarted, .daemonStopped, .clockStepped, .firingsMissed, .occurrenceDecided,
            .changeMarked, .messageReceived, .threadForked, .attemptStarted, .attemptReady,
            .takenOver, .transacted, .commanded, .reserved, .settled, .callHeld, .callPlaced,
            .runParked, .runUnparked, .routeOpened, .routeClosed, .requestMade, .requestRefused,
            .requestEnded, .checkpoint, .recordPruned:
            .detail
        }
    }
}
