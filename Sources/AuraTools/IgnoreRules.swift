import Glibc

/// What the .gitignore files on the way to a directory, and in it, leave out; see gitignore(5).
///
/// The last pattern that matches decides, and a deeper file's patterns come later. Only files of
/// the tree count: what a user has in his own configuration means nothing here.
struct IgnoreRules {
    /// 64 KiB: a longer file of patterns is none.
    static let fileBytesMax = 64 << 10

    /// 1000 patterns in all: they are tried on every name.
    static let patternsMax = 1000

    private struct Pattern {
        /// Where its file stands, with a slash at its end; empty for the root.
        var base: String
        var text: [UInt8]
        var isNegated = false
        var isForDirectories = false
        /// It has a slash in it, so it is for whole paths below `base`.
        var isAnchored = false
    }

    private var patterns: [Pattern] = []

    /// The rules of the directories above `place` and of itself, from the root down.
    init(above place: Workspace.Place, in workspace: Workspace) {
        var path = ""
        add(directory: path, in: workspace)
        for name in place.path.split(separator: "/").dropLast() {
            path += name + "/"
            add(directory: path, in: workspace)
        }
    }

    private mutating func add(directory: String, in workspace: Workspace) {
        guard let place = try? workspace.place(directory + ".gitignore") else { return }
        add(place, base: directory)
    }

    /// The rules with those of one more directory, if it has some.
    func adding(_ directory: OpenDirectory, at path: String) -> Self {
        var rules = self
        let base = path.isEmpty ? "" : path + "/"
        rules.add(
            Workspace.Place(
                directory: directory, name: ".gitignore", path: base + ".gitignore"), base: base)
        return rules
    }

    private mutating func add(_ place: Workspace.Place, base: String) {
        guard let file = try? RegularFile(place),
            let bytes = try? file.rest(bytesMax: Self.fileBytesMax)
        else { return }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard patterns.count < Self.patternsMax else { return }
            guard let pattern = Self.pattern(line, base: base) else { continue }
            patterns.append(pattern)
        }
    }

    private static func pattern(_ line: ArraySlice<UInt8>, base: String) -> Pattern? {
        var text = line
        if text.last == UInt8(ascii: "\r") { text = text.dropLast() }
        while text.last == UInt8(ascii: " "), text.dropLast().last != UInt8(ascii: "\\") {
            text = text.dropLast()
        }
        guard text.first != UInt8(ascii: "#") else { return nil }
        var pattern = Pattern(base: base, text: [])
        if text.first == UInt8(ascii: "!") {
            pattern.isNegated = true
            text = text.dropFirst()
        }
        if text.last == UInt8(ascii: "/") {
            pattern.isForDirectories = true
            text = text.dropLast()
        }
        pattern.isAnchored = text.contains(UInt8(ascii: "/"))
        if text.first == UInt8(ascii: "/") { text = text.dropFirst() }
        guard !text.isEmpty else { return nil }
        pattern.text = Array(text)
        return pattern
    }

    /// Whether the item at `path`, in a directory that is not left out, is.
    func leavesOut(_ path: String, isDirectory: Bool) -> Bool {
        let pattern = patterns.last { pattern in
            guard isDirectory || !pattern.isForDirectories, path.hasPrefix(pattern.base) else {
                return false
            }
            let below = path.dropFirst(pattern.base.count)
            let subject = pattern.isAnchored ? below : (path.split(separator: "/").last ?? below)
            return Self.matches(pattern.text[...], Array(subject.utf8)[...])
        }
        return pattern.map { !$0.isNegated } ?? false
    }

    /// Whether a pattern matches all of a path; `**` crosses slashes where it stands alone between
    /// them, and nothing else does.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>) -> Bool {
        let slash = UInt8(ascii: "/")
        let parts = pattern.split(separator: slash, omittingEmptySubsequences: false)
        let names = path.split(separator: slash, omittingEmptySubsequences: false)
        // One row of the table: whether the parts so far match the first `index` names.
        var row = [true] + [Bool](repeating: false, count: names.count)
        for (number, part) in parts.enumerated() {
            var next = [Bool](repeating: false, count: names.count + 1)
            if part.elementsEqual("**".utf8) {
                // At the end it takes a name at least: `a/**` is what is in `a`.
                let least = number == parts.count - 1 ? 1 : 0
                for index in row.indices where row[index] && index + least <= names.count {
                    for end in index + least..<next.count { next[end] = true }
                }
            } else {
                for index in names.indices where row[index] {
                    if fnmatches(part, names[index]) { next[index + 1] = true }
                }
            }
            row = next
        }
        return row[names.count]
    }

    /// One name against one pattern without slashes, by fnmatch(3).
    private static func fnmatches(_ part: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        let pattern = part.map { CChar(bitPattern: $0) } + [0]
        let text = name.map { CChar(bitPattern: $0) } + [0]
        return fnmatch(pattern, text, 0) == 0
    }
}
