import AuraModel

/// Start and the definitions in force.
extension Kernel {
    /// The first event after every start: what was under way is taken up again.
    mutating func recover(
        version: String, boot: String, weaknesses: [String], _ found: Handover.Found,
        at now: Instant
    ) throws {
        let start = DaemonStarted(
            epoch: state.daemon.epoch + 1, version: version, boot: boot, weaknesses: weaknesses)
        // Without a boot in common only this much is known: the clock was later than it is.
        let last = state.daemon.lastAt
        // A record of before boots were kept: a firing too few, rather than one too many.
        owesBootFirings = state.daemon.boot.map { $0 != boot } ?? (state.daemon.epoch == 0)
        try record(.daemonStarted(start), at: now)
        if let last, now < last { try noteStep(now - last, asleep: .zero, at: now) }
        // What the process before started counts from now at the latest, or it would count for ever.
        starts = starts.map { min($0, now) }
        for id in state.runs.keys.sorted() {
            try takeUp(id, found, at: now)
        }
    }

    /// Compares what was read with what is in force; a file that did not change changes nothing.
    mutating func putInForce(_ read: DefinitionsRead, at now: Instant) throws {
        let read = withoutBrokenChains(read)
        // What is due is decided by what was in force until now.
        try decideOccurrences(at: now)
        areDefinitionsRead = true
        takeZones(of: read)
        for loaded in read.loaded {
            let name = loaded.definition.name
            let row = state.automata[name]
            guard row?.definition != loaded.digest || row?.isLoaded == false else { continue }
            if let old = row.flatMap({ state.definitions[$0.definition] }),
                !old.firesLike(loaded.definition)
            {
                try closeSchedule(of: name, "its definition was changed", at: now)
            }
            try record(
                .definitionLoaded(digest: loaded.digest, definition: loaded.definition),
                automaton: name, at: now)
        }
        refusedDefinitions = read.refused.flatMap(\.diagnostics)
        for (file, diagnostics) in read.refused {
            try record(.definitionRefused(file: file, diagnostics: diagnostics), at: now)
        }
        // A refused file keeps its last good definition in force, and which one that was cannot be
        // told from the file: nothing is removed until every file is readable again.
        let names = Set(read.loaded.map(\.definition.name))
        if read.refused.isEmpty { try remove(allBut: names, at: now) }
        withoutFile = Set(state.automata.values.filter(\.isLoaded).map(\.name)).subtracting(names)
        try fireAtBoot(at: now)
    }

    private mutating func remove(allBut names: Set<AutomatonName>, at now: Instant) throws {
        for name in state.automata.keys.sorted()
        where !names.contains(name) && state.automata[name]?.isLoaded == true {
            try closeSchedule(of: name, "its definition was removed", at: now)
            try cancelWaiting(of: name, "its definition was removed", at: now)
            try record(.definitionRemoved, automaton: name, at: now)
        }
    }

    private mutating func takeZones(of read: DefinitionsRead) {
        var known = read.zones
        for loaded in read.loaded { known[loaded.definition.zone] = loaded.zone }
        if known.contains(where: { zones[$0.key] != $0.value }) { markAllChanged() }
        zones.merge(known) { $1 }
    }

    /// `@reboot`: once for each boot of the machine, in the turn of the first start in it, so that no
    /// later start can do it again.
    private mutating func fireAtBoot(at now: Instant) throws {
        guard owesBootFirings else { return }
        owesBootFirings = false
        for name in state.automata.keys.sorted() {
            guard let row = state.automata[name], row.isActive, row.isLoaded,
                let definition = state.definitions[row.definition], definition.schedule == .reboot
            else { continue }
            let nominal = max(now, Instant(milliseconds: row.cursor.milliseconds + 1))
            try fire(name, nominal, definition, at: now)
        }
    }
}

extension Intent.Plan {
    /// Whether the process or the transfer behind the command ends with the daemon.
    var diesWithDaemon: Bool {
        switch self {
        case .reason, .step: true
        case .tool(let call): call.tool.place != .worker
        case .spawn, .ask, .wait, .finish: false
        }
    }

    /// What is known of it when the daemon has gone away meanwhile.
    var lossText: String {
        guard case .tool(let call) = self, call.tool.effect == .external else {
            return "the daemon restarted while the command was under way"
        }
        return "indeterminate: the daemon restarted while the request was under way; it may have "
            + "been received"
    }
}
