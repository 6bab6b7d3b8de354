import AuraModel
import AuraSupervision

/// Folds the log into rows, as the daemon's kernel does: for whoever compares or makes them anew.
final class RecordFold {
    private var state = State()

    /// A fold that has seen nothing.
    init() {}

    /// Goes on from rows that stand for entries that were pruned.
    func begin(_ rows: [RowTable: [(key: String, value: String)]]) throws {
        state = try State(rows: rows)
    }

    /// The rows that the next entry writes.
    func take(_ entry: Entry) throws -> [RowWrite] {
        try state.apply(entry)
        return try state.takeRows()
    }
}
