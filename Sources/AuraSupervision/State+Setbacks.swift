import AuraModel

/// How failures of runs move the row of their automaton.
extension State {
    /// Takes note of until when `name` is held, where `fact` bears on that.
    mutating func noteHold(of name: AutomatonName, _ fact: Fact) {
        switch fact {
        case .runsHeld, .quarantined, .automatonPaused, .automatonResumed, .automatonStopped,
            .breakerOpened, .definitionRemoved:
            holding[name] = automata[name]?.heldUntil
        default: break
        }
    }

    /// A run begins: what follows is decided when it ends.
    mutating func endHold(of name: AutomatonName) {
        holding[name] = nil
        guard automata[name]?.setback != nil else { return }
        automata[name]?.setback?.isOver = true
        touch(.automata, name.text)
    }

    /// The pause is over, and no run begins with that: the schedule goes on; or it is longer.
    mutating func letGo(of name: AutomatonName, until: Instant?) {
        holding[name] = until
        changed.insert(name)
    }

    /// The wall clock was set: what is left of the pause is what it was.
    mutating func moveHold(of name: AutomatonName, _ by: Milliseconds) {
        guard let until = automata[name]?.setback?.held.until else { return }
        automata[name]?.setback?.held.until = until + by
        if let held = holding[name] { holding[name] = held + by }
        touch(.automata, name.text)
    }
}

extension AutomatonRow {
    /// Until when no run starts by itself after a failure; nil where nothing, or a pause, says so.
    var heldUntil: Instant? {
        guard pause == nil, let setback, setback.isOver != true else { return nil }
        return setback.held.until
    }

    mutating func hold(_ held: RunsHeld, _ entry: Entry) {
        let before = held.failures > 1 || held.failure == nil ? setback?.recent ?? [] : []
        let recent = before + [held.failure].compactMap { $0 }
        setback = Setback(
            held: held, sequence: entry.sequence,
            recent: held.failures == 0 ? [] : recent.suffix(Setback.recentMax))
    }
}
