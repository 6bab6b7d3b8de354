import AuraModel
import Glibc
import Testing

@Suite struct IgnoreTests {
    private static let files = [
        "keep.c", "a.o", "src/b.o", "src/b.c", "src/deep/c.o", "build/x", "build/keep.c",
        "src/build/y", "docs/build", "logs/one.log", "logs/keep.log", "logs/a/two.log", "x/y/z",
        "x/q/y/z", "foo/bar", "foo/a/b", "#hash", "!bang", "with space", "a1", "a2", "b1", "sub/p",
        "sub/q", "sub/keep.o", "abc/def/x", "abc/x/def",
    ]

    /// What git shows of the same tree, the oracle.
    private func shownByGit(_ scratch: Scratch) throws -> [String] {
        let command = """
            cd '\(scratch.root)' && git init -q . 2>/dev/null && \
            GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent git -c core.quotePath=false \
            -c core.excludesFile=/dev/null ls-files -co --exclude-standard
            """
        let pipe = try #require(popen(command, "r"))
        defer { pclose(pipe) }
        var lines: [String] = []
        var buffer = [CChar](repeating: 0, count: 4096)
        while fgets(&buffer, Int32(buffer.count), pipe) != nil {
            let line = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
            lines.append(String(decoding: line, as: UTF8.self))
        }
        return lines.sorted()
    }

    @Test(
        "what is listed is what git shows of the tree",
        arguments: [
            "*.o\nbuild/\n", "/build\n*.log\n!keep.log\n", "logs/*\n!logs/keep.log\n",
            "**/y\n", "x/**/z\n", "foo/**\n", "abc/**/x\n", "\\#hash\n\\!bang\nwith space\n",
            "[ab]1\n", "a?\n", "# comment\n\n*.c  \n!src/b.c\r\n", "src/*.o\n", "*\n!*.c\n!*/\n",
            "deep\n", "docs/build/\n", "/**/build\n",
        ])
    func asGit(rules: String) throws {
        let scratch = try Scratch()
        for file in Self.files { scratch.put("ws/" + file, "x\n") }
        scratch.put("ws/.gitignore", rules)
        scratch.put("ws/sub/.gitignore", "p\n!*.o\n")
        let call = Scratch.call(.search, ["pattern": .string("x")])
        let found = scratch.run(call).output.split(separator: "\n")
            .compactMap { $0.split(separator: ":").first.map(String.init) }.sorted()
        let git = try shownByGit(scratch).filter { !$0.hasSuffix(".gitignore") }
        #expect(found.filter { !$0.hasSuffix(".gitignore") } == git)
    }

    @Test("who names what is left out sees it, and a listing says how much it leaves out")
    func named() throws {
        let scratch = try Scratch()
        scratch.put("ws/.gitignore", "build/\n*.o\n")
        scratch.put("ws/build/out", "x")
        scratch.put("ws/a.o", "x")
        scratch.put("ws/b", "x")
        let all = scratch.run(Scratch.call(.listFiles, [:])).output
        #expect(all == ".gitignore\nb\n[2 entries left out by .gitignore]\n")
        let named = scratch.run(Scratch.call(.listFiles, ["path": .string("build")])).output
        #expect(named == "build/out\n")
    }
}
