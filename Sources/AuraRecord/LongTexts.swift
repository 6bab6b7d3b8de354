import AuraModel
import CLMDB
import Glibc

/// The stored form of an entry with long texts in it: its own text without them, where they belong,
/// and their SHA-256, by which they are kept once each beside the log.
///
/// A file that a model wrote stands in its answer and in the edit, a task list in every step over
/// it. Only the inside of a JSON string is cut out, as it stands between its quotes, so that joining
/// is copying. Whoever reads an entry gets all of it; its hash is over all of it, and so covers each
/// text.
struct CutText {
    /// A text that was cut out.
    struct Piece {
        /// Where it begins in the entry's whole text.
        var offset: Int
        var bytes: Int
        /// 32 bytes.
        var hash: [UInt8]
    }

    /// 64 KiB: far above what a turn of an agent takes, so that few entries need a second look-up;
    /// and 16 pages, so that what stands twice is worth finding.
    static let pieceBytesMin = 64 << 10

    /// What a stored entry begins with that was cut; every other one begins with a brace.
    static let mark: UInt8 = 1

    let pieces: [Piece]
    /// The entry's text without its pieces.
    private let rest: [UInt8]

    private static let hashBytes = SHA256.byteCount
    private static let pieceHeaderBytes = 8 + 8 + hashBytes

    /// Cuts a JSON text; nil when no string in it is longer than `pieceBytesMin`.
    init?(_ text: UnsafeRawBufferPointer) {
        guard text.count > Self.pieceBytesMin else { return nil }
        let long = Self.longStrings(text)
        guard !long.isEmpty else { return nil }
        pieces = long.map { range in
            Piece(
                offset: range.lowerBound, bytes: range.count,
                hash: Self.hash(UnsafeRawBufferPointer(rebasing: text[range])))
        }
        var rest: [UInt8] = []
        var taken = 0
        for range in long {
            rest += text[taken..<range.lowerBound]
            taken = range.upperBound
        }
        rest += text[taken...]
        self.rest = rest
    }

    /// Reads the stored form; nil when it is none.
    init?(stored: UnsafeRawBufferPointer) {
        guard stored.first == Self.mark, let count = Self.number(stored, at: 1),
            count <= stored.count / Self.pieceHeaderBytes
        else { return nil }
        var pieces: [Piece] = []
        var at = 9
        for _ in 0..<count {
            guard let offset = Self.number(stored, at: at),
                let bytes = Self.number(stored, at: at + 8),
                at + Self.pieceHeaderBytes <= stored.count
            else { return nil }
            let hash = stored[(at + 16)..<(at + Self.pieceHeaderBytes)]
            pieces.append(Piece(offset: offset, bytes: bytes, hash: Array(hash)))
            at += Self.pieceHeaderBytes
        }
        self.pieces = pieces
        rest = Array(stored[at...])
    }

    /// The stored form.
    var stored: [UInt8] {
        var bytes = [Self.mark] + Layout.number(pieces.count)
        for piece in pieces {
            bytes += Layout.number(piece.offset) + Layout.number(piece.bytes) + piece.hash
        }
        return bytes + rest
    }

    /// The whole text, of which `piece` answers the parts; nil when they do not fit.
    func joined(
        _ piece: (Piece) throws(RecordError) -> [UInt8]
    ) throws(RecordError) -> [UInt8]? {
        var text: [UInt8] = []
        var rest = rest[...]
        for next in pieces {
            let before = next.offset - text.count
            guard before >= 0, before <= rest.count else { return nil }
            text += rest.prefix(before)
            rest = rest.dropFirst(before)
            text += try piece(next)
        }
        return text + rest
    }

    /// SHA-256 of a text, by which it is kept.
    static func hash(_ text: UnsafeRawBufferPointer) -> [UInt8] { SHA256.hash(text).bytes }

    /// Where the insides of strings stand that are longer than `pieceBytesMin`.
    private static func longStrings(_ text: UnsafeRawBufferPointer) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start: Int?
        var index = 0
        while index < text.count {
            switch (text[index], start) {
            case (UInt8(ascii: "\\"), .some): index += 1
            case (UInt8(ascii: "\""), .none): start = index + 1
            case (UInt8(ascii: "\""), .some(let first)):
                if index - first > pieceBytesMin { found.append(first..<index) }
                start = nil
            default: break
            }
            index += 1
        }
        return found
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
        guard start + 8 <= bytes.count else { return nil }
        return Layout.number(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + 8)]))
    }
}

extension Layout {
    /// A long text's hash, and the entry that holds it.
    static func useKey(_ hash: [UInt8], _ sequence: Int) -> [UInt8] { hash + number(sequence) }
}

extension Snapshot {
    /// The entry `sequence`, of which `stored` is stored, with its long texts.
    ///
    /// Throws `.corrupt` with its number when one of them is gone or is not what its hash says.
    func whole(
        _ sequence: Int, _ stored: UnsafeRawBufferPointer
    ) throws(RecordError) -> StoredEntry {
        guard stored.first == CutText.mark else {
            return StoredEntry(sequence: sequence, text: Array(stored))
        }
        guard let cut = CutText(stored: stored), let table = layout.texts else {
            throw .corrupt(what: "entry \(sequence) is cut, but not as entries are")
        }
        let text = try cut.joined { piece throws(RecordError) in
            guard let bytes = try self.get(table, piece.hash), bytes.count == piece.bytes,
                bytes.withUnsafeBytes({ CutText.hash($0) }) == piece.hash
            else {
                throw .corrupt(
                    what: "entry \(sequence): its text \(Hex.text(piece.hash)) is gone or edited")
            }
            return bytes
        }
        guard let text else {
            throw .corrupt(what: "entry \(sequence) is cut, but not as entries are")
        }
        return StoredEntry(sequence: sequence, text: text, texts: cut.pieces.map(\.hash))
    }
}

extension WriteBatch {
    /// Puts an entry's text behind all others, cut where that is due, with those of its long texts
    /// that are not there yet.
    ///
    /// Answers LMDB's code, because it is called where no typed error can pass.
    func appendText(_ sequence: Int, _ text: UnsafeRawBufferPointer) -> Int32 {
        guard let cut = CutText(text) else { return appendEntry(Layout.number(sequence), text) }
        guard let texts = layout.texts, let uses = layout.textUses else { return EINVAL }
        for piece in cut.pieces {
            let place = piece.offset..<(piece.offset + piece.bytes)
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            for code in [
                putNew(texts, piece.hash, UnsafeRawBufferPointer(rebasing: text[place])),
                // A text may stand in one entry twice.
                putNew(uses, Layout.useKey(piece.hash, sequence), nothing),
            ] where code != MDB_KEYEXIST {
                guard code == 0 else { return code }
            }
        }
        return cut.stored.withUnsafeBytes { appendEntry(Layout.number(sequence), $0) }
    }

    /// Lets go of the long texts of an entry that is about to be deleted: what no other one holds
    /// goes with it.
    func releaseTexts(of sequence: Int) throws(RecordError) {
        guard let texts = layout.texts, let uses = layout.textUses,
            let stored = try get(layout.entries, Layout.number(sequence)),
            let cut = stored.withUnsafeBytes({ CutText(stored: $0) })
        else { return }
        for piece in cut.pieces {
            try delete(uses, Layout.useKey(piece.hash, sequence))
            if try !holds(uses, prefix: piece.hash) { try delete(texts, piece.hash) }
        }
    }
}
