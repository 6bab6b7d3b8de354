package import AuraSystem
import Glibc

/// The one directory that the tools can reach.
///
/// Every path is walked component by component from a descriptor of the root, each opened without
/// following links. Symbolic links are followed by this walk itself, and only while they lead to
/// places inside: whatever is renamed or replaced meanwhile, no open ever leaves the tree.
package struct Workspace: Sendable {
    /// 40: as many links as the kernel follows in one path, see path_resolution(7).
    static let linksMax = 40

    /// 4096: PATH_MAX of the kernel; also bounds the walk.
    static let pathBytesMax = 4096

    private let root: OpenDirectory
    /// Absolute, as the model may write it in front of a path.
    private let rootPath: String

    /// The workspace at the absolute path `root`; throws `SystemError` when it cannot be opened.
    package init(root: String) throws(SystemError) {
        self.root = OpenDirectory(try FileSystem.openDirectory(root))
        var path = root
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        rootPath = path
    }

    /// Where a path leads: a name in an open directory, which was no symbolic link when it was
    /// looked at.
    struct Place {
        var directory: OpenDirectory
        /// `.` for the directory itself.
        var name: String
        /// From the root, without links, `.` and `..`; empty for the root.
        var path: String
        /// Directories on the way that do not exist; then neither does the file.
        var missing: [String] = []

        /// Whether the place is git's: nothing there is written by a tool.
        var isGit: Bool { path.split(separator: "/").contains(".git") }

        var shown: String { path.isEmpty ? "." : path }
    }

    /// Where `path` leads.
    ///
    /// Refuses, as denied, what leads outside.
    func place(_ path: String) throws(ToolRefusal) -> Place {
        guard path.utf8.count <= Self.pathBytesMax, !path.utf8.contains(0) else {
            throw .failed("the path is longer than \(Self.pathBytesMax) bytes, or has a NUL in it")
        }
        var walk = Walk(root: root, rootPath: rootPath, shown: path)
        return try walk.run()
    }
}

/// A directory that is open, closed with its last user.
final class OpenDirectory: Sendable {
    private let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// Valid while this object lives.
    var raw: Int32 { descriptor.raw }

    /// The directory `name` in this one, which must not be a link; nil with errno set.
    func child(_ name: String) -> OpenDirectory? {
        let raw = openat(descriptor.raw, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        return raw < 0 ? nil : OpenDirectory(OwnedDescriptor(adopting: raw))
    }
}

/// One resolution of a path.
private struct Walk {
    let root: OpenDirectory
    let rootPath: String
    /// The path as the model wrote it, for messages.
    let shown: String
    private var stack: [(name: String, directory: OpenDirectory)] = []
    /// Components still to be walked, the next one last.
    private var pending: [String] = []
    private var links = 0

    init(root: OpenDirectory, rootPath: String, shown: String) {
        self.root = root
        self.rootPath = rootPath
        self.shown = shown
    }

    private var top: OpenDirectory { stack.last?.directory ?? root }

    private func path(_ rest: [String]) -> String {
        (stack.map(\.name) + rest).joined(separator: "/")
    }

    private var outside: ToolRefusal {
        .denied(
            "\(shown) leads outside the workspace; only what is under \(rootPath) can be reached")
    }

    mutating func run() throws(ToolRefusal) -> Workspace.Place {
        try push(shown)
        while let component = pending.popLast() {
            if component == ".." {
                guard stack.popLast() != nil else { throw outside }
            } else if let target = try link(component) {
                links += 1
                guard links <= Workspace.linksMax else { throw .system(ELOOP, shown) }
                try push(target)
            } else if pending.isEmpty {
                return Workspace.Place(
                    directory: top, name: component, path: path([component]))
            } else if let child = top.child(component) {
                stack.append((component, child))
            } else if errno == ENOENT {
                return try missing(from: component)
            } else {
                throw .system(errno, shown)
            }
        }
        return Workspace.Place(directory: top, name: ".", path: path([]))
    }

    /// Puts a path's components in front of what is still to be walked.
    private mutating func push(_ path: String) throws(ToolRefusal) {
        var rest = Substring(path)
        if path.utf8.first == UInt8(ascii: "/") {
            let isInside = path == rootPath || path.hasPrefix(rootPath + "/")
            guard isInside else { throw outside }
            rest = path.dropFirst(rootPath.count)
            stack = []
        }
        pending += rest.split(separator: "/").filter { $0 != "." }.map(String.init).reversed()
    }

    /// The target of `name` when it is a symbolic link.
    private func link(_ name: String) throws(ToolRefusal) -> String? {
        var buffer = [CChar](repeating: 0, count: Workspace.pathBytesMax)
        let count = readlinkat(top.raw, name, &buffer, buffer.count)
        if count >= 0 {
            return String(
                decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        let code = errno
        if code == EINVAL || code == ENOENT { return nil }
        throw .system(code, shown)
    }

    /// The rest of the path does not exist; it must at least be plain.
    private func missing(from component: String) throws(ToolRefusal) -> Workspace.Place {
        let rest = [component] + pending.reversed()
        guard !rest.contains(".."), let name = rest.last else { throw .system(ENOENT, shown) }
        return Workspace.Place(
            directory: top, name: name, path: path(rest), missing: Array(rest.dropLast()))
    }
}
