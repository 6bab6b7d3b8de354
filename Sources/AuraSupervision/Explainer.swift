package import AuraModel

/// Why an automaton did or did not run, from its rows: pure, and in words for whoever asks.
///
/// Every sentence about the past names the entry that it rests on, as far as the rows still know
/// it.
package struct Explainer: Sendable {
    package var row: AutomatonRow
    package var daemon: DaemonRow
    /// Every definition that was ever in force, by digest.
    package var definitions: DefinitionTable
    package var zone: ZoneRules
    package var now: Instant
    /// The first firing after the time asked for, or after now, that is still to come.
    package var next: PlannedFiring?

    /// What the occurrence row of the time asked for says, and what became of its run.
    package struct Found: Sendable {
        package var occurrence: OccurrenceRow
        package var run: RunRow?

        /// An occurrence, and its run if it started one.
        package init(_ occurrence: OccurrenceRow, run: RunRow?) {
            self.occurrence = occurrence
            self.run = run
        }
    }

    /// Explains an occurrence that has a row.
    package func explain(_ found: Found) -> Explanation {
        let occurrence = found.occurrence
        var lines = [planned(occurrence, found.run)]
        if let waited = occurrence.waited {
            lines.append(
                .init(
                    "It waited from \(time(waited.since)): \(SafeText.brief(waited.reason)).",
                    sequence: waited.sequence))
        }
        lines.append(decided(occurrence))
        lines += grounds(of: occurrence)
        if isPlannedAgain(occurrence) {
            lines.append(.init("The clock was set back before it since: it is planned again."))
        }
        if case .started = occurrence.decision { lines.append(outcome(found.run)) }
        lines += future()
        return Explanation(
            automaton: row.name, nominal: occurrence.nominal, decision: occurrence.decision,
            lines: lines)
    }

    /// Explains why nothing is written about `at`; `before` is the newest occurrence before it.
    package func explainNothing(at: Instant, before: OccurrenceRow?) -> Explanation {
        if let next, at > now, next.nominal >= at, next.nominal - at < .minutes(1) {
            var line = "It is planned for \(time(next.nominal)) and not decided yet"
            if next.expected > next.nominal {
                line += "; with the automaton's jitter it is due at \(time(next.expected))"
            }
            return Explanation(
                automaton: row.name, nominal: next.nominal, decision: nil,
                lines: [.init(line + ".")]
            )
        }
        var lines = [reason(forNothingAt: at)]
        if let absence = daemon.absences?.last(where: { $0.from < at && at < $0.to }) {
            lines += told(absence)
        }
        if let before {
            lines.append(
                .init(
                    "The firing before it was planned for \(time(before.nominal)): "
                        + "\(Self.word(before.decision)).", sequence: before.sequence))
        }
        return Explanation(
            automaton: row.name, nominal: nil, decision: nil, lines: lines + future())
    }

    /// Explains that there has been no firing at all.
    package func explainNoneYet() -> Explanation {
        let last = row.history?.last
        guard row.isActive, row.isLoaded, let definition = definitions[row.definition] else {
            return Explanation(
                automaton: row.name, nominal: nil, decision: nil,
                lines: [reason(forNothingAt: now)] + future())
        }
        let since = last.map { ", in force since \(time($0.at))" } ?? ""
        let text =
            if let chain = definition.firing?.after {
                "It fires when a run of \(chain.automaton) ends, \(chain.words)\(since); "
                    + "none has ended so yet."
            } else if let trigger = definition.firing?.trigger {
                "It fires \(trigger.words(for: row.name))\(since); that has not happened yet."
            } else if definition.schedule == .manual {
                "It has no schedule: it runs when somebody orders it, aura-ctl run \(row.name)."
            } else if definition.schedule == .reboot {
                "It fires when aurad first starts after a boot of the machine\(since)."
            } else {
                "Nothing has come due yet by \(Self.name(definition))\(since)."
            }
        var lines = [Explanation.Line(text, sequence: last?.sequence)]
        if let outcome = row.lastOutcome, let at = row.lastFinished {
            lines.append(
                .init(
                    "Its last run was ordered and ended at \(time(at)): \(EntryText.text(of: outcome))."
                ))
        }
        return Explanation(
            automaton: row.name, nominal: nil, decision: nil, lines: lines + future())
    }

    // MARK: An occurrence

    private func planned(_ occurrence: OccurrenceRow, _ run: RunRow?) -> Explanation.Line {
        let load = turns(until: occurrence.decidedAt).last { $0.kind == .loaded }
        let definition = load?.definition.flatMap { definitions[$0] }
        if let chain = definition?.firing?.after {
            var leader = "a run"
            if case .chain(let run, _, _)? = run?.trigger { leader = "run \(run)" }
            return .init(
                "At \(time(occurrence.nominal)) \(leader) of \(chain.automaton) ended; it fires "
                    + "after each, \(chain.words).", sequence: load?.sequence)
        }
        let name = definition.map(Self.name)
        if let cause = occurrence.cause {
            let fires = name.map { ", and it fires \($0)" } ?? ""
            return .init(
                "At \(time(occurrence.nominal)) \(cause.words)\(fires).", sequence: load?.sequence)
        }
        let schedule = name.map { " by \($0)" }
        let span =
            occurrence.through.map {
                "Firings were planned from \(time(occurrence.nominal)) to \(time($0))"
            } ?? "It was planned for \(time(occurrence.nominal))"
        return .init(span + (schedule ?? "") + ".", sequence: load?.sequence)
    }

    private func decided(_ occurrence: OccurrenceRow) -> Explanation.Line {
        let at = time(occurrence.decidedAt)
        let text =
            switch occurrence.decision {
            case .started(let run): "At \(at) it started run \(run)."
            case .skipped(let reason): "At \(at) it was skipped: \(SafeText.brief(reason))."
            case .missed(let reason): "At \(at) it was found missed: \(SafeText.brief(reason))."
            case .queued(let reason): "Since \(at) it waits: \(SafeText.brief(reason))."
            case .cancelled(let reason): "At \(at) it was cancelled: \(SafeText.brief(reason))."
            }
        return .init(text, sequence: occurrence.sequence)
    }

    /// Whether a firing that was missed is still to come.
    private func isPlannedAgain(_ occurrence: OccurrenceRow) -> Bool {
        guard case .missed = occurrence.decision, occurrence.through == nil, row.isActive,
            occurrence.nominal > row.cursor
        else { return false }
        return row.settled?.contains {
            $0.after < occurrence.nominal && occurrence.nominal <= $0.through
        } != true
    }

    /// The entries that the decision's reason rests on.
    private func grounds(of occurrence: OccurrenceRow) -> [Explanation.Line] {
        let at = occurrence.nominal
        switch occurrence.decision {
        case .started, .queued, .cancelled: return []
        case .skipped:
            guard
                let pause = turns(until: occurrence.decidedAt).last(where: {
                    [.paused, .quarantined, .resumed].contains($0.kind)
                }), pause.kind != .resumed
            else { return [] }
            return [
                .init(
                    pause.kind == .quarantined
                        ? "It had been quarantined at \(time(pause.at))."
                        : pause.by == .daemon
                            ? "Its breaker had opened at \(time(pause.at))."
                            : "It was paused by \(SafeText.brief(pause.by.name)) at "
                                + "\(time(pause.at)).",
                    sequence: pause.sequence)
            ]
        case .missed:
            if let absence = daemon.absences?.last(where: { $0.from <= at && at <= $0.to }) {
                return told(absence)
            }
            let step = daemon.steps?.last { $0.at <= occurrence.decidedAt && $0.at >= at }
            return step.map {
                let isSleep = $0.asleep.count > $0.by.count
                let span = HumanText.span(isSleep ? $0.asleep : $0.by)
                let what =
                    isSleep ? "it had slept for \(span)" : "its clock was set forward by \(span)"
                return [
                    .init("The machine was seen at \(time($0.at)): \(what).", sequence: $0.sequence)
                ]
            } ?? []
        }
    }

    private func told(_ absence: DaemonRow.Absence) -> [Explanation.Line] {
        [
            .init(
                "The last sign of life of aurad before that was at \(time(absence.from)).",
                sequence: absence.lastSequence),
            .init("It started again at \(time(absence.to)).", sequence: absence.startSequence),
        ]
    }

    private func outcome(_ run: RunRow?) -> Explanation.Line {
        guard let run else { return .init("Its run is not in the record any more.") }
        guard let outcome = run.outcome, let at = run.finishedAt else {
            if run.phase == .queued {
                return .init(
                    "The run has not begun: it waits for a slot, and has a place in line: "
                        + "aura-ctl status \(row.name).")
            }
            return .init("The run is not over: \(SafeText.brief(run.activity)).")
        }
        return .init(
            "The run ended at \(time(at)): \(EntryText.text(of: outcome)).",
            sequence: run.finishedSequence)
    }

    // MARK: Nothing

    private func reason(forNothingAt at: Instant) -> Explanation.Line {
        let turns = turns(until: at)
        guard let last = turns.last else {
            let first = row.history?.first
            return .init(
                "Nothing was planned: the automaton was not known at \(time(at))"
                    + (first.map { ", it came into force at \(time($0.at))" } ?? "") + ".",
                sequence: first?.sequence)
        }
        guard last.isActive else {
            let cause =
                switch last.kind {
                case .removed: "its definition was removed"
                case .stopped: "\(SafeText.brief(last.by.name)) had stopped it"
                default: "it had not been started"
                }
            return .init(
                "Nothing was planned: its schedule was not in force, since \(cause) "
                    + "at \(time(last.at)).", sequence: last.sequence)
        }
        let load = turns.last { $0.kind == .loaded }
        let name = load?.definition.flatMap { definitions[$0] }.map(Self.name) ?? "its schedule"
        if at > now { return .init("Nothing is planned for \(time(at)) by \(name).") }
        return .init(
            "Nothing was planned for \(time(at)) by \(name), which was in force.",
            sequence: load?.sequence)
    }

    private func future() -> [Explanation.Line] {
        guard row.isLoaded else { return [.init("It has no definition now and will not fire.")] }
        guard row.isActive else {
            return [.init("Its schedule is not in force now: aura-ctl start \(row.name).")]
        }
        if let pause = row.pause {
            guard let reason = pause.reason else {
                return [
                    .init(
                        "It is paused now: aura-ctl resume \(row.name).", sequence: pause.sequence)
                ]
            }
            if let quarantine = pause.quarantine { return told(quarantine, pause) }
            let end = pause.until.map { "It fires again from \(time($0)), or at once" }
            return [
                .init(
                    "Its breaker is open since \(time(pause.since)): \(SafeText.brief(reason)).",
                    sequence: pause.sequence),
                .init("\(end ?? "It fires again") with: aura-ctl resume \(row.name)."),
            ]
        }
        var lines = overdue() + setback()
        if let next {
            lines.append(.init("The next firing is planned for \(time(next.nominal))."))
        } else if let chain = definitions[row.definition]?.firing?.after {
            let leader = chain.automaton
            lines.append(.init("It fires next when a run of \(leader) ends, \(chain.words)."))
        } else if let trigger = definitions[row.definition]?.firing?.trigger {
            lines.append(.init("It fires next \(trigger.words(for: row.name))."))
        }
        return lines
    }

    private func told(
        _ quarantine: Quarantine, _ pause: AutomatonRow.Pause
    ) -> [Explanation.Line] {
        [
            .init(
                "It is in quarantine since \(time(pause.since)): "
                    + "\(SafeText.brief(quarantine.reason)).", sequence: pause.sequence)
        ]
            + quarantine.failures.suffix(3).map { failure in
                .init(
                    "Run \(failure.run) ended at \(time(failure.at)): "
                        + "\(EntryText.text(of: failure.outcome)).",
                    sequence: failure.sequence)
            }
            + [
                .init(
                    "Release it with: aura-ctl resume \(row.name); or see whether it works now: "
                        + "aura-ctl run \(row.name).")
            ]
    }

    private func setback() -> [Explanation.Line] {
        guard let setback = row.setback, setback.isOver != true, setback.held.until > now else {
            return []
        }
        let held = setback.held
        let cause = held.cause.map { " \($0)" } ?? ""
        let what = held.restarts ? "It runs again at" : "It starts nothing before"
        let reason = held.reason.map { ": \(SafeText.brief($0))" } ?? ""
        return [
            .init("\(what) \(time(held.until))\(cause)\(reason).", sequence: setback.sequence)
        ]
    }

    private func overdue() -> [Explanation.Line] {
        guard row.isOverdue == true, let expect = definitions[row.definition]?.firing?.expect,
            let since = [row.lastSuccess, row.activeSince].compactMap({ $0 }).max()
        else { return [] }
        let span = DurationText.format(expect.count)
        return [
            .init(
                "A success is overdue: none since \(time(since)), and one is expected every \(span)."
            )
        ]
    }

    // MARK: Words

    private func turns(until at: Instant) -> [AutomatonRow.Turn] {
        (row.history ?? []).filter { $0.at <= at }
    }

    private static func name(_ definition: Definition) -> String {
        if let chain = definition.firing?.after {
            return "`after \(chain.automaton), on \(chain.on.rawValue)`"
        }
        if let trigger = definition.firing?.trigger {
            return "`\(trigger.words(for: definition.name))`"
        }
        return "`\(definition.schedule)`"
    }

    private static func word(_ decision: OccurrenceDecision) -> String {
        switch decision {
        case .started: "it started"
        case .skipped: "it was skipped"
        case .missed: "it was missed"
        case .queued: "it waits"
        case .cancelled: "it was cancelled"
        }
    }

    private func time(_ instant: Instant) -> String {
        let name = definitions[row.definition]?.zone ?? "UTC"
        return HumanText.dateTime(instant, offset: zone.offset(at: instant.second)) + " \(name)"
    }
}

extension Kernel {
    /// What an explanation of `name` rests on; nil when there is no such automaton.
    package func explainer(
        of name: AutomatonName, after: Instant, at now: Instant
    ) -> Explainer? {
        guard let row = state.automata[name] else { return nil }
        let definition = state.definitions[row.definition]
        let from = max(row.cursor, after)
        let planned = definition.flatMap { definition -> PlannedFiring? in
            guard row.isActive, let nominal = firing(of: row, definition, after: from)
            else { return nil }
            return PlannedFiring(
                automaton: name, nominal: nominal, expected: nominal + delay(definition))
        }
        return Explainer(
            row: row, daemon: state.daemon, definitions: state.definitions,
            zone: definition.flatMap { zones[$0.zone] } ?? .utc, now: now, next: planned)
    }
}
