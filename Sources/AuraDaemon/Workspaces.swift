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
    func path(_ run: RunID, _ room: Room) -> String { "\(root)/\(run)/\(room.rawValue)" }

    /// Makes the room if it is not there.
    func ensure(_ run: RunID, _ room: Room) throws(SystemError) {
        try Self.makeDirectory("\(root)/\(run)")
        try Self.makeDirectory(path(run, room))
    }

    /// Makes the room anew and empty.
    func renew(_ run: RunID, _ room: Room) throws(SystemError) {
        try Self.makeDirectory("\(root)/\(run)")
        try discard(path: path(run, room))
        try Self.makeDirectory(path(run, room))
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
        Task.detached { try? FileSystem.removeTree(aside) }
    }

    /// Removes every directory whose run is not among `live`.
    func reap(keeping live: Set<RunID>) throws(SystemError) {
        guard let directory = opendir(root) else {
            throw SystemError("opendir", code: errno, subject: root)
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != "..", RunID(name).map({ !live.contains($0) }) ?? true
            else { continue }
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
