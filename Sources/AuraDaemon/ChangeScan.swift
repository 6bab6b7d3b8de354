import AuraModel
import AuraSystem
import Crypto
import Glibc

/// What is watched, as it is now: for each path its kind, size and time of change.
///
/// A directory stands for all that is below it, but for what is called `.git`. Links are not
/// followed but where one is named itself.
struct ChangeScan {
    /// How a file was; of a directory only that it is one.
    struct Stamp: Hashable {
        var kind: UInt32
        var size = 0
        var seconds = 0
        var nanoseconds = 0
    }

    private(set) var files: [String: Stamp] = [:]
    /// Where something can happen that changes the result.
    private(set) var directories: Set<String> = []
    /// Why the result is not the whole truth; nil when it is.
    private(set) var problem: String?
    private var visits = 0

    /// 10,000 files of one automaton: to look at them takes some 20 ms of the turn loop.
    static let filesMax = 10_000
    /// 1000 directories of one automaton: the kernel keeps a kilobyte for each.
    static let directoriesMax = 1000
    /// 50,000 names: a pattern may look at more than it matches.
    private static let visitsMax = 50_000
    /// 64: deeper trees are loops of mounts.
    private static let depthMax = 64

    /// Looks at everything that `paths` name.
    init(paths: [String]) {
        for path in paths {
            let pattern = PathPattern(path)
            if pattern.rest.isEmpty {
                if !watch(Self.parent(of: pattern.prefix)) { watchAncestor(of: pattern.prefix) }
                take(pattern.prefix, isFollowed: true, depth: 0)
            } else if Self.stamp(of: pattern.prefix, isFollowed: true)?.isDirectory == true {
                expand(pattern.prefix, pattern.rest[...], depth: 0)
            } else {
                watchAncestor(of: pattern.prefix)
            }
        }
    }

    /// Stands for the whole result: SHA-256, in hex.
    var mark: String {
        var hash = SHA256()
        for (path, stamp) in files.sorted(by: { $0.key < $1.key }) {
            let line =
                "\(path)\0\(stamp.kind) \(stamp.size) \(stamp.seconds) \(stamp.nanoseconds)\n"
            hash.update(data: Array(line.utf8))
        }
        return hash.finalize().map { String(byte: $0) }.joined()
    }

    /// What is different from an earlier result, in a few words.
    func difference(from old: [String: Stamp]) -> String {
        let paths = Set(files.keys).union(old.keys).filter { files[$0] != old[$0] }.sorted()
        guard let first = paths.first else { return "something changed" }
        let verb = old[first] == nil ? "appeared" : files[first] == nil ? "went" : "changed"
        let shown = SafeText.brief(first)
        guard paths.count > 1 else { return "\(shown) \(verb)" }
        return "\(paths.count) paths changed, the first is \(shown)"
    }

    // MARK: Walking

    private mutating func expand(
        _ directory: String, _ rest: ArraySlice<PathPattern.Part>, depth: Int
    ) {
        guard let part = rest.first, depth < Self.depthMax, watch(directory) else { return }
        let further = rest.dropFirst()
        if part == .anyDirectories {
            // None of them, before any of them.
            if further.isEmpty {
                return take(directory, isFollowed: true, depth: depth)
            }
            expand(directory, further, depth: depth)
        }
        for name in names(in: directory) {
            let path = Self.joined(directory, name)
            if part == .anyDirectories {
                guard !name.hasPrefix("."), isDirectory(path) else { continue }
                expand(path, rest, depth: depth + 1)
            } else if part.fits(name) {
                if further.isEmpty {
                    take(path, isFollowed: false, depth: depth + 1)
                } else if isDirectory(path) {
                    expand(path, further, depth: depth + 1)
                }
            }
        }
    }

    /// A file, or a directory with all that is below it.
    private mutating func take(_ path: String, isFollowed: Bool, depth: Int) {
        guard let stamp = Self.stamp(of: path, isFollowed: isFollowed) else { return }
        guard files.count < Self.filesMax else {
            problem = "more than \(Self.filesMax) files; the others are not watched"
            return
        }
        files[path] = stamp
        guard stamp.isDirectory, depth < Self.depthMax, watch(path) else { return }
        for name in names(in: path) where name != ".git" {
            take(Self.joined(path, name), isFollowed: false, depth: depth + 1)
        }
    }

    /// Whether there is such a directory.
    @discardableResult
    private mutating func watch(_ directory: String) -> Bool {
        guard !directories.contains(directory) else { return true }
        guard Self.stamp(of: directory, isFollowed: true)?.isDirectory == true else { return false }
        guard directories.count < Self.directoriesMax else {
            problem = "more than \(Self.directoriesMax) directories; the others are looked at late"
            return true
        }
        directories.insert(directory)
        return true
    }

    /// Something that is not there yet begins in the nearest directory that is.
    private mutating func watchAncestor(of path: String) {
        var path = Self.parent(of: path)
        while !watch(path), path != "/" { path = Self.parent(of: path) }
    }

    private mutating func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else {
            problem =
                "\(SafeText.brief(directory)) cannot be read: \(String(cString: strerror(errno)))"
            return []
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            visits += 1
            guard visits <= Self.visitsMax else {
                problem = "more than \(Self.visitsMax) names; the others are not watched"
                break
            }
            names.append(name)
        }
        // The bounds cut the same ones off every time.
        return names.sorted()
    }

    private func isDirectory(_ path: String) -> Bool {
        Self.stamp(of: path, isFollowed: false)?.isDirectory == true
    }

    private static func stamp(of path: String, isFollowed: Bool) -> Stamp? {
        var status = stat()
        guard (isFollowed ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        let kind = UInt32(status.st_mode) & UInt32(S_IFMT)
        guard kind != UInt32(S_IFDIR) else { return Stamp(kind: kind) }
        return Stamp(
            kind: kind, size: Int(status.st_size), seconds: Int(status.st_mtim.tv_sec),
            nanoseconds: Int(status.st_mtim.tv_nsec))
    }

    private static func joined(_ directory: String, _ name: String) -> String {
        directory == "/" ? "/\(name)" : "\(directory)/\(name)"
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}

extension ChangeScan.Stamp {
    var isDirectory: Bool { kind == UInt32(S_IFDIR) }
}

/// A branch of a repository as its files say, see gitrepository-layout(5).
struct BranchScan {
    /// The commit; nil when there is no such branch.
    private(set) var commit: String?
    private(set) var directories: Set<String> = []
    /// Why the branch cannot be read; nil when it can.
    private(set) var problem: String?

    /// 64 MiB of packed references: a million of them.
    private static let packedBytesMax = 64 << 20
    private static let looseBytesMax = 1024

    /// Looks at `branch` of the repository at `path`, bare or with a work tree.
    init(_ branch: String, repository path: String) {
        guard let common = Self.directory(of: path) else {
            problem = "\(SafeText.brief(path)) is no git repository that can be read"
            return
        }
        let reference = "refs/heads/\(branch)"
        directories.insert(common)
        var directory = common
        for part in reference.split(separator: "/").dropLast() {
            directory += "/\(part)"
            if Self.isDirectory(directory) { directories.insert(directory) }
        }
        if Self.isDirectory(common + "/reftable") {
            problem =
                "\(SafeText.brief(path)) keeps its references in a reftable, which is not read"
        }
        commit =
            Self.text(of: "\(common)/\(reference)", bytesMax: Self.looseBytesMax)
            .flatMap { $0.split(separator: "\n").first.map(String.init) }
            ?? packed(reference, in: common)
    }

    /// Stands for the commit, or for there being none.
    var mark: String { commit ?? "none" }

    private func packed(_ reference: String, in common: String) -> String? {
        let text = Self.text(of: common + "/packed-refs", bytesMax: Self.packedBytesMax)
        let line = text?.split(separator: "\n").first { $0.hasSuffix(" " + reference) }
        return line?.split(separator: " ").first.map(String.init)
    }

    /// Where the references are: the repository itself, its `.git`, or where a work tree's file of
    /// that name leads.
    private static func directory(of path: String) -> String? {
        var directory = path
        if isDirectory(path + "/.git") {
            directory = path + "/.git"
        } else if let link = text(of: path + "/.git", bytesMax: looseBytesMax) {
            guard link.hasPrefix("gitdir: ") else { return nil }
            let target = String(link.dropFirst(8).prefix { $0 != "\n" })
            directory = target.hasPrefix("/") ? target : "\(path)/\(target)"
        }
        if let common = text(of: directory + "/commondir", bytesMax: looseBytesMax) {
            let target = String(common.prefix { $0 != "\n" })
            directory = target.hasPrefix("/") ? target : "\(directory)/\(target)"
        }
        return isDirectory(directory + "/refs") ? directory : nil
    }

    private static func text(of path: String, bytesMax: Int) -> String? {
        (try? FileSystem.readFile(path, bytesMax: bytesMax)).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
            && UInt32(status.st_mode) & UInt32(S_IFMT) == UInt32(S_IFDIR)
    }
}
