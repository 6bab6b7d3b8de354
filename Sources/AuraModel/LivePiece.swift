/// What a model says before its answer is in the record: to be shown, and to be forgotten then.
package struct LivePiece: Hashable, Sendable, Codable {
    package var run: RunID
    /// Tells one try of a call from the next one, which says everything anew.
    package var call: Int
    /// Bytes that came before this piece and that its reader was too slow for.
    package var skipped: Int
    package var text: String
    /// Whether nothing more comes of this call: the record has the answer, or the failure.
    package var isOver: Bool

    /// A piece of what `run` is told.
    package init(run: RunID, call: Int, skipped: Int, text: String, isOver: Bool) {
        self.run = run
        self.call = call
        self.skipped = skipped
        self.text = text
        self.isOver = isOver
    }
}
