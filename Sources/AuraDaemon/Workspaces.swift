import AuraModel
import AuraSystem
import Glibc

/// Where runs work on disk: one directory a top-level run, shared with its children.
///
/// `tree` is the agent's clone, `check` a fresh tree for verify, `store` the objects that only
/// steps write, `in` what the daemon hands to a step. A directory without a live run is removed at
/// start.
struct Workspaces: Sendable {
    let root: String

    /// The rooms of a run's directory.
    enum Room: String, CaseIterable {
        case tree
        case check
        case store
        case input = "in"
    }

    /// The workspaces below the state directory.
    ///
    /// - Throws: `SystemError` when the directory cannot be made.
    init(stateDirectory: String) throws(SystemError) {
        root = stateDirectory + "/workspaces"
        try Self.makeDirectory(root)
    }

    /// The path of one room; it need not exist.
    ///
    /// `lane` tells the trees of tasks that are worked on at the same time apart.
    func path(_ run: RunID, _ room: Room, lane: String? = nil) -> String {
        "\(root)/\(run)/\(room.rawValue)" + (lane.map { "-\($0)" } ?? "")
    }

    /// Makes the room if it is not there.
    ///
    /// - Throws: `SystemError` when it cannot be made, or `lane` is no part of a name.
    func ensure(_ run: RunID, _ room: Room, lane: String? = nil) throws(SystemError) {
        try Self.check(lane)
        try Self.makeDirectory("\(root)/\(run)")
        try Self.makeDirectory(path(run, room, lane: lane))
    }

    /// Makes the room anew and empty.
    ///
    /// - Throws: `SystemError` when it cannot be made, or `lane` is no part of a name.
    func renew(_ run: RunID, _ room: Room, lane: String? = nil) throws(SystemError) {
        try Self.check(lane)
        try Self.makeDirectory("\(root)/\(run)")
        // The cage of the run's own worker has the tree bound while a step prepares it: the directory
        // itself has to stay, or the worker would go on in one that is gone.
        guard room != .tree else { return try empty(path(run, room, lane: lane)) }
        try discard(path: path(run, room, lane: lane))
        try Self.makeDirectory(path(run, room, lane: lane))
    }

    /// A lane comes from the worker.
    private static func check(_ lane: String?) throws(SystemError) {
        guard let lane else { return }
        guard !lane.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }),
            lane.utf8.count < 200
        else { throw SystemError("lane", code: EINVAL, subject: lane) }
    }

    /// Takes everything out of a directory, made if need be, as `discard` takes a whole one away.
    private func empty(_ path: String) throws(SystemError) {
        try Self.makeDirectory(path)
        // An agent may have closed it, or what is in it; only the latter may be a link.
        chmod(path, 0o700)
        let names = try Self.names(in: path)
        guard !names.isEmpty else { return }
        let aside = "\(root)/.removed-\(String(try Entropy.word(), radix: 16))"
        try Self.makeDirectory(aside)
        for name in names {
            let (from, to) = ("\(path)/\(name)", "\(aside)/\(name)")
            guard rename(from, to) != 0 else { continue }
            guard errno == EACCES, fchmodat(AT_FDCWD, from, 0o700, AT_SYMLINK_NOFOLLOW) == 0,
                rename(from, to) == 0
            else { throw SystemError("rename", code: errno, subject: from) }
        }
        _ = DetachedThread.start { try? FileSystem.removeTree(aside) }
    }

    private static func names(in path: String) throws(SystemError) -> [String] {
        guard let directory = opendir(path) else {
            throw SystemError("opendir", code: errno, subject: path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Writes the files that a step finds under `/in`, into a fresh room.
    func provide(_ files: [OverlayFile], message: String, for run: RunID) throws(SystemError) {
        try renew(run, .input)
        let input = path(run, .input)
        try Self.write(message, to: input + "/message")
        try Self.makeDirectory(input + "/overlay")
        for file in files {
            // The path should be the definition's own `tasks`, but it comes from the worker.
            let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.allSatisfy({ !["", ".", ".."].contains($0) && !$0.utf8.contains(0) }) else {
                throw SystemError("overlay", code: EINVAL, subject: file.path)
            }
            var directory = input + "/overlay"
            for part in parts.dropLast() {
                directory += "/" + part
                try Self.makeDirectory(directory)
            }
            try Self.write(file.content, to: "\(input)/overlay/\(file.path)")
        }
    }

    /// Removes what a run had.
    ///
    /// What cannot be removed now is removed at the next start.
    func discard(_ run: RunID) { try? discard(path: "\(root)/\(run)") }

    /// Takes the name away at once, and the files behind the turn loop's back: a build leaves
    /// hundreds of thousands, and nobody may wait for them.
    private func discard(path: String) throws(SystemError) {
        let aside = "\(root)/.removed-\(String(try Entropy.word(), radix: 16))"
        var status = rename(path, aside)
        if status != 0, errno == EACCES {
            // An agent may have closed its tree, and moving a directory writes its "..". The name itself
            // is out of the agent's reach, so this cannot be a link.
            chmod(path, 0o700)
            status = rename(path, aside)
        }
        guard status == 0 else {
            guard errno == ENOENT else {
                throw SystemError("rename", code: errno, subject: path)
            }
            return
        }
        _ = DetachedThread.start { try? FileSystem.removeTree(aside) }
    }

    /// Removes every directory whose run is not among `live`.
    func reap(keeping live: Set<RunID>) throws(SystemError) {
        for name in try Self.names(in: root)
        where RunID(name).map({ !live.contains($0) }) ?? true {
            try discard(path: "\(root)/\(name)")
        }
    }

    private static func makeDirectory(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw SystemError("mkdir", code: errno, subject: path)
    }

    private static func write(_ text: String, to path: String) throws(SystemError) {
        try FileSystem.writeAtomically(Array(text.utf8), to: path)
    }
}
