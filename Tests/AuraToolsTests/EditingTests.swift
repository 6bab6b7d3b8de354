import AuraModel
import AuraTools
import Glibc
import Testing

@Suite struct EditingTests {
    @Test("an edit changes exactly what it says, and keeps the file's mode")
    func edit() throws {
        let scratch = try Scratch()
        scratch.put("ws/run.sh", "a\nb\na\n")
        #expect(chmod(scratch.root + "/run.sh", 0o751) == 0)
        #expect(
            scratch.run(Scratch.edit("run.sh", "b\n", "c\n")).output
                == "edited run.sh, first in line 2")
        #expect(scratch.get("ws/run.sh") == "a\nc\na\n")
        #expect(!scratch.run(Scratch.edit("run.sh", "a", "aa", all: true)).isError)
        #expect(scratch.get("ws/run.sh") == "aa\nc\naa\n")
        var status = stat()
        #expect(stat(scratch.root + "/run.sh", &status) == 0 && status.st_mode & 0o777 == 0o751)
    }

    @Test(
        "an edit that does not match as asked changes nothing and shows what is there",
        arguments: [
            ("return 1;", "x", "old occurs 2 times, in lines 2, 6. Nothing was changed."),
            ("void f() {\n  return 1;\n", "x", "Only white space differs"),
            ("  retrun 1;", "x", "The nearest is, from line 2:\n2\t\treturn 1;"),
            (
                "something else entirely", "x",
                "Nothing in the file is like it. Read the file again."
            ),
            ("", "x", "old is empty"),
            ("void", "void", "old and new are the same"),
        ])
    func refused(old: String, new: String, text: String) throws {
        let scratch = try Scratch()
        let before = "void f() {\n\treturn 1;\n}\n\nvoid g() {\n\treturn 1;\n}\n"
        scratch.put("ws/f.c", before)
        let result = scratch.run(Scratch.edit("f.c", old, new))
        #expect(result.isError && !result.isDenied)
        #expect(result.output.contains(text), "\(result.output)")
        #expect(scratch.get("ws/f.c") == before)
    }

    @Test("a line end that differs is named as what it is")
    func lineEnds() throws {
        let scratch = try Scratch()
        scratch.put("ws/f", "one\r\ntwo\r\n")
        let result = scratch.run(Scratch.edit("f", "one\ntwo", "x"))
        #expect(result.output.contains("Only the line ends differ"))
    }

    @Test("a file is written whole, with the directories on its way, and leaves nothing beside it")
    func write() throws {
        let scratch = try Scratch()
        #expect(scratch.run(Scratch.write("a/b/c", "x\n")).output == "created a/b/c, 2 bytes")
        #expect(scratch.run(Scratch.write("a/b/c", "y\n")).output == "replaced a/b/c, 2 bytes")
        #expect(
            scratch.run(Scratch.write("a/b/c", "y\n")).output == "a/b/c has this content already")
        #expect(scratch.get("ws/a/b/c") == "y\n")
        #expect(scratch.run(Scratch.call(.listFiles, [:])).output == "a/\na/b/\na/b/c\n")
        #expect(scratch.run(Scratch.write("a/b", "x")).isError)
        #expect(scratch.run(Scratch.write("a/b/c/d", "x")).isError)
        #expect(scratch.run(Scratch.write("new/../../x", "x")).isError)
    }

    @Test("planning changes nothing, and a plan is void once the file is another")
    func planned() throws {
        let scratch = try Scratch()
        scratch.put("ws/f", "one\n")
        let edit = try scratch.planned(Scratch.edit("f", "one", "two"))
        let create = try scratch.planned(Scratch.write("d/g", "x"))
        #expect(scratch.get("ws/f") == "one\n" && scratch.get("ws/d/g") == nil)
        #expect(edit.images.count == 1 && edit.images[0].path == "f")
        #expect(create.images[0].before == nil && create.images[0].after?.utf8.count == 64)
        scratch.put("ws/f", "one more\n")
        let result = scratch.tools.perform(edit)
        #expect(result.isError && result.output.contains("changed meanwhile"))
        #expect(scratch.get("ws/f") == "one more\n")
        // A plan whose images were not made for this call is not believed.
        var forged = create
        forged.images[0].path = "../out"
        #expect(scratch.tools.perform(forged).isDenied)
    }

    @Test("after a crash the hashes tell whether it happened")
    func recovery() throws {
        let scratch = try Scratch()
        scratch.put("ws/f", "one\n")
        let edit = try scratch.planned(Scratch.edit("f", "one", "one one"))
        // Not begun, with what a crash in the middle of the write leaves.
        scratch.put("ws/.aura-tool-new", "one o")
        #expect(scratch.tools.recover(edit) == nil)
        #expect(scratch.get("ws/.aura-tool-new") == nil)
        #expect(!scratch.tools.perform(edit).isError)
        // Done, and the result was lost: it is not done twice.
        let recovered = try #require(scratch.tools.recover(edit))
        #expect(!recovered.isError && recovered.output == "done before a restart: f")
        #expect(!scratch.tools.perform(edit).isError)
        #expect(scratch.get("ws/f") == "one one\n")
        // Neither.
        scratch.put("ws/f", "three\n")
        let lost = try #require(scratch.tools.recover(edit))
        #expect(lost.isError && lost.output.hasPrefix("indeterminate"))
        #expect(scratch.tools.recover(Scratch.read("f")) == nil)
    }

    @Test("input of a wrong shape is an error that says which field")
    func input() throws {
        let scratch = try Scratch()
        for (call, text) in [
            (Scratch.call(.readFile, [:]), "read_file: `path` is missing"),
            (Scratch.call(.editFile, ["path": .integer(1)]), "edit_file: `path` must be a string"),
            (
                Scratch.call(.readFile, ["path": .string("a"), "offset": .integer(0)]),
                "read_file: `offset` must be a whole number from 1"
            ),
            (Scratch.read("a\u{0}b"), "the path is longer than 4096 bytes, or has a NUL in it"),
            (
                Scratch.call(.runCommand, ["command": .string("ls")]),
                "run_command is not performed in the worker"
            ),
        ] {
            let result = scratch.run(call)
            #expect(result.isError && result.output == text)
        }
    }
}
