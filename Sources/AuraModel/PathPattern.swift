/// An absolute path in which `*` and `?` stand for any characters of one name, and `**` as a whole
/// name for any directories.
///
/// As in a shell a name that begins with a dot is meant only by a pattern that does too; `[` is an
/// ordinary character.
package struct PathPattern: Hashable, Sendable {
    /// One name of the path.
    package enum Part: Hashable, Sendable {
        case name(String)
        case pattern(String)
        case anyDirectories

        /// Whether a name of a directory's entry fits; never for `anyDirectories`.
        package func fits(_ name: String) -> Bool {
            switch self {
            case .name(let own): own == name
            case .pattern(let text):
                (!name.hasPrefix(".") || text.hasPrefix("."))
                    && PathPattern.fits(Array(name.utf8), Array(text.utf8))
            case .anyDirectories: false
            }
        }
    }

    /// The directory, or the file, before the first part that is a pattern.
    package let prefix: String
    /// From the first pattern on; empty for a plain path.
    package let rest: [Part]

    /// The pattern that `text`, an absolute path, is.
    package init(_ text: String) {
        let parts = text.split(separator: "/").map { part -> Part in
            if part == "**" { return .anyDirectories }
            return part.contains { $0 == "*" || $0 == "?" }
                ? .pattern(String(part)) : .name(String(part))
        }
        let plain = parts.prefix { if case .name = $0 { true } else { false } }
        prefix =
            "/"
            + plain.compactMap { if case .name(let name) = $0 { name } else { nil } }
            .joined(separator: "/")
        rest = Array(parts.dropFirst(plain.count))
    }

    /// Whether `name` is what `pattern` says: linear in both but for the last star, so that no
    /// pattern makes it slow.
    static func fits(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
        var at = 0
        var next = 0
        var star: (pattern: Int, name: Int)?
        while at < name.count {
            if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
                star = (next, at)
                next += 1
            } else if next < pattern.count,
                pattern[next] == name[at] || pattern[next] == UInt8(ascii: "?")
            {
                at += 1
                next += 1
            } else if let last = star {
                // The last star takes one character more.
                star = (last.pattern, last.name + 1)
                (at, next) = (last.name + 1, last.pattern + 1)
            } else {
                return false
            }
        }
        return pattern[next...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
