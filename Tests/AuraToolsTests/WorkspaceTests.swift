import AuraModel
import Glibc
import Testing

@Suite struct WorkspaceTests {
    @Test(
        "no path leads out of the workspace, for no tool",
        arguments: [
            "../secret", "/etc/passwd", "a/../../secret", "out", "out/secret", "absolute", "chain",
            "deep/up", "..", "/", "out/new-file",
        ])
    func escapes(path: String) throws {
        let scratch = try Scratch()
        scratch.put("secret", "outside\n")
        scratch.put("ws/a/x", "")
        scratch.link("ws/out", to: "..")
        scratch.link("ws/absolute", to: "/etc/passwd")
        scratch.link("ws/chain", to: "a/link")
        scratch.link("ws/a/link", to: "../../secret")
        scratch.put("ws/deep/x", "")
        scratch.link("ws/deep/up", to: "../a/../../secret")
        for call in [
            Scratch.read(path), Scratch.write(path, "mine"), Scratch.edit(path, "o", "p"),
            Scratch.call(.listFiles, ["path": .string(path)]),
            Scratch.call(.search, ["path": .string(path), "pattern": .string("o")]),
        ] {
            let result = scratch.run(call)
            #expect(result.isDenied && result.isError, "\(call.tool): \(result.output)")
            #expect(!result.output.contains("outside\n") && !result.output.contains("root:"))
        }
        #expect(scratch.get("secret") == "outside\n")
        #expect(scratch.get("new-file") == nil)
    }

    @Test("links and absolute paths that stay inside are followed")
    func inside() throws {
        let scratch = try Scratch()
        scratch.put("ws/src/a", "hello\n")
        scratch.link("ws/alias", to: "src/../src")
        scratch.link("ws/whole", to: scratch.root + "/src/a")
        for path in ["alias/a", "whole", "./src//a", scratch.root + "/src/a", "src/../src/a"] {
            #expect(scratch.run(Scratch.read(path)).output == "1\thello\n", "\(path)")
        }
        #expect(!scratch.run(Scratch.edit("whole", "hello", "there")).isError)
        #expect(scratch.get("ws/src/a") == "there\n")
        #expect(scratch.run(Scratch.read("whole")).output == "1\tthere\n")
    }

    @Test("a circle of links is an error, not a hang")
    func circle() throws {
        let scratch = try Scratch()
        scratch.link("ws/a", to: "b")
        scratch.link("ws/b", to: "a")
        let result = scratch.run(Scratch.read("a"))
        #expect(result.isError && !result.isDenied)
        #expect(result.output.contains("too many symbolic links"))
    }

    @Test(
        "what belongs to git is not written, by whatever way",
        arguments: [
            ".git/hooks/pre-commit", "hooks/pre-commit", "sub/.git", ".git", "a/../.git/config",
        ])
    func git(path: String) throws {
        let scratch = try Scratch()
        scratch.put("ws/.git/config", "[core]\n")
        scratch.put("ws/.git/hooks/pre-commit", "exit 0\n")
        scratch.put("ws/sub/.git", "gitdir: x\n")
        scratch.put("ws/a/x", "")
        scratch.link("ws/hooks", to: ".git/hooks")
        for call in [Scratch.write(path, "evil"), Scratch.edit(path, "o", "evil")] {
            let result = scratch.run(call)
            #expect(result.isDenied, "\(result.output)")
        }
        #expect(scratch.get("ws/.git/hooks/pre-commit") == "exit 0\n")
        #expect(scratch.get("ws/.git/config") == "[core]\n")
    }

    @Test("what is no regular file is named and not opened")
    func special() throws {
        let scratch = try Scratch()
        #expect(mkfifo(scratch.root + "/pipe", 0o644) == 0)
        if mknod(scratch.root + "/null", S_IFCHR | 0o666, 1 << 8 | 3) == 0 {
            #expect(
                scratch.run(Scratch.read("null")).output == "null is a device, not a regular file")
        }
        for call in [
            Scratch.read("pipe"), Scratch.write("pipe", "x"), Scratch.edit("pipe", "a", "b"),
        ] {
            #expect(scratch.run(call).output == "pipe is a FIFO, not a regular file")
        }
        #expect(scratch.run(Scratch.call(.listFiles, [:])).output.contains("pipe (special file)"))
        #expect(scratch.run(Scratch.read(".")).isError)
    }
}
