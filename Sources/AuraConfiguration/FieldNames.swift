import AuraModel

/// Names and paths that a field can hold. Each verb returns nil, and reports why, when it holds
/// another.
extension Field {
    /// 4,095: Linux's PATH_MAX without its NUL.
    static let pathBytesMax = 4_095

    /// An absolute path without `..`, made shortest: no `.`, no doubled and no last slash.
    func absolutePath(max bytesMax: Int = pathBytesMax, _ report: inout Report) -> String? {
        let expected = "an absolute path without `..`, at most \(bytesMax) bytes"
        guard
            let text = text(
                expected: expected, &report,
                {
                    $0.hasPrefix("/") && $0.utf8.count <= bytesMax && Self.isPathText($0)
                })
        else { return nil }
        let parts = Self.pathParts(text)
        guard !parts.isEmpty else {
            refuse(&report, expected: "a path below `/`")
            return nil
        }
        return "/" + parts.joined(separator: "/")
    }

    /// A path below some directory: relative, without `..` and not inside `.git`, made shortest.
    func relativePath(_ report: inout Report) -> String? {
        let expected = "a path inside the repository, without `..` and not in `.git`"
        let path = text(expected: expected, &report) {
            let parts = Self.pathParts($0)
            return !$0.hasPrefix("/") && $0.utf8.count <= Self.pathBytesMax && Self.isPathText($0)
                && !parts.isEmpty && !parts.contains { $0.lowercased() == ".git" }
        }
        return path.map { Self.pathParts($0).joined(separator: "/") }
    }

    /// A path of a file: absolute, or relative to the directory of the file that names it.
    func filePath(_ report: inout Report) -> String? {
        let expected = "a path without `..`"
        let path = text(expected: expected, &report) {
            $0.utf8.count <= Self.pathBytesMax && Self.isPathText($0)
                && !Self.pathParts($0).isEmpty
        }
        guard let path else { return nil }
        let shortest = Self.pathParts(path).joined(separator: "/")
        if path.hasPrefix("/") { return "/" + shortest }
        guard let slash = report.file.lastIndex(of: "/") else { return shortest }
        return report.file[...slash] + shortest
    }

    /// No `..`, and nothing that would need quoting in a message or a mount table.
    private static func isPathText(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
            && !text.split(separator: "/").contains("..")
    }

    private static func pathParts(_ text: String) -> [Substring] {
        text.split(separator: "/").filter { $0 != "." }
    }

    /// A name of the house's form: of an automaton, or of a reasoner.
    func name(_ report: inout Report) -> AutomatonName? {
        text(expected: AutomatonName.expectation, &report) { AutomatonName($0) != nil }
            .flatMap { AutomatonName($0) }
    }

    /// A branch's short name, as git-check-ref-format(1) allows it.
    func branch(_ report: inout Report) -> String? {
        text(
            expected: "a branch name such as `main`", hint: "see git-check-ref-format(1)", &report,
            Self.isBranch)
    }

    /// 200 bytes: with `.lock` after it, it still is one component of a path.
    private static let branchBytesMax = 200

    private static func isBranch(_ text: String) -> Bool {
        guard (1...branchBytesMax).contains(text.utf8.count), text != "@", text != "HEAD",
            !text.hasPrefix("-"), !text.hasSuffix("."), !text.contains(".."), !text.contains("@{"),
            text.unicodeScalars.allSatisfy({
                $0.value > 0x20 && $0.value != 0x7f && !"~^:?*[\\".unicodeScalars.contains($0)
            })
        else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock")
        }
    }

    /// The form of an IANA zone's name; whether the system has such a zone is not known here.
    func zone(_ report: inout Report) -> String? {
        text(
            expected: "a zone such as `Europe/Berlin` or `UTC`",
            hint: "`timedatectl list-timezones` lists the names", &report, Self.isZone)
    }

    /// 64 bytes: the longest name in the zone database has 32.
    private static let zoneBytesMax = 64

    private static func isZone(_ text: String) -> Bool {
        guard (1...zoneBytesMax).contains(text.utf8.count) else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.utf8.first, Self.isLetter(first) else { return false }
            return part.utf8.allSatisfy {
                Self.isLetter($0) || Self.isDigit($0) || "_+-".utf8.contains($0)
            }
        }
    }

    /// A system user's or group's name: useradd(8)'s form.
    func account(_ report: inout Report) -> String? {
        text(expected: "a user's or group's name, see useradd(8)", &report) {
            guard let first = $0.utf8.first, $0.utf8.count <= Self.accountBytesMax else {
                return false
            }
            return (Self.isLower(first) || first == UInt8(ascii: "_"))
                && $0.utf8.allSatisfy {
                    Self.isLower($0) || Self.isDigit($0) || "_-".utf8.contains($0)
                }
        }
    }

    /// 32: useradd(8)'s bound.
    private static let accountBytesMax = 32

    /// A systemd credential's name, which is a file name too.
    func credential(_ report: inout Report) -> String? {
        text(expected: "a credential's name: letters, digits, `.`, `_`, `-`", &report) {
            (1...Self.credentialBytesMax).contains($0.utf8.count) && !$0.hasPrefix(".")
                && $0.utf8.allSatisfy {
                    Self.isLetter($0) || Self.isDigit($0) || "._-".utf8.contains($0)
                }
        }
    }

    /// 255: Linux's NAME_MAX, which bounds systemd's credential names too.
    private static let credentialBytesMax = 255

    /// Where a provider answers: https, or http on this host only, so that no key travels in the
    /// clear.
    func baseURL(_ report: inout Report) -> String? {
        let url = text(
            expected: "a URL that begins with `https://`, or `http://` and a loopback address",
            hint: "the key is sent there, so it has to be encrypted on its way", &report, Self.isURL
        )
        guard var url else { return nil }
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// 2,048: what every proxy on the way accepts.
    private static let urlBytesMax = 2_048

    private static func isURL(_ text: String) -> Bool {
        let loopback = ["127.0.0.1", "localhost", "[::1]"]
        guard text.utf8.count <= urlBytesMax,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"?#@\\\"<>".utf8.contains($0) })
        else { return false }
        if text.hasPrefix("https://") {
            return text.utf8.dropFirst(8).first.map { $0 != UInt8(ascii: "/") } ?? false
        }
        guard text.hasPrefix("http://") else { return false }
        let authority = text.dropFirst(7).prefix { $0 != "/" }
        return loopback.contains { host in
            guard authority.hasPrefix(host) else { return false }
            let rest = authority.dropFirst(host.count)
            return rest.isEmpty
                || (rest.hasPrefix(":") && rest.count > 1
                    && rest.dropFirst().utf8.allSatisfy(Self.isDigit))
        }
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { isLower(byte | 0x20) }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
