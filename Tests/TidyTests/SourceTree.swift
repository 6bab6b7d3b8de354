import Glibc

/// The files of this project, as text.
enum SourceTree {
    struct File: Sendable {
        /// Relative to the project's root.
        let path: String
        let lines: [String]

        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
        /// The target's directory: `AuraModel` of `Sources/AuraModel/JSON.swift`.
        var target: String {
            let parts = path.split(separator: "/")
            return parts.count > 2 ? String(parts[1]) : ""
        }
        var isSwift: Bool { path.hasSuffix(".swift") }
    }

    struct Failure: Error { var what: String }

    /// The project's root, found from where this file was compiled.
    static var root: String {
        let own = realpath(#filePath, nil)
        defer { free(own) }
        let path = own.map { String(cString: $0) } ?? #filePath
        return path.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    }

    /// Everything that is kept; not what is built, nor git's own.
    static func all() throws -> [File] {
        let files = try read(
            "",
            skipping: { path in
                path == ".git" || path == "out" || path.hasPrefix(".build")
                    || path == "Package.resolved" || path.hasSuffix("__pycache__")
                    || ["debian/aura", "debian/.debhelper", "debian/files"].contains(path)
                    || path.hasSuffix(".substvars")
            })
        guard files.count > 100 else { throw Failure(what: "only \(files.count) files in \(root)") }
        return files
    }

    /// The files below `Sources`, or below `Tests`.
    static func below(_ directory: String) throws -> [File] {
        try all().filter { $0.path.hasPrefix(directory + "/") }
    }

    /// The Swift files below `Sources`.
    static func swiftSources() throws -> [File] { try below("Sources").filter(\.isSwift) }

    private static func read(
        _ directory: String, skipping: (String) -> Bool
    ) throws -> [File] {
        var files: [File] = []
        for name in try names(root + "/" + directory) {
            let path = directory.isEmpty ? name : directory + "/" + name
            if skipping(path) { continue }
            var status = stat()
            lstat(root + "/" + path, &status)
            switch status.st_mode & S_IFMT {
            case S_IFDIR: files += try read(path, skipping: skipping)
            case S_IFREG: files.append(File(path: path, lines: try lines(root + "/" + path)))
            default: continue
            }
        }
        return files
    }

    private static func names(_ path: String) throws -> [String] {
        guard let directory = opendir(path) else { throw Failure(what: "opendir \(path)") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func lines(_ path: String) throws -> [String] {
        guard let file = fopen(path, "r") else { throw Failure(what: "fopen \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension String {
    /// Whether `word` stands in the text with no letter, digit or underscore beside it.
    func hasWord(_ word: String) -> Bool {
        ranges(of: word).contains { range in
            let before =
                range.lowerBound == startIndex ? " " : self[index(before: range.lowerBound)]
            let after = range.upperBound == endIndex ? " " : self[range.upperBound]
            return ![before, after].contains { $0.isLetter || $0.isNumber || $0 == "_" }
        }
    }

    /// The text without white space at both ends.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
