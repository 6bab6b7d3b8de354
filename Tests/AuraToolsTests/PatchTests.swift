import AuraModel
import Glibc
import Testing

@testable import AuraTools

@Suite struct PatchTests {
    private static func patch(_ lines: String...) -> ToolCall {
        Scratch.call(.applyPatch, ["patch": .string(lines.joined(separator: "\n"))])
    }

    private static func envelope(_ lines: String...) -> ToolCall {
        let all = ["*** Begin Patch"] + lines + ["*** End Patch"]
        return Scratch.call(.applyPatch, ["patch": .string(all.joined(separator: "\n"))])
    }

    @Test("one patch adds, changes, moves and deletes files, each with its mode")
    func severalFiles() throws {
        let scratch = try Scratch()
        scratch.put("ws/a.txt", "one\ntwo\nthree\n")
        scratch.put("ws/tool.sh", "#!/bin/sh\necho\n")
        chmod(scratch.root + "/tool.sh", 0o755)
        scratch.put("ws/gone", "x")
        let result = scratch.run(
            Self.envelope(
                "*** Add File: new/b.txt", "+hello", "+world", "*** Update File: a.txt", "@@",
                " one", "-two", "+2", " three", "*** Update File: tool.sh",
                "*** Move to: bin/tool.sh", "@@", "-echo", "+echo hi", "*** Delete File: gone"))
        #expect(!result.isError, "\(result.output)")
        #expect(scratch.get("ws/new/b.txt") == "hello\nworld\n")
        #expect(scratch.get("ws/a.txt") == "one\n2\nthree\n")
        #expect(scratch.get("ws/bin/tool.sh") == "#!/bin/sh\necho hi\n")
        #expect(scratch.get("ws/tool.sh") == nil && scratch.get("ws/gone") == nil)
        var status = stat()
        #expect(stat(scratch.root + "/bin/tool.sh", &status) == 0 && status.st_mode & 0o111 != 0)
    }

    @Test("a unified diff does the same, whatever its numbers say")
    func unified() throws {
        let scratch = try Scratch()
        scratch.put("ws/a.txt", "one\ntwo\nthree\nfour")
        scratch.put("ws/old", "x\n")
        let result = scratch.run(
            Self.patch(
                "diff --git a/a.txt b/a.txt", "index 1..2 100644", "--- a/a.txt", "+++ b/a.txt",
                "@@ -90,3 +90,3 @@ somewhere", " one", "-two", "+2", " three",
                "@@ -99 +99,2 @@", "-four", "\\ No newline at end of file", "+four", "+five",
                "diff --git a/old b/old", "deleted file mode 100644", "--- a/old", "+++ /dev/null",
                "@@ -1 +0,0 @@", "-x", "--- /dev/null", "+++ b/fresh", "@@ -0,0 +1 @@", "+new", ""))
        #expect(!result.isError, "\(result.output)")
        #expect(scratch.get("ws/a.txt") == "one\n2\nthree\nfour\nfive\n")
        #expect(scratch.get("ws/old") == nil && scratch.get("ws/fresh") == "new\n")
        let moved = scratch.run(
            Self.patch(
                "diff --git a/fresh b/kept", "similarity index 100%", "rename from fresh",
                "rename to kept", ""))
        #expect(!moved.isError && scratch.get("ws/kept") == "new\n", "\(moved.output)")
    }

    @Test("what fits in one file and not in the other changes neither, and says what is there")
    func allOrNothing() throws {
        let scratch = try Scratch()
        scratch.put("ws/a", "one\n")
        scratch.put("ws/b", "func total(of numbers: [Int]) -> Int {\n    return 0\n}\n")
        let result = scratch.run(
            Self.envelope(
                "*** Update File: a", "-one", "+1", "*** Update File: b", "@@",
                "-func total(of values: [Int]) -> Int {", "+func sum() {",
                "*** Update File: c", "-x", "+y"))
        #expect(result.isError)
        #expect(
            result.output.hasPrefix("Nothing was changed, in any file.\nb: the lines of a hunk"))
        #expect(result.output.contains("The nearest is, from line 1:\n1\tfunc total(of numbers"))
        #expect(result.output.contains("c: there is no such file"))
        #expect(scratch.get("ws/a") == "one\n")
    }

    @Test("white space alone may differ where the place is the only one; the file's own stays")
    func whiteSpace() throws {
        let scratch = try Scratch()
        scratch.put("ws/f", "if x {\n\tgo()\n\tstop()\n}\n")
        let result = scratch.run(
            Self.envelope(
                "*** Update File: f", "@@", " if x {", "-    go()", "+    run()", "     stop()"))
        #expect(scratch.get("ws/f") == "if x {\n    run()\n\tstop()\n}\n")
        #expect(result.output == "edited f (from line 1 only white space differed)")
        scratch.put("ws/crlf", "one\r\ntwo\r\n")
        _ = scratch.run(Self.envelope("*** Update File: crlf", "-two", "+2", "+3"))
        #expect(scratch.get("ws/crlf") == "one\r\n2\r\n3\r\n")
    }

    @Test("a place that is there twice is refused, until an anchor or a line tells which")
    func ambiguous() throws {
        let scratch = try Scratch()
        let text = "func a\n  x\nfunc b\n  x\n"
        scratch.put("ws/f", text)
        let refused = scratch.run(Self.envelope("*** Update File: f", "-  x", "+  y"))
        #expect(refused.isError && refused.output.contains("occur 2 times, from lines 2, 4."))
        _ = scratch.run(Self.envelope("*** Update File: f", "@@ func b", "-  x", "+  y"))
        #expect(scratch.get("ws/f") == "func a\n  x\nfunc b\n  y\n")
        scratch.put("ws/f", text)
        _ = scratch.run(
            Self.patch("--- a/f", "+++ b/f", "@@ -4 +4 @@", "-  x", "+  z"))
        #expect(scratch.get("ws/f") == "func a\n  x\nfunc b\n  z\n")
        let order = scratch.run(
            Self.envelope("*** Update File: f", "-func b", "+func c", "@@", "-func a", "+func d"))
        #expect(order.isError && order.output.contains("give hunks in the order of the file"))
    }

    @Test(
        "what is no patch, or leads elsewhere, is refused with the line that is wrong",
        arguments: [
            ("hello", "line 1 of the patch: expected `*** Begin Patch`, or a unified diff"),
            ("*** Begin Patch\n*** Update File: f\n-one\n+1", "there is no `*** End Patch`"),
            (
                "*** Begin Patch\n*** Update File: f\nwhat\n*** End Patch",
                "line 3 of the patch: a line of a hunk begins with a blank, + or -"
            ),
            ("*** Begin Patch\n*** End Patch", "it changes no file"),
            ("*** Begin Patch\n*** Add File: f\n+x\n*** End Patch", "f exists already"),
            ("*** Begin Patch\n*** Add File: ../f\n+x\n*** End Patch", "Denied:"),
            ("*** Begin Patch\n*** Add File: .git/config\n+x\n*** End Patch", "Denied:"),
            (
                "--- a/f\n+++ b/f\n@@ -9223372036854775807 +1 @@\n-nine\n+9\n",
                "the lines of a hunk do not occur"
            ),
            ("--- a/f\n+++ b/f\nGIT binary patch\n", "no change of f"),
        ])
    func refused(text: String, why: String) throws {
        let scratch = try Scratch()
        scratch.put("ws/f", "one\n")
        let result = scratch.run(Scratch.call(.applyPatch, ["patch": .string(text)]))
        #expect(result.isError && result.output.contains(why), "\(result.output)")
        #expect(scratch.get("ws/f") == "one\n" && scratch.get("f") == nil)
    }

    @Test("a patch that a crash stopped between two files is brought to its end, once")
    func recovery() throws {
        for done in 0...4 {
            let scratch = try Scratch()
            scratch.put("ws/a", "one\n")
            scratch.put("ws/b", "two\n")
            scratch.put("ws/m", "move\n")
            let call = try scratch.planned(
                Self.envelope(
                    "*** Update File: a", "-one", "+1", "*** Update File: b", "-two", "+2",
                    "*** Update File: m", "*** Move to: n", "-move", "+moved"))
            #expect(call.images.map(\.path) == ["a", "b", "n", "m"])
            // As far as it had come, with what the next write leaves beside the files.
            let states = [("a", "1\n"), ("b", "2\n"), ("n", "moved\n")]
            for (path, text) in states.prefix(done) { scratch.put("ws/\(path)", text) }
            if done == 4 { unlink(scratch.root + "/m") }
            scratch.put("ws/.aura-tool-new.1", "half")
            let recovered = scratch.tools.recover(call)
            #expect((recovered != nil) == (done == 4))
            #expect(scratch.get("ws/.aura-tool-new.1") == nil)
            #expect(!scratch.tools.perform(call).isError)
            #expect(!scratch.tools.perform(call).isError)
            for (path, text) in states { #expect(scratch.get("ws/\(path)") == text) }
            #expect(scratch.get("ws/m") == nil)
        }
    }

    @Test("no patch, however broken, brings the tools down or changes a file that it refuses")
    func mutated() throws {
        let good = [
            "*** Begin Patch\n*** Update File: a\n@@ one\n two\n-three\n+3\n*** Add File: b\n+x\n"
                + "*** End Patch",
            "--- a/a\n+++ b/a\n@@ -2,2 +2,2 @@\n two\n-three\n+3\n\\ No newline at end of file\n",
        ]
        let scratch = try Scratch()
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<2000 {
            scratch.put("ws/a", "one\ntwo\nthree\n")
            unlink(scratch.root + "/b")
            var bytes = Array(good[round % good.count].utf8)
            for _ in 0...next(4) {
                let place = next(bytes.count)
                switch next(3) {
                case 0: bytes[place] = [10, 32, 43, 45, 64, 42, 92, 57][next(8)]
                case 1: bytes.remove(at: place)
                default: bytes.insert(bytes[next(bytes.count)], at: place)
                }
            }
            let patch = String(decoding: bytes, as: UTF8.self)
            let result = scratch.run(Scratch.call(.applyPatch, ["patch": .string(patch)]))
            if result.isError {
                #expect(scratch.get("ws/a") == "one\ntwo\nthree\n", "round \(round): \(patch)")
            }
        }
    }

    @Test("a file that became another since the plan keeps all of them as they are")
    func changedMeanwhile() throws {
        let scratch = try Scratch()
        scratch.put("ws/a", "one\n")
        scratch.put("ws/b", "two\n")
        let call = try scratch.planned(
            Self.envelope("*** Update File: a", "-one", "+1", "*** Update File: b", "-two", "+2"))
        scratch.put("ws/b", "else\n")
        #expect(scratch.tools.perform(call).output.contains("b has changed meanwhile"))
        #expect(scratch.get("ws/a") == "one\n")
        let lost = try #require(scratch.tools.recover(call))
        #expect(lost.isError && lost.output.hasPrefix("indeterminate: b"))
    }
}
