import AuraModel
import CLMDB

/// The record's subdatabases and how their keys and values are laid out.
///
/// Numbers are big-endian, so that LMDB's byte order is the order of numbers.
struct Layout: Sendable {
    /// Sequence -> the entry's canonical JSON, without its long texts: see `CutText`.
    let entries: MDB_dbi
    /// Automaton, 0x00, its own sequence -> sequence.
    let byAutomaton: MDB_dbi
    /// Run, sequence -> nothing.
    ///
    /// An entry stands under its run, and under its parent run if it has one.
    let byRun: MDB_dbi
    /// Sequence -> what the two above will say of the entry: see `IndexNote`.
    ///
    /// Nil in records from before format 6, which note nothing.
    let pending: MDB_dbi?
    /// Row of the tree -> its nodes' hashes: see `TreeEdge`.
    let tree: MDB_dbi
    /// Table of rows, 0x00, row key -> the row as it was at the last pruned entry: see
    /// `RecordBase`.
    ///
    /// Nil in records from before there was pruning.
    let base: MDB_dbi?
    /// SHA-256 of a long text -> the text.
    ///
    /// Nil, like the next, in records from before format 5.
    let texts: MDB_dbi?
    /// The hash, the sequence of an entry that holds the text -> nothing.
    let textUses: MDB_dbi?
    /// `format`, `head` (sequence and hash), `journal-cursor` and, once something was pruned,
    /// `pruned`.
    let meta: MDB_dbi
    /// Row key -> the row's JSON.
    let rows: [RowTable: MDB_dbi]

    enum Name {
        static let entries = "entries"
        static let byAutomaton = "by-automaton"
        static let byRun = "by-run"
        static let pending = "pending-index"
        static let tree = "tree"
        static let base = "base"
        static let texts = "texts"
        static let textUses = "text-uses"
        static let meta = "meta"
    }

    /// Subdatabases there may be: those above, one for each table of rows, and room for formats to
    /// come.
    static let tablesMax = UInt32(9 + RowTable.allCases.count + 16)

    static let formatKey = Array("format".utf8)
    static let headKey = Array("head".utf8)
    static let prunedKey = Array("pruned".utf8)
    static let journalCursorKey = Array("journal-cursor".utf8)

    /// Greater than every key that is UTF-8 text, in which 0xff cannot stand.
    static let beyondText: UInt8 = 0xff

    static func number(_ value: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(value).bigEndian) { Array($0) }
    }

    /// The number in eight bytes, or nil when there are not eight or they hold none of ours.
    static func number(_ bytes: some Collection<UInt8>) -> Int? {
        guard bytes.count == 8 else { return nil }
        return Int(exactly: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    static func automatonKey(_ name: AutomatonName, _ sequence: Int) -> [UInt8] {
        Array(name.text.utf8) + [0] + number(sequence)
    }

    static func runKey(_ run: RunID, _ sequence: Int) -> [UInt8] {
        Array(run.text.utf8) + number(sequence)
    }

}

/// The newest entry's number and hash, as the head row holds them: 8 bytes and 32.
struct Head: Hashable, Sendable {
    var sequence: Int
    var hash: LeafHash

    /// The head of an empty record.
    static let empty = Self(sequence: 0, hash: .genesis)

    init(sequence: Int, hash: LeafHash) {
        self.sequence = sequence
        self.hash = hash
    }

    init(stored bytes: [UInt8]) throws(RecordError) {
        guard bytes.count == 8 + LeafHash.genesis.bytes.count,
            let sequence = Layout.number(bytes[..<8])
        else { throw .corrupt(what: "the head row") }
        self.init(sequence: sequence, hash: LeafHash(bytes: Array(bytes[8...])))
    }

    var stored: [UInt8] { Layout.number(sequence) + hash.bytes }
}
