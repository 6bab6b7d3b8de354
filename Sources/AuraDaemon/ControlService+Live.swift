import AuraModel
import AuraRecord

/// What models say, as server-sent events.
extension ControlService {
    /// 15 s: a reader that is gone without a word is noticed by a comment that cannot be written.
    private static let silenceMax = Duration.seconds(15)
    /// A second between looks at whether the run is over.
    private static let endInterval = Duration.seconds(1)

    /// The next events of the reading, waiting for some; nil when its run is over.
    ///
    /// Nothing is kept for a reader: what it is too slow for is skipped, and said to be.
    func next(_ reading: inout LiveReading) async throws -> String? {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < Self.silenceMax {
            let pieces = live.read(of: reading.run, since: &reading.places)
            if !pieces.isEmpty {
                return try pieces.map { "data: \(try JSON.text($0))\n\n" }.joined()
            }
            if reading.looked.map({ ContinuousClock.now - $0 >= Self.endInterval }) ?? true {
                reading.looked = .now
                guard try isUnderWay(reading.run) else { return nil }
            }
            await live.news(of: reading.run, since: reading.places)
            try Task.checkCancellation()
        }
        return ":\n\n"
    }

    private func isUnderWay(_ id: RunID) throws -> Bool {
        guard let text = try reader.row(.runs, id.text) else { return false }
        return try !JSON.decode(RunRow.self, from: text.utf8).isFinished
    }
}

/// How far one reader of a run's models is.
struct LiveReading: Sendable {
    let run: RunID
    /// Bytes read of each call.
    var places: [Int: (run: RunID, bytes: Int)] = [:]
    /// When it was last looked whether the run is over.
    var looked: ContinuousClock.Instant?

    /// A reading from the beginning of what is still there.
    init(run: RunID) { self.run = run }
}
