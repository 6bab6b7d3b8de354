/// A patch as a model writes it, taken apart: the envelope from `*** Begin Patch` to
/// `*** End Patch`, or a unified diff.
///
/// What stands in it is checked against no file yet.
struct PatchText {
    /// 64 files: a larger change is made in several patches.
    static let filesMax = 64

    /// 2 to the 40th: no file has as many lines, and sums of it stay numbers.
    static let lineMax = 1 << 40

    /// What becomes of one file.
    struct Section {
        enum Act {
            case add([Line])
            case delete
            case update([Hunk], moveTo: String?)
        }

        var path: String
        var act: Act
    }

    /// A place in a file and what becomes of it.
    struct Hunk {
        /// Lines that come before the place, each after the one before it.
        var anchors: [Line] = []
        /// The first line by the header of a unified diff, from 1: it only decides between places.
        var line: Int?
        var parts: [Part] = []
        var isAtEnd = false
        /// Whether the file ends with a newline afterwards; nil: as before.
        var endsWithNewline: Bool?

        /// What the file has at the place.
        var old: [Line] { parts.filter { $0.kind != .added }.map(\.line) }
    }

    struct Part {
        enum Kind { case kept, removed, added }
        var kind: Kind
        var line: Line
    }

    /// The bytes of a line without its newline.
    typealias Line = [UInt8]

    private(set) var sections: [Section] = []

    private let lines: [Substring]
    private var place = 0

    /// Reads `text`; refuses what is no patch, with the line of it.
    init(_ text: String) throws(ToolRefusal) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        while let line, line.allSatisfy(\.isWhitespace) { place += 1 }
        if line?.trimmed == "*** Begin Patch" {
            place += 1
            try readEnvelope()
        } else {
            try readDiff()
        }
        guard !sections.isEmpty else { throw wrong("it changes no file") }
        guard sections.count <= Self.filesMax else {
            throw wrong("it changes \(sections.count) files, more than \(Self.filesMax)")
        }
    }

    private var line: Substring? { place < lines.count ? lines[place] : nil }

    private func wrong(_ what: String) -> ToolRefusal {
        .failed("apply_patch: line \(min(place + 1, lines.count)) of the patch: \(what)")
    }
}

// MARK: The envelope

extension PatchText {
    private mutating func readEnvelope() throws(ToolRefusal) {
        while let line {
            place += 1
            if line.trimmed == "*** End Patch" { return }
            if let path = line.after("*** Add File: ") {
                sections.append(Section(path: path, act: .add(try added())))
            } else if let path = line.after("*** Delete File: ") {
                sections.append(Section(path: path, act: .delete))
            } else if let path = line.after("*** Update File: ") {
                let target = self.line?.after("*** Move to: ")
                if target != nil { place += 1 }
                let hunks = try hunks()
                guard !hunks.isEmpty || target != nil else { throw wrong("no change of \(path)") }
                sections.append(Section(path: path, act: .update(hunks, moveTo: target)))
            } else if !line.allSatisfy(\.isWhitespace) {
                place -= 1
                throw wrong(
                    "expected `*** Add File: PATH`, `*** Update File: PATH`, "
                        + "`*** Delete File: PATH` or `*** End Patch`")
            }
        }
        throw wrong("there is no `*** End Patch`: it may have been cut")
    }

    private mutating func added() throws(ToolRefusal) -> [Line] {
        var content: [Line] = []
        while let line, !line.hasPrefix("*** ") {
            guard line.hasPrefix("+") else {
                throw wrong("each line of a new file begins with +")
            }
            content.append(Array(line.dropFirst().utf8))
            place += 1
        }
        return content
    }

    private mutating func hunks() throws(ToolRefusal) -> [Hunk] {
        var hunks: [Hunk] = []
        while let line, !line.hasPrefix("*** ") || line.trimmed == "*** End of File" {
            var hunk = Hunk()
            while let line = self.line, line.hasPrefix("@@") {
                let anchor = line.dropFirst(2).drop { $0 == " " }
                if !anchor.allSatisfy(\.isWhitespace) { hunk.anchors.append(Array(anchor.utf8)) }
                place += 1
            }
            while let line = self.line, !line.hasPrefix("@@"), !line.hasPrefix("*** ") {
                try readPart(line, into: &hunk)
            }
            if self.line?.trimmed == "*** End of File" {
                hunk.isAtEnd = true
                place += 1
            }
            guard !hunk.parts.isEmpty else { throw wrong("a hunk without lines") }
            hunks.append(hunk)
        }
        return hunks
    }

    private mutating func readPart(_ line: Substring, into hunk: inout Hunk) throws(ToolRefusal) {
        let rest = Array(line.dropFirst().utf8)
        switch line.first {
        // A blank line of context loses its blank easily; at the end it is the text's own.
        case nil, "\r":
            if !lines[place...].allSatisfy(\.isEmpty) {
                hunk.parts.append(Part(kind: .kept, line: []))
            }
        case " ": hunk.parts.append(Part(kind: .kept, line: rest))
        case "-": hunk.parts.append(Part(kind: .removed, line: rest))
        case "+": hunk.parts.append(Part(kind: .added, line: rest))
        // `\ No newline at end of file` is about the line above it.
        case "\\":
            switch hunk.parts.last?.kind {
            case .removed: hunk.endsWithNewline = hunk.endsWithNewline ?? true
            case .added, .kept: hunk.endsWithNewline = false
            case nil: break
            }
            hunk.isAtEnd = true
        default:
            throw wrong("a line of a hunk begins with a blank, + or -")
        }
        place += 1
    }
}

// MARK: Unified diffs

extension PatchText {
    private mutating func readDiff() throws(ToolRefusal) {
        var renamed: String?
        while let line {
            if line.hasPrefix("GIT binary patch") || line.hasPrefix("Binary files ") {
                throw wrong("binary patches are not taken")
            }
            if let from = line.after("rename from ") { renamed = from }
            place += 1
            if let from = renamed, let target = line.after("rename to ") {
                sections.append(Section(path: from, act: .update([], moveTo: target)))
                renamed = nil
            }
            guard isHeader(at: place - 1) else { continue }
            let before = Self.path(lines[place - 1], "a/")
            let after = Self.path(lines[place], "b/")
            place += 1
            try readFile(before, after)
        }
        guard !sections.isEmpty else {
            place = 0
            throw wrong(
                "expected `*** Begin Patch`, or a unified diff with `--- a/PATH` and `+++ b/PATH`")
        }
    }

    /// Whether the two lines from there name a file, and are no lines of a hunk that look like it.
    private func isHeader(at place: Int) -> Bool {
        place + 1 < lines.count && lines[place].hasPrefix("--- ")
            && lines[place + 1].hasPrefix("+++ ")
    }

    private mutating func readFile(_ before: String?, _ after: String?) throws(ToolRefusal) {
        var hunks: [Hunk] = []
        while let line, line.hasPrefix("@@") {
            var hunk = Hunk()
            let numbers = line.split(separator: " ").dropFirst().first?.dropFirst()
            let number = numbers?.split(separator: ",").first.flatMap { Int($0) }
            hunk.line = number.map { min(max(0, $0), Self.lineMax) }
            place += 1
            while let line = self.line, !line.hasPrefix("@@"), !line.hasPrefix("diff "),
                !isHeader(at: place)
            {
                try readPart(line, into: &hunk)
            }
            hunks.append(hunk)
        }
        switch (before, after) {
        case (nil, nil): throw wrong("both files are /dev/null")
        case (nil, let path?):
            let lines = hunks.flatMap(\.parts).filter { $0.kind == .added }.map(\.line)
            sections.append(Section(path: path, act: .add(lines)))
        case (let path?, nil): sections.append(Section(path: path, act: .delete))
        case (let path?, let target?):
            guard !hunks.isEmpty else { throw wrong("no change of \(path)") }
            // Git says first that it was renamed, and then what changed in it.
            sections.removeAll { section in
                guard case .update(let hunks, target) = section.act else { return false }
                return section.path == path && hunks.isEmpty
            }
            sections.append(
                Section(path: path, act: .update(hunks, moveTo: path == target ? nil : target)))
        }
    }

    /// The path in a header without its prefix and time; nil for /dev/null.
    private static func path(_ header: Substring, _ prefix: String) -> String? {
        let text = header.dropFirst(4).prefix { $0 != "\t" && $0 != "\r" }
        if text == "/dev/null" { return nil }
        return String(text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : text)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = drop { $0.isWhitespace }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }

    /// What follows `mark`, without blanks around it; nil for another line.
    fileprivate func after(_ mark: String) -> String? {
        guard hasPrefix(mark) else { return nil }
        let rest = dropFirst(mark.count).trimmed
        return rest.isEmpty ? nil : String(rest)
    }
}
