package import AuraModel

/// Why the record could not be opened, read or written.
package enum RecordError: Error, Hashable, Sendable {
    /// Another process owns the directory; `byPID` is nil when it has not written its number yet.
    case owned(directory: String, byPID: Int?)
    /// The record was written by a newer aura: `version` is its format, `known` the newest known
    /// here.
    case newerFormat(version: Int, known: Int)
    /// The record was written by an older aura, whose derived rows are others.
    case olderFormat(version: Int, known: Int)
    /// The log may not grow beyond `bytes`, the bound of the map.
    case mapFull(bytes: Int)
    /// The file system is full. Nothing that was acknowledged is lost.
    case diskFull
    /// A call into the system or LMDB failed: what was attempted, and what it answered.
    case io(act: String, reason: String)
    /// What is stored is not what a record holds.
    case corrupt(what: String)
    /// An entry does not follow on the one before it: a defect of the caller; nothing was written.
    case gap(expected: Int, found: Int, automaton: String?)
}

extension RecordError: CustomStringConvertible {
    /// One line for an operator, with what to do where there is something to do.
    package var description: String {
        switch self {
        case .owned(let directory, let pid):
            "the record in \(directory) is in use"
                + (pid.map { " by process \($0); stop it first" } ?? "; stop that process first")
        case .newerFormat(let version, let known):
            "the record has format \(version), this aurad knows up to \(known); install a newer aura"
        case .olderFormat(let version, let known):
            "the record has format \(version), this aurad writes \(known)\n"
                + "  hint: aurad --migrate --dry-run, then aurad --migrate; the old one is kept"
        case .mapFull(let bytes):
            "the record has reached its bound of \(bytes >> 30) GiB"
        case .diskFull: "the file system of the record is full; free some space"
        case .io(let act, let reason): "\(act): \(reason)"
        case .corrupt(let what): "the record is damaged: \(what)"
        case .gap(let expected, let found, let automaton):
            "entry \(found) does not follow: \(expected) was expected"
                + (automaton.map { " for \($0)" } ?? "")
        }
    }
}

extension RecordError {
    /// Which trouble the error means for a record that was open; nil for a defect of the caller.
    package var trouble: RecordTrouble.State? {
        switch self {
        case .diskFull, .mapFull: .full
        case .io, .owned, .newerFormat, .olderFormat: .failing
        case .corrupt: .damaged
        case .gap: nil
        }
    }
}
