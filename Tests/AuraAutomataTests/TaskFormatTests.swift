import AuraAutomata
import AuraModel
import Testing

/// Task lists as other tools write them, after their documented formats.
@Suite struct TaskFormatTests {
    static let specKit = """
        # Tasks: Parser

        ## Phase 3: User Story 1
        - [X] T011 [US1] Set up src/parser
        - [ ] T012 [P] [US1] Write the lexer in src/lexer.c
        - [ ] T013 [P] [US2] Write the parser (depends on T011, T012)
        """
    static let openSpec = """
        ## 1. Backend
        - [x] 1.1 Create the table
        - [ ] 1.2 Create the endpoint

        ## 2. Frontend
        - [ ] 2.1 Call the endpoint
        """
    static let kiro = """
        # Implementation Plan

        - [ ] 1. Set up the project
          - [x] 1.1 Create the structure
            - Write a readme
            - _Requirements: 1.1_
          - [-] 1.2 Define the interfaces
            - _Requirements: 1.2, 3.1_
          - [ ]* 1.3 Write unit tests
        - [ ] 2. Implement it
          - Use what is there
        """
    static let taskmaster = """
        {
          "master": {
            "tasks": [
              {"id": 1, "title": "Set up", "status": "done", "dependencies": []},
              {"id": 2, "title": "Later", "description": "A \\"quoted\\" word",
               "status": "pending", "dependencies": [1], "priority": "low",
               "testStrategy": "run it", "subtasks": [{"id": 1, "title": "half", "status": "pending"}]},
              {"id": 3, "title": "First", "status": "in-progress", "priority": "high"},
              {"id": 4, "title": "Not now", "status": "deferred"}
            ],
            "metadata": {"updated": "2026-01-01"}
          }
        }
        """
    static let ralph = """
        {"project": "p", "branchName": "b", "userStories": [
          {"id": "US-001", "title": "Add it", "description": "As a user", "priority": 2,
           "acceptanceCriteria": ["It is there", "Typecheck passes"], "passes": false, "notes": ""},
          {"id": "US-002", "title": "Then that", "priority": 1, "passes": true}
        ]}
        """
    static let beads = """
        {"id":"bd-a1","title":"First","status":"open","priority":1,"acceptance_criteria":"works"}
        {"id":"bd-xk","title":"Then","status":"open","priority":0,"dependencies":\
        [{"issue_id":"bd-xk","depends_on_id":"bd-a1","type":"blocks"},\
        {"issue_id":"bd-xk","depends_on_id":"bd-q9","type":"related"}]}
        {"id":"bd-q9","title":"Old","status":"closed","priority":2}

        """
    static let all = [specKit, openSpec, kiro, taskmaster, ralph, beads]

    @Test("each format gives ids, what is done, what waits for what, and what is to be accepted")
    func formats() {
        func rows(_ text: String) -> [String] {
            TaskList(text).tasks.map { task in
                let mark = task.isDone ? "x" : task.flaw == nil ? " " : "!"
                let after = task.after.isEmpty ? "" : " after " + task.after.joined(separator: " ")
                let accept =
                    task.accept.isEmpty ? "" : " accept " + task.accept.joined(separator: "|")
                return "[\(mark)] \(task.id) \(task.title)\(after)\(accept)"
            }
        }
        #expect(
            rows(Self.specKit) == [
                "[x] T011 Set up src/parser", "[ ] T012 Write the lexer in src/lexer.c",
                "[ ] T013 Write the parser (depends on T011, T012) after T011 T012",
            ])
        #expect(TaskList(Self.specKit).tasks.map(\.isParallel) == [false, true, true])
        #expect(TaskList(Self.specKit).tasks.map(\.story) == ["US1", "US1", "US2"])
        #expect(
            rows(Self.openSpec) == [
                "[x] 1.1 Create the table", "[ ] 1.2 Create the endpoint",
                "[ ] 2.1 Call the endpoint",
            ])
        #expect(
            rows(Self.kiro) == [
                "[x] 1.1 Create the structure accept 1.1",
                "[ ] 1.2 Define the interfaces accept 1.2|3.1", "[ ] 2 Implement it",
            ])
        #expect(
            rows(Self.taskmaster) == [
                "[x] 1 Set up", "[ ] 2 Later after 1", "[ ] 3 First", "[!] 4 Not now",
            ])
        #expect(TaskList(Self.taskmaster).tasks[1].details.contains("A \"quoted\" word"))
        #expect(
            rows(Self.ralph) == [
                "[ ] US-001 Add it accept It is there|Typecheck passes", "[x] US-002 Then that",
            ])
        #expect(
            rows(Self.beads) == [
                "[ ] bd-a1 First accept works", "[ ] bd-xk Then after bd-a1", "[x] bd-q9 Old",
            ])
    }

    @Test("a tick changes the mark of its task and no other byte; a group's with its last task")
    func ticks() {
        #expect(
            TaskList(Self.specKit).ticking("T012")
                == Self.specKit.replacing("- [ ] T012", with: "- [x] T012"))
        #expect(
            TaskList(Self.kiro).ticking("1.2")
                == Self.kiro.replacing("- [-] 1.2", with: "- [x] 1.2")
                .replacing("- [ ] 1. ", with: "- [x] 1. "))
        #expect(
            TaskList(Self.taskmaster).ticking("3")
                == Self.taskmaster.replacing("\"in-progress\"", with: "\"done\""))
        #expect(
            TaskList(Self.ralph).ticking("US-001")
                == Self.ralph.replacing("\"passes\": false", with: "\"passes\": true"))
        #expect(
            TaskList(Self.beads).ticking("bd-xk")
                == Self.beads.replacing(
                    "\"Then\",\"status\":\"open\"", with: "\"Then\",\"status\":\"closed\""))
        for text in Self.all { #expect(TaskList(text).text == text) }
    }

    @Test("our own fields are read; a budget that cannot be read keeps the task from being begun")
    func fields() throws {
        let list = TaskList(
            """
            - [ ] T1: a
              - after: T0, T9
              - files: src/** docs
              - tests: t/**
              - accept: US1-AC1 it works
              - budget: usd=1.50 calls=40 wall=10m
              - tag: fix
            - [ ] T2 b
              budget: usd=lots
            """)
        let task = try #require(list.tasks.first)
        #expect(task.after == ["T0", "T9"] && task.files == ["src/**", "docs"])
        #expect(task.tests == ["t/**"] && task.accept == ["US1-AC1 it works"])
        #expect(
            task.budget == BudgetLimits(microDollars: 1_500_000, calls: 40, wall: .minutes(10)))
        #expect(list.tasks[1].flaw?.contains("`usd=lots`") == true)
    }

    /// One to eight changes: bytes set, cut, doubled, or taken from another format.
    static func mutated(_ bytes: [UInt8], _ chance: inout Chance) -> [UInt8] {
        var bytes = bytes
        for _ in 0...chance.below(8) {
            guard !bytes.isEmpty else { break }
            let place = chance.below(bytes.count)
            let end = min(bytes.count, place + chance.below(12))
            switch chance.below(5) {
            case 0: bytes[place] = UInt8(chance.below(256))
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: chance.below(bytes.count))
            case 3: bytes.insert(chance.pick(Array("[] x-*{}\"\\:,.\n\t\r`1aT_".utf8)), at: place)
            default: bytes.insert(contentsOf: Array(chance.pick(all).utf8.prefix(40)), at: place)
            }
        }
        return bytes
    }

    @Test("mutated lists: no trap, the text is kept, and a tick leaves all but the marks as it is")
    func mutations() {
        for seed in 1...20_000 {
            var chance = Chance(seed: UInt64(seed))
            let text = String(
                decoding: Self.mutated(Array(chance.pick(Self.all).utf8), &chance), as: UTF8.self)
            let list = TaskList(text)
            #expect(list.text == text, "seed \(seed)")
            guard let task = list.tasks.first(where: { !$0.isDone }) else { continue }
            let ticked = list.ticking(task.id)
            guard ticked != text else { continue }
            let again = TaskList(ticked)
            #expect(again.tasks.map(\.id) == list.tasks.map(\.id), "seed \(seed)")
            let changed = zip(list.tasks, again.tasks).filter { $0.isDone != $1.isDone }
            #expect(changed.map(\.0.id) == [task.id], "seed \(seed)")
            #expect(again.tasks.map(\.details) == list.tasks.map(\.details), "seed \(seed)")
        }
    }
}
