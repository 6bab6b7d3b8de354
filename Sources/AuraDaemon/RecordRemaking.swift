import AuraModel
import AuraRecord
import AuraSystem
import Glibc

/// Makes a record anew beside itself and puts it in its place.
///
/// Whatever is cut off on the way, by a kill or by the power: `record` is the old one or the new
/// one, whole; and the old one goes on under one name or the other, until the operator removes it.
struct RecordRemaking {
    /// The record's directory.
    let record: String

    /// Where the new one is made; what is found there was never finished.
    private var making: String { record + ".making" }

    /// Makes the record anew from its log, verifies that, and puts it in the place of the old one,
    /// which is kept; answers what was done, in a line.
    func rebuild() throws -> String {
        // Held to the end: a daemon that started meanwhile would write into the old record.
        let old = try RecordReader.inspecting(directory: record)
        let count = try remake(old)
        let kept = record + ".before-" + String(SystemClock.now().milliseconds)
        // Under its name for good before it changes places: then no later rebuild takes what stands
        // there, by then the old record, for something unfinished.
        guard rename(making, kept) == 0 else {
            throw SystemError("rename", code: errno, subject: kept)
        }
        // In one step: nobody finds no record and makes an empty one.
        try withExtendedLifetime(old) { try FileSystem.exchange(kept, record) }
        return "rebuilt from \(count) entries; the old record is kept in \(kept)"
    }

    /// Brings a record of an older format up to this one's, as `rebuild` does; answers what was
    /// done, in a line.
    ///
    /// A dry run does all of it but the last steps, and leaves nothing behind.
    func migrate(isDryRun: Bool) throws -> String {
        let format = try RecordReader.inspecting(directory: record).format()
        guard format < Entry.format else { return "the record has format \(format) already" }
        guard isDryRun else {
            return "from format \(format) to \(Entry.format): \(try rebuild())"
        }
        defer { try? FileSystem.removeTree(making) }
        let count = try remake(try RecordReader.inspecting(directory: record))
        return "would go from format \(format) to \(Entry.format): "
            + "\(HumanText.plural(count, "entry", "entries")), every row made anew and verified"
    }

    /// Makes the record that `old` reads anew, verified; how many entries it has.
    private func remake(_ old: RecordReader) throws -> Int {
        try FileSystem.removeTree(making)
        let made = RecordFold()
        try Rebuilding.run(from: old, into: making, begin: made.begin, fold: made.take)
        let rows = RecordFold()
        let verdict = try RecordReader.inspecting(directory: making)
            .verify(begin: rows.begin, fold: rows.take)
        if let problem = verdict.problem { throw RecordError.corrupt(what: problem) }
        return verdict.entries
    }
}
