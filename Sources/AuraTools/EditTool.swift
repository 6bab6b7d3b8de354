/// `edit_file`: exact text for exact text.
struct EditTool {
    /// 8 MiB: a file that is larger was not written by hand, and is read whole to be edited.
    static let fileBytesMax = 8 << 20

    /// 10 places are named when a text occurs more than once.
    static let placesShownMax = 10

    let path: String
    let old: String
    let new: String
    let isForAll: Bool

    /// What the edit would do; refuses when it does not match as asked.
    func change(in workspace: Workspace) throws(ToolRefusal) -> FileChange {
        guard !old.isEmpty else {
            throw .failed("old is empty; to make a file use write_file")
        }
        guard old != new else { throw .failed("old and new are the same; nothing would change") }
        let place = try FileChange.place(path, in: workspace)
        guard let file = try RegularFile(place) else {
            throw .failed("\(place.shown): there is no such file; to make one use write_file")
        }
        let bytes = try file.rest(bytesMax: Self.fileBytesMax)
        let needle = Array(old.utf8)
        let found = Bytes.occurrences(of: needle, in: bytes)
        guard !found.isEmpty else {
            throw .failed(
                "\(place.shown): old does not occur. Nothing was changed.\n"
                    + NearestMatch.hint(for: old, in: bytes))
        }
        guard found.count == 1 || isForAll else {
            let lines = found.prefix(Self.placesShownMax).map {
                String(Bytes.line(of: $0, in: bytes))
            }
            throw .failed(
                "\(place.shown): old occurs \(found.count) times, in lines "
                    + lines.joined(separator: ", ") + (found.count > lines.count ? ", ..." : "")
                    + ". Nothing was changed. Give more of the lines around it, or set all.")
        }
        let times = found.count == 1 ? "" : " \(found.count) times"
        return FileChange(
            path: place.path, after: replaced(found, needle.count, in: bytes),
            before: Digest.hex(of: bytes),
            message: "edited \(place.shown)\(times), first in line "
                + String(Bytes.line(of: found[0], in: bytes)))
    }

    private func replaced(_ places: [Int], _ length: Int, in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = 0
        for place in places {
            result += bytes[rest..<place]
            result += new.utf8
            rest = place + length
        }
        return result + bytes[rest...]
    }
}

/// `write_file`: a whole file.
struct WriteTool {
    let path: String
    let content: String

    /// What the write would do; nil when the file has that content already.
    func change(in workspace: Workspace) throws(ToolRefusal) -> FileChange? {
        let place = try FileChange.place(path, in: workspace)
        let before = try FileChange.digest(at: place)
        let after = Array(content.utf8)
        guard before != Digest.hex(of: after) else { return nil }
        return FileChange(
            path: place.path, after: after, before: before,
            message:
                "\(before == nil ? "created" : "replaced") \(place.shown), \(after.count) bytes")
    }
}
