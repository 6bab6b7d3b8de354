import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem

/// Replays of runs, and runs taken out of the record.
extension ControlService {
    /// Folds a run of the record and its children again.
    func replay(_ id: RunID) throws -> [ReplayVerdict] {
        _ = try run(id)
        return try replay(id, try reader.entries(run: id)) { digest in
            let text = try? reader.row(.definitions, digest)
            return text.flatMap { try? JSON.decode(Definition.self, from: $0.utf8) }
        }
    }

    /// Folds the runs of a bundle, perhaps of another machine, again.
    func replay(_ bundle: RunBundle) throws -> [ReplayVerdict] {
        guard bundle.format <= RunBundle.format else {
            throw APIError(
                .badRequest, "the bundle has format \(bundle.format)", hint: "install a newer aura")
        }
        let entries: [Entry]
        do { entries = try bundle.decoded() } catch {
            throw APIError(.badRequest, "the bundle holds what is no entry: \(error)")
        }
        var definitions: [String: Definition] = [:]
        for entry in entries {
            guard case .definitionLoaded(let digest, let definition) = entry.fact else { continue }
            definitions[digest] = definition
        }
        return try replay(bundle.run, entries) { definitions[$0] }
    }

    private func replay(
        _ id: RunID, _ entries: [Entry], definition: (String) -> Definition?
    ) throws -> [ReplayVerdict] {
        var runs: [RunID] = []
        for entry in entries {
            guard case .runAdmitted = entry.fact, let run = entry.run else { continue }
            runs.append(run)
        }
        guard runs.contains(id) else {
            throw APIError(.badRequest, "the admission of run \(id) is not there")
        }
        return try runs.map { run in
            do {
                return try replayer.replay(
                    try RunHistory(of: run, in: entries, definition: definition))
            } catch let failure as RunHistory.Failure {
                throw APIError(.badRequest, "run \(run) cannot be replayed: \(failure)")
            }
        }
    }

    /// A run with its children and what proves them, signed now.
    func export(_ id: RunID) throws -> RunBundle {
        _ = try run(id)
        let entries = try reader.entries(run: id)
        guard let first = entries.first, let name = first.automaton,
            case .runAdmitted(let admitted) = first.fact,
            let loaded = try definitionEntry(admitted.definition, of: name)
        else { throw APIError(.internalError, "the beginning of run \(id) is not there") }
        let size = try reader.head().sequence
        let checkpoint = try signer.sign(
            size: size, root: try reader.root(size: size), at: SystemClock.now())
        let items = try ([loaded] + entries.map(\.sequence)).compactMap { sequence in
            try reader.proof(of: sequence, signed: checkpoint).map {
                RunBundle.Item(sequence: sequence, text: $0.entry, path: $0.path)
            }
        }
        return RunBundle(
            run: id, keyID: signer.key.id, checkpoint: checkpoint, entries: items)
    }

    /// The entry that loaded a definition; the newest are known to the automaton's row.
    private func definitionEntry(_ digest: String, of name: AutomatonName) throws -> Int? {
        let row = try reader.row(.automata, name.text).map {
            try JSON.decode(AutomatonRow.self, from: $0.utf8)
        }
        let known = row?.history?.first { $0.kind == .loaded && $0.definition == digest }
        if let known { return known.sequence }
        var after = 0
        while true {
            let page = try reader.entries(
                after: after, limit: ControlPath.entriesMax, automaton: name)
            guard let last = page.last else { return nil }
            after = last.sequence
            let found = page.first { entry in
                if case .definitionLoaded(digest, _) = entry.fact { true } else { false }
            }
            if let found { return found.sequence }
        }
    }
}
