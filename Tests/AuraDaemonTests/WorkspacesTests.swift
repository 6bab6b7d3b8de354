import AuraModel
import AuraSystem
import Glibc
import Testing

@testable import AuraDaemon

@Suite struct WorkspacesTests {
    private static func run(_ sequence: Int) -> RunID {
        RunID(at: Instant(milliseconds: 1_700_000_000_000), sequence: sequence)
    }

    /// Waits for the background to empty the directory of what was taken away.
    private func removedIsGone(_ root: String) async throws -> Bool {
        for _ in 0..<2_000 {
            if !Scratch.names(root).contains(where: { $0.hasPrefix(".removed") }) { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    @Test("reaping keeps the directories of live runs and removes every other name")
    func reap() async throws {
        let directory = try Scratch.makeDirectory("rooms")
        defer { try? FileSystem.removeTree(directory) }
        let workspaces = try Workspaces(stateDirectory: directory)
        let live = Self.run(1)
        let over = Self.run(2)
        for run in [live, over] {
            for room in Workspaces.Room.allCases { try workspaces.ensure(run, room) }
            try FileSystem.writeAtomically([1], to: workspaces.path(run, .tree) + "/file")
        }
        mkdir(workspaces.root + "/.removed-1", 0o700)
        mkdir(workspaces.root + "/.removed-1/rest", 0o700)
        mkdir(workspaces.root + "/stranger", 0o700)
        try workspaces.reap(keeping: [live])
        #expect(try await removedIsGone(workspaces.root))
        #expect(Scratch.names(workspaces.root) == [live.text])
        #expect(Scratch.names(workspaces.path(live, .tree)) == ["file"])

        workspaces.discard(live)
        workspaces.discard(live)
        #expect(try await removedIsGone(workspaces.root))
        #expect(Scratch.names(workspaces.root) == [])
    }

    @Test("a tree is emptied in its place: the worker of its run has it bound")
    func place() async throws {
        let directory = try Scratch.makeDirectory("rooms")
        defer { try? FileSystem.removeTree(directory) }
        let workspaces = try Workspaces(stateDirectory: directory)
        let run = Self.run(1)
        try workspaces.renew(run, .tree)
        var (before, after) = (stat(), stat())
        stat(workspaces.path(run, .tree), &before)
        mkdir(workspaces.path(run, .tree) + "/a", 0o000)
        try workspaces.renew(run, .tree)
        stat(workspaces.path(run, .tree), &after)
        #expect(before.st_ino == after.st_ino)
        #expect(Scratch.names(workspaces.path(run, .tree)) == [])
        #expect(try await removedIsGone(workspaces.root))
    }

    @Test("a room is made anew over a tree that forbids everything, and nothing is left of it")
    func renew() async throws {
        let directory = try Scratch.makeDirectory("rooms")
        defer { try? FileSystem.removeTree(directory) }
        let workspaces = try Workspaces(stateDirectory: directory)
        let run = Self.run(1)
        try workspaces.ensure(run, .tree)
        let tree = workspaces.path(run, .tree)
        for path in [tree + "/a", tree + "/a/b", tree + "/a/b/c"] { mkdir(path, 0o700) }
        symlink("/etc", tree + "/a/b/link")
        for path in [tree + "/a/b/c", tree + "/a/b", tree + "/a", tree] { chmod(path, 0) }
        try workspaces.renew(run, .tree)
        #expect(Scratch.names(tree) == [])
        var status = stat()
        #expect(stat(tree, &status) == 0 && status.st_mode & 0o777 == 0o700)
        #expect(try await removedIsGone(workspaces.root))
        #expect(access("/etc/passwd", F_OK) == 0)
    }

    @Test("what a step is handed is exactly the message and the overlay of this time")
    func input() async throws {
        let directory = try Scratch.makeDirectory("rooms")
        defer { try? FileSystem.removeTree(directory) }
        let workspaces = try Workspaces(stateDirectory: directory)
        let run = Self.run(1)
        try workspaces.provide(
            [.init(path: "old", content: "old")], message: "old", for: run)
        try workspaces.provide(
            [.init(path: "docs/list.md", content: "é")], message: "new\n", for: run)
        let input = workspaces.path(run, .input)
        #expect(Scratch.names(input) == ["message", "overlay"])
        #expect(Scratch.names(input + "/overlay") == ["docs"])
        let list = try FileSystem.readFile(input + "/overlay/docs/list.md", bytesMax: 10)
        #expect(list == Array("é".utf8))
        #expect(try await removedIsGone(workspaces.root))
    }
}
