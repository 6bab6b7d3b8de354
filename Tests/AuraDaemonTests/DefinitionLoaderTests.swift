import AuraModel
import AuraSupervision
import AuraSystem
import Glibc
import Testing

@testable import AuraDaemon

@Suite struct DefinitionLoaderTests {
    private static func text(_ name: String, reasoner: String = "main", zone: String = "UTC")
        -> String
    {
        """
        automaton: \(name)
        kind: task-run
        reasoner: \(reasoner)
        schedule: {every: 6h, zone: \(zone)}
        prompt: do it
        budget: {run: {tokens: 1000, usd: 0.10, calls: 5, wall: 1m}}
        """
    }

    private func loader(_ directory: String) -> DefinitionLoader {
        let reasoner = ReasonerSettings(provider: .scripted(file: "/s"), model: "m")
        return DefinitionLoader(
            settings: Settings(
                stateDirectory: directory, socket: directory + "/s", operatorGroup: nil, user: nil,
                definitionsDirectory: directory, libexecDirectory: directory, runsMax: 1,
                reasoners: ["main": reasoner]))
    }

    @Test("a reasoner that is not there is told where the definition names it")
    func reasoner() throws {
        let directory = try Scratch.makeDirectory("definitions")
        defer { try? FileSystem.removeTree(directory) }
        for (line, place) in [
            ("escalate: [nobody]", "8:11"), ("models: [nobody]", "8:9"),
            ("review: {reasoner: nobody}", "8:20"),
        ] {
            let text = """
                automaton: fixer
                kind: dev-loop
                reasoner: main
                budget:
                  run: {usd: 1}
                workspace: {repository: /srv/a.git}
                verify: [make test]
                \(line)
                """
            let found = loader(directory).check(file: "a.yaml", text: text)
            #expect(found.map { "\($0.line):\($0.column)" } == [place], "\(line): \(found)")
        }
    }

    @Test("a broken file stops only itself and says where; what is no definition is not read")
    func broken() throws {
        let directory = try Scratch.makeDirectory("definitions")
        defer { try? FileSystem.removeTree(directory) }
        let files = [
            "good.yaml": Self.text("good"), "paris.yaml": Self.text("paris", zone: "Europe/Paris"),
            "syntax.yaml": "automaton: [", "mute.yaml": Self.text("mute", reasoner: "nobody"),
            "moon.yaml": Self.text("moon", zone: "Moon/Crater"), ".hidden.yaml": "automaton: [",
            "notes.txt": "automaton: [", "good.yaml~": "automaton: [",
        ]
        for (name, text) in files {
            try FileSystem.writeAtomically(Array(text.utf8), to: "\(directory)/\(name)")
        }
        let read = loader(directory).read()
        #expect(
            Set(read.loaded.map(\.definition.name.text)) == ["good", "paris"], "\(read.refused)")
        #expect(
            read.refused.map(\.file)
                == ["mute.yaml", "moon.yaml", "syntax.yaml"].sorted().map {
                    "\(directory)/\($0)"
                })
        let mute = read.refused.first { $0.file.hasSuffix("mute.yaml") }?.diagnostics ?? []
        #expect(mute.contains { $0.message.contains("nobody") && $0.hint == "one of: main" })
        for (file, diagnostics) in read.refused {
            #expect(diagnostics.allSatisfy { $0.file == file } && !diagnostics.isEmpty)
        }
    }

    @Test("a server whose cage would not find its program is warned of, with what to type next")
    func servers() throws {
        let directory = try Scratch.makeDirectory("tools")
        defer { try? FileSystem.removeTree(directory) }
        func make(_ name: String, _ text: String, _ mode: mode_t = 0o755) throws {
            try FileSystem.writeAtomically(Array(text.utf8), to: "\(directory)/\(name)")
            chmod("\(directory)/\(name)", mode)
        }
        let elsewhere = try Scratch.makeDirectory("elsewhere")
        defer { try? FileSystem.removeTree(elsewhere) }
        try FileSystem.writeAtomically([], to: elsewhere + "/far")
        try make("tool", "#!/bin/sh -eu\n")
        try make("flat", "#!/bin/sh\n", 0o644)
        try make("lost", "#!\(directory)/nowhere/python3\n")
        for (link, target) in [
            ("out", "/usr/../\(directory)/tool"), ("away", elsewhere + "/far"), ("round", "round"),
        ] {
            symlink(target, "\(directory)/\(link)")
        }
        func check(_ run: String, _ read: String = "") -> [String] {
            let text = """
                \(Self.text("a"))
                servers:
                  - {name: s, tools: [t], run: \(run)}
                capabilities: {read: [\(read)]}
                """
            let found = loader(directory).check(file: "a.yaml", text: text)
            #expect(found.allSatisfy { $0.isWarning == true })
            return found.map(\.description)
        }
        for run in [
            "[/bin/sh, -c, x]", "sh -c x", "[sh, -c, x]", "[sh, /tmp, /etc/passwd]", "[./tool]",
        ] {
            #expect(check(run) == [], "\(run)")
        }
        #expect(check("[\(directory)/tool]", directory) == [])
        #expect(check("[\(directory)/out]", directory) == [])
        let unseen =
            "a cage does not see \(directory)/tool, expected a file below /usr or what "
            + "`capabilities.read` names\n  hint: capabilities: {read: [\(directory)]}"
        #expect(
            check("[\(directory)/tool]")
                == ["a.yaml:8:33: warning: `servers[0].run`: \(unseen)"])
        #expect(
            check("[sh, \(directory)/tool]")
                == ["a.yaml:8:37: warning: `servers[0].run`: \(unseen)"])
        for (run, said) in [
            ("[nobody-has-this]", "nothing called nobody-has-this in /usr/local/bin:"),
            ("[\(directory)/flat]", "hint: sudo chmod a+rx \(directory)/flat"),
            ("[\(directory)/none]", "hint: ls -l \(directory)/none"),
            ("[\(directory)]", "hint: ls -l \(directory)"),
            ("[\(directory)/round]", "hint: ls -l \(directory)/round"),
            ("[\(directory)/away]", "hint: capabilities: {read: [\(elsewhere)]}"),
            ("[\(directory)/lost]", "its first line names an interpreter: there is no file"),
        ] {
            let found = check(run, directory)
            #expect(found.count == 1 && found.first?.contains(said) == true, "\(run): \(found)")
        }
        // It is in force all the same, and `aurad --check` says the same.
        let text = Self.text("a") + "\nservers: [{name: s, tools: [t], run: [nobody-has-this]}]\n"
        try make("a.yaml", text)
        #expect(loader(directory).read().loaded.count == 1)
        #expect(loader(directory).warnings().map(\.line) == [7])
    }

    @Test("a digest follows what is defined, not how it is written")
    func digests() throws {
        let directory = try Scratch.makeDirectory("definitions")
        defer { try? FileSystem.removeTree(directory) }
        func digest(_ text: String) throws -> String {
            try FileSystem.writeAtomically(Array(text.utf8), to: directory + "/a.yaml")
            return try #require(loader(directory).read().loaded.first).digest
        }
        let plain = try digest(Self.text("a"))
        #expect(try digest("# a comment\n" + Self.text("a") + "\n\n") == plain)
        #expect(try digest(Self.text("a").replacing("do it", with: "do that")) != plain)
        #expect(plain.utf8.count == 64)
    }

    @Test("a schedule that its zone or its window never lets start is refused with its place")
    func never() throws {
        let directory = try Scratch.makeDirectory("definitions")
        defer { try? FileSystem.removeTree(directory) }
        func check(_ schedule: String) -> [String] {
            let text = Self.text("a").replacing("{every: 6h, zone: UTC}", with: schedule)
            return loader(directory).check(file: "a.yaml", text: text).map(\.description)
        }
        // 2:30 on 2026-03-29 is skipped in Berlin, and there is no other year.
        let skipped = check(
            "{cron: \"0 30 2 29 3 * 2026\", gap: skip, zone: Europe/Berlin}")
        #expect(skipped.count == 1)
        #expect(skipped.first?.hasPrefix("a.yaml:4:11: error: ") == true, "\(skipped)")
        #expect(skipped.first?.contains("never fires in Europe/Berlin") == true)
        #expect(check("{cron: \"0 30 2 29 3 * 2026\", zone: Europe/Berlin}") == [])
        let window = "window: {from: \"22:00\", to: \"06:00\"}"
        let closed = check("{cron: \"0 12 * * *\", \(window)}")
        #expect(closed.first?.hasPrefix("a.yaml:4:40: error: ") == true, "\(closed)")
        #expect(closed.first?.contains("nothing would ever start") == true)
        #expect(check("{cron: \"0 12,23 * * *\", \(window)}") == [])
        #expect(check("{cron: \"0 12 * * *\", \(window), jitter: 1h}") == [])
    }

    @Test("a chain is checked against the directory and against what is checked with it")
    func chains() throws {
        let directory = try Scratch.makeDirectory("definitions")
        defer { try? FileSystem.removeTree(directory) }
        func text(_ name: String, after leader: String) -> String {
            Self.text(name).replacing(
                "{every: 6h, zone: UTC}", with: "{after: {automaton: \(leader)}}")
        }
        func check(_ name: String, after leader: String, besides: [String] = []) -> String? {
            let found = loader(directory).check(
                file: "x.yaml", text: text(name, after: leader), besides: besides)
            return found.first?.description
        }
        try FileSystem.writeAtomically(Array(Self.text("a").utf8), to: directory + "/a.yaml")
        try FileSystem.writeAtomically(
            Array(text("b", after: "a").utf8), to: directory + "/b.yaml")
        #expect(check("c", after: "b") == nil)
        let nowhere = check("c", after: "d")
        #expect(nowhere?.hasPrefix("x.yaml:4:31: error: ") == true, "\(nowhere ?? "")")
        #expect(nowhere?.contains("there is no automaton 'd'") == true)
        #expect(check("c", after: "d", besides: [Self.text("d")]) == nil)
        #expect(check("a", after: "b")?.contains("a after b after a") == true)
    }

    @Test("a directory that is not there is one diagnostic, not an end")
    func absent() throws {
        let read = loader("/nonexistent/definitions").read()
        #expect(read.loaded.isEmpty)
        #expect(read.refused.map(\.file) == ["/nonexistent/definitions"])
    }
}
