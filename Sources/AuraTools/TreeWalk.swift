import AuraSystem
import Glibc

/// Reads directories below a place, in the order of their names, never through a symbolic link.
struct TreeWalk {
    /// 10,000 names of one directory: more are not a source tree.
    static let namesMax = 10_000

    /// 64: deeper trees are loops of mounts or made to harm.
    static let depthMax = 64

    struct Item {
        var path: String
        var name: String
        var directory: OpenDirectory
        var kind: Kind

        var place: Workspace.Place {
            Workspace.Place(directory: directory, name: name, path: path)
        }
    }

    enum Kind { case file, directory, link, other }

    /// What a walk did not show.
    struct Rest {
        /// Directories of which not every name was seen.
        var partial: [String] = []
        /// Items that a .gitignore leaves out, each with all that is in it.
        var ignoredCount = 0
    }

    /// Calls `visit` for each item below `place`, a directory before what is in it, until it
    /// returns false.
    ///
    /// Leaves out `.git` and what the tree's .gitignore files leave out, unless `place` itself is
    /// in such a directory: who names it wants to see it.
    static func visit(
        _ place: Workspace.Place, in workspace: Workspace, depth: Int,
        _ visit: (Item) throws(ToolRefusal) -> Bool
    ) throws(ToolRefusal) -> Rest {
        guard place.missing.isEmpty else { throw .system(ENOENT, place.shown) }
        let directory =
            place.name == "." ? place.directory : place.directory.child(place.name)
        guard let directory else { throw .system(errno, place.shown) }
        var rest = Rest()
        let above = IgnoreRules(above: place, in: workspace)
        let rules = place.path.isEmpty ? above : above.adding(directory, at: place.path)
        // Directories still to be gone into, the next one last, each with the rules it is under.
        var items = try children(directory, place.path, depth: 1, &rest.partial)
            .map { ($0, $1, rules) }
        while let (item, level, rules) = items.popLast() {
            if rules.leavesOut(item.path, isDirectory: item.kind == .directory) {
                rest.ignoredCount += 1
                continue
            }
            guard try visit(item) else { break }
            guard item.kind == .directory, level < min(depth, depthMax),
                let child = item.directory.child(item.name)
            else { continue }
            let inner = rules.adding(child, at: item.path)
            items += try children(child, item.path, depth: level + 1, &rest.partial)
                .map { ($0, $1, inner) }
        }
        return rest
    }

    /// What is in a directory, last name first.
    private static func children(
        _ directory: OpenDirectory, _ path: String, depth: Int, _ cut: inout [String]
    ) throws(ToolRefusal) -> [(Item, Int)] {
        let names = try names(directory, path)
        if names.count > namesMax { cut.append(path.isEmpty ? "." : path) }
        return names.prefix(namesMax).sorted(by: >).map { name in
            let item = Item(
                path: path.isEmpty ? name : path + "/" + name, name: name, directory: directory,
                kind: kind(directory, name))
            return (item, depth)
        }
    }

    private static func kind(_ directory: OpenDirectory, _ name: String) -> Kind {
        var status = stat()
        guard fstatat(directory.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return .other }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFLNK: return .link
        default: return .other
        }
    }

    /// The names in a directory, one more than `namesMax` at most, in no order.
    private static func names(
        _ directory: OpenDirectory, _ path: String
    ) throws(ToolRefusal) -> [String] {
        // A description of its own: the position of a duplicate would be shared.
        let raw = openat(directory.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw .system(errno, path) }
        guard let stream = fdopendir(raw) else {
            let code = errno
            close(raw)
            throw .system(code, path)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count <= namesMax, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != "..", name != ".git" { names.append(name) }
        }
        return names
    }
}
