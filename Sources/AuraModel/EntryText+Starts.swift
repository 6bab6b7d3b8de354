/// How firings and starts of runs are told.
extension EntryText {
    static func occurrence(
        _ nominal: Instant, _ decision: OccurrenceDecision, _ cause: FiringCause?
    ) -> Self {
        let due = (cause?.words ?? "due at \(HumanText.dateTime(nominal))Z") + ": "
        return switch decision {
        case .started(let run): Self(.notice, due + "started run \(run.short)")
        case .skipped(let reason): Self(.notice, due + "skipped: \(SafeText.brief(reason))")
        case .missed(let reason): Self(.warning, due + "missed: \(SafeText.brief(reason))")
        case .queued(let reason): Self(.note, due + "waits: \(SafeText.brief(reason))")
        case .cancelled(let reason): Self(.notice, due + "cancelled: \(SafeText.brief(reason))")
        }
    }

    static func clock(_ step: Milliseconds, _ asleep: Milliseconds) -> Self {
        var parts: [String] = []
        if step.count != 0 {
            let way = step.count > 0 ? "forward" : "back"
            parts.append(
                "the wall clock was set \(way) by "
                    + HumanText.span(Milliseconds(Int(clamping: step.count.magnitude))))
        }
        if asleep.count != 0 { parts.append("the machine slept for \(HumanText.span(asleep))") }
        return Self(.warning, parts.joined(separator: "; "))
    }

    static func admitted(_ run: RunAdmitted) -> Self {
        let cause =
            switch run.trigger {
            case .schedule(let nominal): "by its schedule for \(HumanText.dateTime(nominal))Z"
            case .order(let principal): "on the order of \(SafeText.brief(principal.name))"
            case .parent(let parent, _): "for run \(parent.short)"
            case .change(_, let what): "because \(SafeText.brief(what))"
            case .delivery(_, let id): "for delivery \(SafeText.brief(id))"
            case .chain(let run, let name, _): "after run \(run.short) of \(name)"
            case .message(let thread, let number, let principal):
                "for message \(number) of thread \(thread) by \(SafeText.brief(principal.name))"
            case .restart(let failures):
                failures == 0
                    ? "again, as its restart policy says"
                    : "again, after the \(HumanText.ordinal(failures)) failure in a row"
            }
        let task = run.task.map {
            ", task \(SafeText.brief($0.id)): \(SafeText.firstLine($0.text, max: 80))"
        }
        let names = (run.inputs ?? [:]).keys.sorted().joined(separator: ", ")
        return Self(
            .notice,
            "\(run.kind.rawValue) admitted \(cause)" + (task ?? "")
                + (names.isEmpty ? "" : ", given \(SafeText.brief(names))"))
    }

    static func held(_ held: RunsHeld) -> Self {
        let cause = held.cause.map { "\($0), " } ?? ""
        let what = held.restarts ? "runs again at" : "nothing starts before"
        let tail = held.reason.map { ": " + SafeText.brief($0) } ?? ""
        return Self(
            held.failures > 0 ? .warning : .note,
            "\(cause)\(what) \(HumanText.dateTime(held.until))Z\(tail)")
    }

    static func quarantined(_ quarantine: Quarantine, _ entry: Entry) -> String {
        let what =
            quarantine.subject.map { "\(SafeText.brief($0)) is quarantined" } ?? "quarantined"
        let next =
            quarantine.subject == nil
            ? entry.automaton.map { "aura-ctl resume \($0)" }
            : entry.run.map { "aura-ctl retry \($0.short)" }
        return
            "\(what): \(SafeText.brief(quarantine.reason)); release it with \(next ?? "aura-ctl")"
    }

    static func stop(_ reason: String, _ until: Instant?) -> Self {
        let bound = until.map { ", and has until \(HumanText.dateTime($0))Z to wrap up" } ?? ""
        return Self(.notice, "stop requested: \(SafeText.brief(reason))\(bound)")
    }
}
