import AuraConfinement
import AuraModel
import Glibc

/// What the cage of a definition's commands would find at a path, told from the host, without one.
///
/// The host's `/usr` and `/etc/alternatives`, and what `capabilities.read` names; each link on the
/// way leads on inside. What stands in the workspace is not known before there is one.
struct CageSight {
    /// What a path leads to.
    enum Find: Hashable {
        case program, noProgram, absent
        /// The host has a file there, and the cage does not.
        case unseen
        /// It is the cage's own, or in a workspace that is not there yet.
        case unknown
    }

    /// Where the cage has something of the host's: the longest of them that fits is meant.
    private let binds: [(target: String, source: String)]

    /// What the cage makes itself, or has of the run.
    private static let own: Set = ["dev", "etc", "proc", "ws"]
    /// 40 links on the way: as many as Linux follows, path_resolution(7).
    private static let linksMax = 40
    private static let linkBytesMax = 4_096

    /// The cage of a command of `definition`.
    init(_ definition: Definition) {
        let system = ["/usr", "/etc/alternatives"].map { (target: $0, source: $0) }
        // Debian's merged /usr: aura-cage makes these links itself.
        let merged = ["/bin", "/sbin", "/lib", "/lib64"].map { (target: $0, source: "/usr" + $0) }
        let granted = definition.capabilities.read.map {
            (target: $0, source: CagePlan.canonicalPath($0) ?? $0)
        }
        binds = (system + merged + granted).sorted { $0.target.utf8.count > $1.target.utf8.count }
    }

    /// What `path`, absolute, leads to inside.
    func find(_ path: String) -> Find {
        var left = path.split(separator: "/").map(String.init)
        var seen: [String] = []
        var links = 0
        while !left.isEmpty {
            let name = left.removeFirst()
            if name == "." { continue }
            if name == ".." {
                seen = seen.dropLast()
                continue
            }
            seen.append(name)
            let inside = "/" + seen.joined(separator: "/")
            guard let outside = source(of: inside) else {
                // On the way to what is bound there are only directories.
                if binds.contains(where: { $0.target.hasPrefix(inside + "/") }) { continue }
                if Self.own.contains(seen[0]) { return .unknown }
                return Self.look(path) == .absent ? .absent : .unseen
            }
            guard let link = Self.link(outside) else { continue }
            links += 1
            guard links <= Self.linksMax else { return .absent }
            if link.hasPrefix("/") { seen = [] } else { seen.removeLast() }
            left = link.split(separator: "/").map(String.init) + left
        }
        return source(of: "/" + seen.joined(separator: "/")).map(Self.look) ?? .absent
    }

    /// Where a word of a command line is found: itself, or in the directories of the search path.
    ///
    /// Of several the first that is a program, as execvp(3) has it.
    func search(_ word: String, in searchPath: String) -> (path: String, find: Find) {
        if word.hasPrefix("/") { return (word, find(word)) }
        if word.utf8.contains(UInt8(ascii: "/")) { return (word, .unknown) }
        let paths = searchPath.split(separator: ":").map { "\($0)/\(word)" }
        let found = paths.lazy.map { ($0, find($0)) }
        return found.first { $0.1 == .program } ?? found.first { $0.1 == .noProgram }
            ?? (word, .absent)
    }

    /// The program that the first line of the script at `path` names; nil of what is none.
    func interpreter(of path: String) -> String? {
        guard let handle = fopen(CagePlan.canonicalPath(path) ?? path, "re") else { return nil }
        defer { fclose(handle) }
        // 256 bytes: the kernel reads no more of the line, execve(2).
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = fread(&bytes, 1, bytes.count, handle)
        guard bytes.prefix(count).starts(with: "#!".utf8) else { return nil }
        let line = bytes.prefix(count).dropFirst(2).prefix { $0 != 10 }
        let words = String(decoding: line, as: UTF8.self).split { $0 == " " || $0 == "\t" }
        return words.first.map(String.init).flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    private func source(of inside: String) -> String? {
        for bind in binds {
            if inside == bind.target { return bind.source }
            if inside.hasPrefix(bind.target + "/") {
                return bind.source + inside.dropFirst(bind.target.count)
            }
        }
        return nil
    }

    private static func link(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: linkBytesMax)
        let count = readlink(path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func look(_ path: String) -> Find {
        var status = stat()
        guard stat(path, &status) == 0 else { return .absent }
        guard status.st_mode & S_IFMT == S_IFREG else { return .absent }
        return access(path, X_OK) == 0 ? .program : .noProgram
    }
}
