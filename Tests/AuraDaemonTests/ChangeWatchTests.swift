import AuraModel
import AuraSupervision
import AuraSystem
import Dispatch
import Foundation
import Testing

@testable import AuraDaemon

/// Real directories, watched by the real inotify(7).
@Suite(.serialized) struct ChangeWatchTests {
    /// Watches below a directory of its own, gone when the test is over.
    private final class Lab {
        let root: String
        let watches: Watches
        var changes: ChangeWatches
        let name: AutomatonName

        init() throws {
            root = try Scratch.makeDirectory("changes")
            watches = try Watches()
            changes = try ChangeWatches(watches: watches)
            try changes.start()
            guard let name = AutomatonName("watcher") else { throw StepLab.Failure("the name") }
            self.name = name
        }

        deinit { try? FileSystem.removeTree(root) }

        func sh(_ script: String) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-euc", "cd '\(root)'\n" + script]
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw StepLab.Failure(script) }
        }

        /// Watches from now on; the first look, if there is one.
        @discardableResult
        func watch(_ subject: ChangeTrigger.Subject, mark: String? = nil) throws -> ChangeLook? {
            let trigger = ChangeTrigger(subject, settle: Milliseconds(100))
            changes.set(name, ChangeWatch(trigger: trigger, mark: mark, since: nil))
            var found: [ChangeLook] = []
            let end = ContinuousClock.now + .seconds(30)
            while changes.isLooking, .now < end {
                _ = try watches.wait(milliseconds: 50)
                found += Self.looks(changes.due())
            }
            return found.first
        }

        /// The looks up to the first after which nothing more is to be looked at.
        func looks() throws -> [ChangeLook] {
            var found: [ChangeLook] = []
            let clock = ContinuousClock()
            let end = clock.now + .seconds(30)
            while clock.now < end {
                _ = try watches.wait(milliseconds: found.isEmpty ? 50 : 0)
                found += Self.looks(changes.due())
                if !found.isEmpty, changes.nextDeadline == nil { break }
            }
            return found
        }

        /// The looks while that holds, at most for a time that only a fault reaches.
        func looks(while isGoingOn: ([ChangeLook]) -> Bool) throws -> [ChangeLook] {
            var found: [ChangeLook] = []
            let end = ContinuousClock.now + .seconds(30)
            while isGoingOn(found), .now < end {
                _ = try watches.wait(milliseconds: 50)
                found += Self.looks(changes.due())
            }
            return found
        }

        private static func looks(_ events: [Event]) -> [ChangeLook] {
            events.compactMap { event in
                guard case .changed(_, let look) = event else { return nil }
                return look
            }
        }
    }

    @Test(
        "whatever happens to what is watched is one look, and says what it was",
        arguments: [
            ("echo b >in/a.csv", "in/a.csv changed"),
            ("for i in 1 2 3 4 5; do echo $i >>in/a.csv; done", "in/a.csv changed"),
            ("echo bb >new; mv new in/a.csv", "in/a.csv changed"),
            ("touch -d 2020-01-01 in/a.csv", "in/a.csv changed"),
            ("rm in/a.csv", "in/a.csv went"),
            ("echo x >in/b.csv", "in/b.csv appeared"),
            ("mkdir -p in/x/y; sleep 0.05; echo x >in/x/y/c.csv", "3 paths changed"),
            ("mv in old; mkdir in; echo x >in/a.csv", "in/a.csv changed"),
        ])
    func paths(script: String, what: String) throws {
        let lab = try Lab()
        try lab.sh("mkdir in; echo a >in/a.csv")
        let first = try lab.watch(.paths([lab.root + "/in"]))
        #expect(first?.mark.isEmpty == false)
        try lab.sh(script)
        let look = try #require(try lab.looks().first)
        #expect(look.mark != first?.mark)
        #expect(look.what.contains(what), "\(look.what)")
    }

    @Test("a pattern's files are watched, those in directories that come later too, and no others")
    func patterns() throws {
        let lab = try Lab()
        try lab.sh("mkdir in; echo a >in/a.csv; echo a >in/a.txt")
        try lab.watch(.paths([lab.root + "/in/**/*.csv", lab.root + "/later/*.csv"]))
        try lab.sh("echo b >in/a.txt; echo b >in/.h.csv; mkdir in/x; echo b >in/x/b.csv")
        let look = try #require(try lab.looks().last)
        #expect(look.what == "\(lab.root)/in/x/b.csv appeared")
        try lab.sh("mkdir later; echo b >later/c.csv")
        #expect(try lab.looks().last?.what == "\(lab.root)/later/c.csv appeared")
    }

    @Test("what changed while nobody watched is found at the start, once; what did not is not")
    func start() throws {
        let lab = try Lab()
        try lab.sh("mkdir in; echo a >in/a.csv")
        let paths = ChangeTrigger.Subject.paths([lab.root + "/in"])
        let mark = try #require(try lab.watch(paths)).mark
        try lab.watch(paths, mark: mark)
        #expect(lab.changes.nextDeadline == nil)
        lab.changes = try ChangeWatches(watches: lab.watches)
        try lab.changes.start()
        try lab.sh("echo bb >in/a.csv")
        try lab.watch(paths, mark: mark)
        let looks = try lab.looks()
        #expect(looks.map(\.what) == ["something changed while nobody watched"])
        #expect(looks.first?.mark != mark)
    }

    @Test("a branch moves, is packed, goes and comes back, in a work tree as in its repository")
    func branches() throws {
        let lab = try Lab()
        try lab.sh(
            """
            git init -q -b main repo; cd repo
            git config user.name t; git config user.email t@localhost
            git commit -q --allow-empty -m 1; git worktree add -q ../tree -b side/x
            """)
        try lab.watch(.branch("main", repository: lab.root + "/tree"))
        try lab.sh("cd repo; git commit -q --allow-empty -m 2; git commit -q --allow-empty -m 3")
        let moved = try #require(try lab.looks().last)
        #expect(moved.what.hasPrefix("branch main moved from "))
        // Packed it is the same commit; moved after that it is another one.
        try lab.sh("cd repo; git pack-refs --all; git commit -q --allow-empty -m 4")
        let packed = try #require(try lab.looks().last)
        #expect(packed.mark != moved.mark)
        try lab.sh("cd repo; git pack-refs --all; git checkout -q --detach; git branch -q -D main")
        #expect(try lab.looks().last?.what == "branch main went")
        try lab.sh("cd repo; git branch main")
        let back = try #require(try lab.looks().last)
        #expect(back.what.hasPrefix("branch main appeared at "))
        #expect(back.mark == packed.mark)
    }

    @Test("a file system that does not answer holds up its own automaton's look and nothing else")
    func hangs() throws {
        let lab = try Lab()
        try lab.sh("mkdir in; echo a >in/a.csv")
        // A file system that answers when it is let go of.
        let gate = DispatchSemaphore(value: 0)
        lab.changes = try ChangeWatches(watches: lab.watches) { subject in
            if case .branch = subject { gate.wait() }
            return ScanThreads.Scan(subject)
        }
        try lab.changes.start()
        let hung = try #require(AutomatonName("hung"))
        let branch = ChangeTrigger(
            .branch("main", repository: lab.root + "/hung"), settle: Milliseconds(100))
        lab.changes.set(hung, ChangeWatch(trigger: branch, mark: nil, since: nil))
        lab.changes.set(
            lab.name,
            ChangeWatch(
                trigger: ChangeTrigger(.paths([lab.root + "/in"]), settle: Milliseconds(100)),
                mark: nil, since: nil))
        #expect(try lab.looks(while: { $0.isEmpty }).count == 1)
        #expect(lab.changes.isLooking)
        gate.signal()
        _ = try lab.looks(while: { _ in lab.changes.isLooking })
        #expect(lab.changes.problem(of: hung)?.contains("is no git repository") == true)
    }

    @Test("what cannot be watched says so, and is looked at every minute")
    func problems() throws {
        let lab = try Lab()
        #expect(try lab.watch(.branch("main", repository: lab.root)) == nil)
        #expect(lab.changes.problem(of: lab.name)?.contains("is no git repository") == true)
        #expect(lab.changes.nextDeadline != nil)
        try lab.watch(.paths([lab.root]))
        #expect(lab.changes.problem(of: lab.name) == nil)
        lab.changes.set(lab.name, nil)
        #expect(lab.changes.nextDeadline == nil)
    }
}
