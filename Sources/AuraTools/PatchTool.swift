/// `apply_patch`: changes of several files, all of them or none.
///
/// A hunk goes where its context stands exactly; where that is nowhere, to the one place that differs
/// by white space alone. Nothing is guessed: what fits nowhere, or in more than one place, is refused
/// with what is there.
struct PatchTool {
    /// 5 refusals are told at once: the others seldom differ.
    static let refusalsMax = 5

    let patch: String

    /// What the patch would do, leaving out what `done` names: files that are as it makes them.
    func changes(
        in workspace: Workspace, without done: Set<String> = []
    ) throws(ToolRefusal) -> [FileChange] {
        var draft = PatchDraft(workspace: workspace, done: done)
        var refusals: [String] = []
        for section in try PatchText(patch).sections {
            do throws(ToolRefusal) {
                try draft.take(section)
            } catch .failed(let text) {
                refusals.append(text)
            } catch {
                throw error
            }
        }
        guard refusals.isEmpty else {
            let shown = refusals.prefix(Self.refusalsMax).joined(separator: "\n")
            let more = refusals.count - Self.refusalsMax
            throw .failed(
                "Nothing was changed, in any file.\n" + shown
                    + (more > 0 ? "\nand \(more) more" : ""))
        }
        return draft.changes
    }
}

/// The files of a patch as they will be.
private struct PatchDraft {
    let workspace: Workspace
    let done: Set<String>

    private struct File {
        var before: [UInt8]?
        var now: [UInt8]?
        var remark: String
        /// Whose mode it takes, where that is another file's.
        var origin: String?
    }

    private var files: [String: File] = [:]
    /// Paths in the order in which they were first named.
    private var order: [String] = []

    init(workspace: Workspace, done: Set<String>) {
        self.workspace = workspace
        self.done = done
    }

    /// What is different in the end; what is taken away comes last.
    var changes: [FileChange] {
        let changes = order.compactMap { path -> FileChange? in
            guard let file = files[path], file.before != file.now else { return nil }
            return FileChange(
                path: path, after: file.now, before: file.before.map { Digest.hex(of: $0) },
                message: file.remark, origin: file.origin)
        }
        return changes.filter { $0.after != nil } + changes.filter { $0.after == nil }
    }

    mutating func take(_ section: PatchText.Section) throws(ToolRefusal) {
        let place = try FileChange.place(section.path, in: workspace)
        let path = place.path
        switch section.act {
        case .add(let lines):
            guard !done.contains(path) else { return }
            guard try content(place) == nil else {
                throw .failed("\(place.shown) exists already; use `*** Update File`")
            }
            var bytes: [UInt8] = []
            for line in lines { bytes += line + [UInt8(ascii: "\n")] }
            set(path, bytes, "created \(place.shown)")
        case .delete:
            guard !done.contains(path) else { return }
            guard try content(place) != nil else { throw Self.missing(place.shown) }
            set(path, nil, "deleted \(place.shown)")
        case .update(let hunks, let target):
            try update(place, hunks, to: target)
        }
    }

    private mutating func update(
        _ place: Workspace.Place, _ hunks: [PatchText.Hunk], to target: String?
    ) throws(ToolRefusal) {
        var goal = place
        if let target { goal = try FileChange.place(target, in: workspace) }
        if !done.contains(goal.path) {
            guard let bytes = try content(place) else { throw Self.missing(place.shown) }
            let (changed, remark) = try PatchedFile(bytes, shown: place.shown).applying(hunks)
            if target != nil, goal.path != place.path {
                guard try content(goal) == nil else {
                    throw .failed("\(goal.shown) exists already; nothing is moved over it")
                }
                set(goal.path, changed, "moved \(place.shown) to \(goal.shown)\(remark)")
                files[goal.path]?.origin = place.path
            } else {
                set(place.path, changed, "edited \(place.shown)\(remark)")
            }
        }
        guard goal.path != place.path, !done.contains(place.path), try content(place) != nil
        else { return }
        set(place.path, nil, "")
    }

    private static func missing(_ shown: String) -> ToolRefusal {
        .failed("\(shown): there is no such file; to make one use `*** Add File`")
    }

    private mutating func content(_ place: Workspace.Place) throws(ToolRefusal) -> [UInt8]? {
        if let known = files[place.path] { return known.now }
        let bytes = try RegularFile(place)?.rest(bytesMax: EditTool.fileBytesMax)
        files[place.path] = File(before: bytes, now: bytes, remark: "")
        order.append(place.path)
        return bytes
    }

    private mutating func set(_ path: String, _ bytes: [UInt8]?, _ remark: String) {
        files[path]?.now = bytes
        files[path]?.remark = remark
    }
}

/// A file to which hunks are applied, one after the other from its beginning.
private struct PatchedFile {
    private let bytes: [UInt8]
    private let shown: String
    private var lines: [PatchText.Line]
    private var endsWithNewline: Bool
    /// Where the next hunk may begin.
    private var cursor = 0
    /// By how much lines stand later than in the file as it was.
    private var shift = 0
    private var loose: [Int] = []

    init(_ bytes: [UInt8], shown: String) {
        self.bytes = bytes
        self.shown = shown
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map(Array.init)
        endsWithNewline = lines.last?.isEmpty ?? true
        if endsWithNewline { lines.removeLast() }
    }

    /// The file afterwards, and what is to be said of how.
    func applying(
        _ hunks: [PatchText.Hunk]
    ) throws(ToolRefusal) -> (bytes: [UInt8], remark: String) {
        var file = self
        for hunk in hunks { try file.apply(hunk) }
        var result = Array(file.lines.joined(separator: [UInt8(ascii: "\n")]))
        if file.endsWithNewline, !file.lines.isEmpty { result.append(UInt8(ascii: "\n")) }
        guard !file.loose.isEmpty else { return (result, "") }
        let places = file.loose.map { String($0 + 1) }.joined(separator: ", ")
        return (result, " (from line \(places) only white space differed)")
    }

    private mutating func apply(_ hunk: PatchText.Hunk) throws(ToolRefusal) {
        for anchor in hunk.anchors {
            guard let found = places([anchor], from: cursor).places.first else {
                throw refusal("`@@` names a line that does not occur", [anchor])
            }
            cursor = found + 1
        }
        let old = hunk.old
        let start = old.isEmpty ? insertion(hunk) : try place(of: old, hunk)
        let returns = start < lines.count && lines[start].last == UInt8(ascii: "\r")
        var replaced: [PatchText.Line] = []
        var taken = start
        for part in hunk.parts {
            switch part.kind {
            // The file's own line stays, also where its white space differs.
            case .kept:
                replaced.append(lines[taken])
                taken += 1
            case .removed: taken += 1
            case .added:
                let bare = part.line.last != UInt8(ascii: "\r")
                replaced.append(returns && bare ? part.line + [UInt8(ascii: "\r")] : part.line)
            }
        }
        lines.replaceSubrange(start..<taken, with: replaced)
        cursor = start + replaced.count
        shift += replaced.count - (taken - start)
        if let ends = hunk.endsWithNewline, cursor == lines.count { endsWithNewline = ends }
    }

    /// Where lines without any context go.
    private func insertion(_ hunk: PatchText.Hunk) -> Int {
        if !hunk.anchors.isEmpty { return cursor }
        guard let line = hunk.line, !hunk.isAtEnd else { return lines.count }
        return min(max(cursor, line + shift), lines.count)
    }

    private mutating func place(
        of old: [PatchText.Line], _ hunk: PatchText.Hunk
    ) throws(ToolRefusal) -> Int {
        let found = places(old, from: cursor)
        var candidates = found.places
        if hunk.isAtEnd {
            candidates = candidates.filter { $0 + old.count == lines.count }
        }
        guard let first = candidates.first else {
            let why =
                places(old, from: 0).places.isEmpty
                ? "the lines of a hunk do not occur"
                : "the lines of a hunk occur only before those of an earlier one; give hunks in the "
                    + "order of the file"
            throw refusal(why, old)
        }
        let named = hunk.line.map { $0 - 1 + shift }
        let place = candidates.count == 1 || !hunk.anchors.isEmpty ? first : named
        guard let place, candidates.contains(place) else {
            let numbers = candidates.prefix(EditTool.placesShownMax).map { String($0 + 1) }
            throw .failed(
                "\(shown): the lines of a hunk occur \(candidates.count) times, from lines "
                    + numbers.joined(separator: ", ")
                    + ". Give more lines around them, or a line before them after `@@`.")
        }
        if !found.isExact { loose.append(place) }
        return place
    }

    /// Where the lines stand as they are; where that is nowhere, where they stand but for white
    /// space.
    private func places(
        _ wanted: [PatchText.Line], from start: Int
    ) -> (places: [Int], isExact: Bool) {
        let last = lines.count - wanted.count
        guard start <= last else { return ([], true) }
        let exact = (start...last).filter { lines[$0..<$0 + wanted.count].elementsEqual(wanted) }
        guard exact.isEmpty else { return (exact, true) }
        let bare = wanted.map(Self.trimmed)
        guard bare.contains(where: { !$0.isEmpty }) else { return ([], false) }
        let loose = (start...last).filter { place in
            zip(lines[place...], bare).allSatisfy { Self.trimmed($0) == $1 }
        }
        return (loose, false)
    }

    private static func trimmed(_ line: PatchText.Line) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var rest = line[...]
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest.drop(while: isBlank)
    }

    private func refusal(_ what: String, _ wanted: [PatchText.Line]) -> ToolRefusal {
        let text = wanted.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
        return .failed("\(shown): \(what).\n" + NearestMatch.hint(for: text, in: bytes))
    }
}
