import AuraModel
import Glibc
import Testing

@Suite struct ReadingTests {
    private func read(_ scratch: Scratch, _ path: String, _ offset: Int, _ limit: Int) -> ToolResult
    {
        scratch.run(
            Scratch.call(
                .readFile,
                ["path": .string(path), "offset": .integer(offset), "limit": .integer(limit)]))
    }

    @Test("a range of lines comes numbered, with where to read on")
    func range() throws {
        let scratch = try Scratch()
        scratch.put("ws/a", "one\r\ntwo\nthree")
        #expect(read(scratch, "a", 1, 3).output == "1\tone\n2\ttwo\n3\tthree\n")
        #expect(
            read(scratch, "a", 2, 1).output
                == "2\ttwo\n[the file goes on; it has 14 bytes; read on with offset 3]\n")
        #expect(read(scratch, "a", 9, 1).output == "a has only 3 lines; offset 9 is beyond them")
        #expect(read(scratch, "a", Int.max, Int.max).isError)
        scratch.put("ws/empty", "")
        #expect(scratch.run(Scratch.read("empty")).output == "[empty is empty]")
        #expect(
            scratch.run(Scratch.read("none")).output == "none: there is no such file or directory")
    }

    @Test("a file of any size is read in part, without holding it")
    func large() throws {
        let scratch = try Scratch()
        let lines = (1...60_000).map { "line \($0)" }.joined(separator: "\n")
        scratch.put("ws/big", lines)
        #expect(read(scratch, "big", 59_999, 5).output == "59999\tline 59999\n60000\tline 60000\n")
        #expect(scratch.run(Scratch.read("big")).output.utf8.count < 32 << 10)
        // A line of half a mebibyte, as minified code has.
        scratch.put("ws/wide", String(repeating: "é", count: 1 << 18) + "\nend\n")
        let wide = scratch.run(Scratch.read("wide")).output
        #expect(wide.utf8.count < 3000 && wide.hasSuffix("2\tend\n") && !wide.contains("\u{FFFD}"))
    }

    @Test("binary files are refused, and text that is not UTF-8 is said to be so")
    func encodings() throws {
        let scratch = try Scratch()
        scratch.put("ws/binary", [0x7F, 0x45, 0x4C, 0x46, 0, 1, 2])
        #expect(scratch.run(Scratch.read("binary")).output == "binary is a binary file of 7 bytes")
        scratch.put("ws/latin", [0x63, 0x61, 0x66, 0xE9, 0x0A])
        #expect(scratch.run(Scratch.read("latin")).output.contains("not all of it is UTF-8"))
    }

    @Test("listing goes to its depth, in order, without git and without following links")
    func list() throws {
        let scratch = try Scratch()
        scratch.put("ws/.git/config", "")
        scratch.put("ws/b/c/d", "")
        scratch.put("ws/a", "")
        scratch.link("ws/z", to: "..")
        let call = Scratch.call(.listFiles, ["depth": .integer(2)])
        #expect(scratch.run(call).output == "a\nb/\nb/c/\nz (symbolic link)\n")
        #expect(scratch.run(Scratch.call(.listFiles, ["path": .string("b/c")])).output == "b/c/d\n")
        #expect(scratch.run(Scratch.call(.listFiles, ["path": .string("a")])).isError)
        for number in 0..<1100 { scratch.put("ws/many/\(number)", "") }
        let many = scratch.run(Scratch.call(.listFiles, ["path": .string("many")])).output
        #expect(
            many.hasSuffix("[more than 1000 entries; list a directory of them, or less depth]\n"))
    }

    @Test("search finds texts and expressions, and skips what is no text")
    func search() throws {
        let scratch = try Scratch()
        scratch.put("ws/a.c", "int main(void) {\n  return x.y;\n}\n")
        scratch.put("ws/sub/b.c", "x.y\nxzy\n")
        scratch.put("ws/bin", [0x78, 0x2E, 0x79, 0, 1])
        scratch.put("ws/.git/c", "x.y\n")
        func run(_ pattern: String, _ isExpression: Bool, _ path: String = ".") -> ToolResult {
            scratch.run(
                Scratch.call(
                    .search,
                    [
                        "pattern": .string(pattern), "regex": .bool(isExpression),
                        "path": .string(path),
                    ]))
        }
        #expect(run("x.y", false).output == "a.c:2:   return x.y;\nsub/b.c:1: x.y\n")
        #expect(run("^x.y$", true).output == "sub/b.c:1: x.y\nsub/b.c:2: xzy\n")
        #expect(run("x.y", false, "sub/b.c").output == "sub/b.c:1: x.y\n")
        #expect(run("nowhere", false).output == "[no line matches]")
        #expect(run("(", true).output.hasPrefix("pattern: "))
        #expect(
            run("(a)\\1", true).isError && run("a{9999}", true).isError && run("", false).isError)
        #expect(run("x", false, "none").isError)
        scratch.put("ws/many", String(repeating: "needle\n", count: 500))
        #expect(
            run("needle", false).output.hasSuffix(
                "[stopped after 200 matches; narrow the search]\n"))
    }
}
