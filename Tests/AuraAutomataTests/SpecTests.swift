import AuraModel
import Testing

@testable import AuraAutomata

@Suite struct SpecTests {
    static let spec = """
        # Specification: A calculator

        Arithmetic.

        ## Stories

        ### US1 Multiply (P1)

        - **US1-AC1** Given two numbers, when mul is called, then the product is printed

        ## Requirements

        - **FR-001** mul prints the product. [US1-AC1]
        - ~~FR-002~~ (removed)

        """

    static let tasks = """
        # Tasks: A calculator

        - [x] T001 [US1] done by hand,   and oddly spaced
                accept: US1-AC1
            a detail

        - [ ] T002 more
              accept: US1-AC1
              verify: true

        """

    static func findings(spec: String = spec, tasks: String = tasks) -> [String] {
        SpecLint.findings(spec: spec, plan: "# Plan", tasks: tasks)
            .map { "\($0.file):\($0.line): \($0.text)" }
    }

    @Test("a whole specification passes the lint")
    func clean() { #expect(Self.findings().isEmpty) }

    @Test(
        "each rule of the lint finds what breaks it, at its line",
        arguments: [
            ("spec.md", " [US1-AC1]", "", "spec.md:13: FR-001 has no acceptance criterion"),
            (
                "spec.md", "[US1-AC1]", "[US9-AC1]",
                "spec.md:13: FR-001 names US9-AC1, which is no acceptance criterion"
            ),
            (
                "spec.md", "~~FR-002~~", "~~FR-001~~",
                "spec.md:13: FR-001 was removed; an id is never used again"
            ),
            (
                "spec.md", "Arithmetic.", "[NEEDS CLARIFICATION: which?]",
                "spec.md:3: an open clarification"
            ),
            (
                "spec.md", "- ~~FR-002~~ (removed)", "- **FR-001** x [US1-AC1]",
                "spec.md:14: FR-001 stands twice"
            ),
            (
                "spec.md", "## Requirements",
                "- **US1-AC2** Given a, when b, then c\n\n## Requirements",
                "spec.md:11: US1-AC2 has no task"
            ),
            ("tasks.md", "      verify: true", "", "tasks.md:7: T002 has no verify"),
            (
                "tasks.md", "      verify: true", "      verify: true\n      after: T002",
                "tasks.md:7: T002: its `after` lines lead in a circle: T002 (line 7) -> T002"
            ),
            ("tasks.md", "T002 more", "more", "tasks.md:7: a task without an id"),
            (
                "tasks.md", "      verify: true", "      verify: true\n- ~~T002~~ (removed)",
                "tasks.md:7: T002 was removed; an id is never used again"
            ),
        ])
    func rules(file: String, part: String, other: String, finding: String) {
        let spec = file == "spec.md" ? Self.spec.replacing(part, with: other) : Self.spec
        let tasks = file == "tasks.md" ? Self.tasks.replacing(part, with: other) : Self.tasks
        #expect(Self.findings(spec: spec, tasks: tasks).contains(finding))
    }

    @Test("a specification that is printed and read is the same", arguments: 1...200)
    func roundTrip(seed: Int) {
        var chance = Chance(seed: UInt64(seed))
        let words = [
            "a", "# x", "- **FR-009** y", "[US1-AC1]", "- ~~SC-001~~", "long text", "ü", "(P1)",
        ]
        func text(_ chance: inout Chance) -> String {
            (0...chance.below(3)).map { _ in chance.pick(words) }.joined(separator: " ") + " end"
        }
        var document = SpecDocument()
        document.title = text(&chance)
        document.summary = text(&chance) + "\n\n" + text(&chance)
        for number in 0..<chance.below(4) {
            let id = "US\(number + 1)"
            document.stories.append(
                .init(
                    id: id, title: text(&chance), priority: "P2", text: text(&chance),
                    acceptance: [.init(id: id + "-AC1", text: text(&chance))]))
        }
        for number in 0..<chance.below(4) {
            document.requirements.append(
                .init(id: "FR-00\(number)", text: text(&chance), acceptance: ["US1-AC1"]))
        }
        document.success = [.init(id: "SC-002", text: text(&chance))]
        document.removed = ["US8", "FR-008", "SC-008"]
        document.clarifications = [.init(id: "Q1", question: text(&chance), answer: text(&chance))]
        var read = SpecDocument(document.text)
        for story in read.stories.indices {
            for place in read.stories[story].acceptance.indices {
                read.stories[story].acceptance[place].line = 0
            }
        }
        for place in read.requirements.indices { read.requirements[place].line = 0 }
        for place in read.success.indices { read.success[place].line = 0 }
        #expect(read == document, "seed \(seed)\n\(document.text)")
    }

    static func draft(_ ids: [String], tasks: [String]) -> SpecDraft {
        var draft = SpecDraft()
        draft.plan = "p"
        draft.document.title = "A calculator"
        draft.document.stories = [
            .init(
                id: "US1", title: "Multiply", priority: "P1", text: "",
                acceptance: [.init(id: "US1-AC1", text: "Given a, when b, then c")])
        ]
        draft.document.requirements = ids.map { .init(id: $0, text: "r", acceptance: ["US1-AC1"]) }
        draft.tasks = tasks.map {
            .init(id: $0, title: "anew", accept: ["US1-AC1"], verify: ["true"])
        }
        return draft
    }

    @Test("a merge keeps done tasks byte for byte, strikes out what is gone, and adds what is new")
    func merge() {
        let old = SpecFiles(spec: Self.spec, plan: "# Plan", tasks: Self.tasks)
        let draft = Self.draft(["FR-003"], tasks: ["T001", "T003"])
        guard case .files(let files) = SpecMerge.merge(draft, into: old, answers: []) else {
            Issue.record("no merge")
            return
        }
        let done = Self.tasks.split(separator: "\n- [ ]")[0]
        #expect(files.tasks.hasPrefix(done))
        #expect(files.tasks.contains("\n- ~~T002~~ (removed)\n"))
        #expect(
            files.tasks.hasSuffix("- [ ] T003 anew\n      accept: US1-AC1\n      verify: true\n"))
        #expect(SpecDocument(files.spec).removed == ["FR-002", "FR-001"])
        #expect(SpecMerge.merge(draft, into: files, answers: []) == .files(files))
    }

    @Test("an id that was struck out is never used again")
    func reuse() {
        let old = SpecFiles(spec: Self.spec, plan: "# Plan", tasks: Self.tasks)
        let draft = Self.draft(["FR-002"], tasks: ["T002"])
        guard case .flawed(let flaws) = SpecMerge.merge(draft, into: old, answers: []) else {
            Issue.record("FR-002 came back")
            return
        }
        #expect(flaws.count == 1 && flaws[0].hasPrefix("FR-002 was removed before"))
    }

    @Test("a receipt holds over ticks, and over no other change")
    func receipt() throws {
        let trace = try SpecTrace.text(
            spec: Self.spec, plan: "p", tasks: Self.tasks, requirements: "d")
        func refusal(_ tasks: String, spec: String = Self.spec) -> String? {
            SpecTrace.refusal(spec: spec, plan: "p", tasks: tasks, trace: trace)
        }
        #expect(refusal(Self.tasks) == nil)
        #expect(refusal(TaskList(Self.tasks).ticking("T002")) == nil)
        #expect(refusal(Self.tasks.replacing("more", with: "less")) != nil)
        #expect(refusal(Self.tasks, spec: Self.spec.replacing("product", with: "sum")) != nil)
        #expect(
            SpecTrace.refusal(spec: Self.spec, plan: "p", tasks: Self.tasks, trace: "{}") != nil)
    }
}
