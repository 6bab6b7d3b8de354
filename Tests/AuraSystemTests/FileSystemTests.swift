import Glibc
import Testing

@testable import AuraSystem

@Suite("Files and trees")
struct FileSystemTests {
    @Test("an atomic write replaces the content and leaves nothing beside it")
    func atomicWrite() throws {
        let scratch = try Scratch()
        let file = scratch.path + "/note"
        try FileSystem.writeAtomically(bytes("old"), to: file)
        try FileSystem.writeAtomically(bytes("new content"), to: file)
        #expect(try FileSystem.readFile(file, bytesMax: 11) == bytes("new content"))
        // rmdir succeeds only when the file was the only entry.
        #expect(unlink(file) == 0)
        #expect(rmdir(scratch.path) == 0)
    }

    @Test("an atomic write replaces a symbolic link and spares its target")
    func atomicWriteOverLink() throws {
        let scratch = try Scratch()
        try FileSystem.writeAtomically(bytes("target"), to: scratch.path + "/target")
        try #require(symlink("target", scratch.path + "/link") == 0)
        try FileSystem.writeAtomically(bytes("mine"), to: scratch.path + "/link")
        #expect(try FileSystem.readFile(scratch.path + "/target", bytesMax: 99) == bytes("target"))
        #expect(try FileSystem.readFile(scratch.path + "/link", bytesMax: 99) == bytes("mine"))
    }

    @Test("a failed write leaves the directory as it was")
    func atomicWriteFails() throws {
        let scratch = try Scratch()
        // A name that is a directory cannot be renamed over by a file.
        try #require(mkdir(scratch.path + "/taken", 0o700) == 0)
        #expect(throws: SystemError("renameat", code: EISDIR, subject: "taken")) {
            try FileSystem.writeAtomically(bytes("x"), to: scratch.path + "/taken")
        }
        #expect(rmdir(scratch.path + "/taken") == 0)
        #expect(rmdir(scratch.path) == 0)
    }

    @Test("a file above its bound is refused, and a FIFO does not block")
    func readBounds() throws {
        let scratch = try Scratch()
        let file = scratch.path + "/file"
        try FileSystem.writeAtomically([UInt8](repeating: 7, count: 200_000), to: file)
        #expect(try FileSystem.readFile(file, bytesMax: 200_000).count == 200_000)
        #expect(throws: SystemError("read", code: EFBIG, subject: file)) {
            try FileSystem.readFile(file, bytesMax: 199_999)
        }
        try #require(mkfifo(scratch.path + "/fifo", 0o600) == 0)
        #expect(try FileSystem.readFile(scratch.path + "/fifo", bytesMax: 10) == [])
    }

    @Test("a sealed memory file reads back and takes no write")
    func sealedMemory() throws {
        let memory = try FileSystem.sealedMemory(name: "policy", content: bytes("policy"))
        #expect(write(memory.raw, "x", 1) == -1 && errno == EPERM)
        #expect(ftruncate(memory.raw, 0) == -1)
        #expect(readToEnd(memory) == "policy")
    }

    @Test("a lock excludes a second holder until it is let go")
    func lock() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/lock"
        func isFree() throws -> Bool {
            if try FileLock.acquire(path) != nil { return true }
            return false
        }
        if let held = try FileLock.acquire(path) {
            #expect(try isFree() == false)
            _ = consume held
        } else {
            Issue.record("a fresh lock is held by somebody")
        }
        #expect(try isFree())
    }

    @Test("removing a tree never follows a symbolic link")
    func removeKeepsLinkTargets() throws {
        let scratch = try Scratch()
        let outside = scratch.path + "/outside"
        let tree = scratch.path + "/tree"
        try #require(mkdir(outside, 0o700) == 0)
        try FileSystem.writeAtomically(bytes("precious"), to: outside + "/file")
        try #require(mkdir(tree, 0o700) == 0)
        try #require(mkdir(tree + "/inner", 0o700) == 0)
        for place in ["/link", "/inner/link"] {
            try #require(symlink(outside, tree + place) == 0)
            try #require(symlink("../outside/file", tree + place + "-file") == 0)
        }
        try FileSystem.removeTree(tree)
        #expect(exists(tree) == false)
        #expect(try FileSystem.readFile(outside + "/file", bytesMax: 99) == bytes("precious"))

        // The name itself may be a link, too.
        try #require(symlink(outside, tree) == 0)
        try FileSystem.removeTree(tree)
        #expect(exists(tree) == false)
        #expect(exists(outside + "/file"))
        // What is absent is removed already.
        try FileSystem.removeTree(tree)
    }

    @Test("directories without permissions and names that are no text are removed")
    func removeUnwritable() throws {
        let scratch = try Scratch()
        let tree = scratch.path + "/tree"
        var path = tree
        for level in 0..<4 {
            try #require(mkdir(path, 0o700) == 0)
            try FileSystem.writeAtomically(bytes("x"), to: path + "/file")
            try #require(mkdir(path + "/empty", 0o700) == 0)
            try #require(chmod(path + "/empty", 0) == 0)
            path += "/\(level)"
        }
        let name: [CChar] = [CChar](tree.utf8.map { CChar(bitPattern: $0) }) + [47, -1, -2, 0]
        try #require(mkdir(name, 0o700) == 0)
        while path != scratch.path {
            _ = chmod(path, 0)
            path = FileSystem.split(path).parent
        }
        try FileSystem.removeTree(tree)
        #expect(exists(tree) == false)
    }

    @Test("a tree 5,000 deep and 500 wide is removed")
    func removeDeep() throws {
        let scratch = try Scratch()
        try #require(mkdir(scratch.path + "/tree", 0o700) == 0)
        var current = try FileSystem.openDirectory(scratch.path + "/tree")
        for number in 0..<500 {
            try #require(mkdirat(current.raw, "wide-\(number)", 0o700) == 0)
            try #require(mkdirat(current.raw, "wide-\(number)/inner", 0o700) == 0)
        }
        // Longer than PATH_MAX as a path: made and removed one name at a time.
        for _ in 0..<5_000 {
            try #require(mkdirat(current.raw, "deeper", 0o700) == 0)
            let file = openat(current.raw, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            _ = OwnedDescriptor(adopting: file)
            let next = openat(current.raw, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            current = OwnedDescriptor(adopting: next)
        }
        try FileSystem.removeTree(scratch.path + "/tree")
        #expect(exists(scratch.path + "/tree") == false)
    }
}
