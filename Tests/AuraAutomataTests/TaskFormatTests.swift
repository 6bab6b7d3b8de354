import AuraAutomata
import AuraModel
import Testing

/// Task lists as other tools write them, after their documented formats.
@Suite struct TaskFormatTests {
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
            rows(TaskSamples.specKit) == [
                "[x] T011 Set up src/parser", "[ ] T012 Write the lexer in src/lexer.c",
                "[ ] T013 Write the parser (depends on T011, T012) after T011 T012",
            ])
        #expect(TaskList(TaskSamples.specKit).tasks.map(\.isParallel) == [false, true, true])
        #expect(TaskList(TaskSamples.specKit).tasks.map(\.story) == ["US1", "US1", "US2"])
        #expect(
            rows(TaskSamples.openSpec) == [
                "[x] 1.1 Create the table", "[ ] 1.2 Create the endpoint",
                "[ ] 2.1 Call the endpoint",
            ])
        #expect(
            rows(TaskSamples.kiro) == [
                "[x] 1.1 Create the structure accept 1.1",
                "[ ] 1.2 Define the interfaces accept 1.2|3.1", "[ ] 2 Implement it",
            ])
        #expect(
            rows(TaskSamples.taskmaster) == [
                "[x] 1 Set up", "[ ] 2 Later after 1", "[ ] 3 First", "[!] 4 Not now",
            ])
        #expect(TaskList(TaskSamples.taskmaster).tasks[1].details.contains("A \"quoted\" word"))
        #expect(
            rows(TaskSamples.ralph) == [
                "[ ] US-001 Add it accept It is there|Typecheck passes", "[x] US-002 Then that",
            ])
        #expect(
            rows(TaskSamples.beads) == [
                "[ ] bd-a1 First accept works", "[ ] bd-xk Then after bd-a1", "[x] bd-q9 Old",
            ])
    }

    @Test("a tick changes the mark of its task and no other byte; a group's with its last task")
    func ticks() {
        #expect(
            TaskList(TaskSamples.specKit).ticking("T012")
                == TaskSamples.specKit.replacing("- [ ] T012", with: "- [x] T012"))
        #expect(
            TaskList(TaskSamples.kiro).ticking("1.2")
                == TaskSamples.kiro.replacing("- [-] 1.2", with: "- [x] 1.2")
                .replacing("- [ ] 1. ", with: "- [x] 1. "))
        #expect(
            TaskList(TaskSamples.taskmaster).ticking("3")
                == TaskSamples.taskmaster.replacing("\"in-progress\"", with: "\"done\""))
        #expect(
            TaskList(TaskSamples.ralph).ticking("US-001")
                == TaskSamples.ralph.replacing("\"passes\": false", with: "\"passes\": true"))
        #expect(
            TaskList(TaskSamples.beads).ticking("bd-xk")
                == TaskSamples.beads.replacing(
                    "\"Then\",\"status\":\"open\"", with: "\"Then\",\"status\":\"closed\""))
        for text in TaskSamples.all { #expect(TaskList(text).text == text) }
    }

    @Test("our own fields are read; a budget that cannot be read keeps the task from being begun")
    func fields() throws {
        let list = TaskList(TaskSamples.own)
        let task = try #require(list.tasks.first)
        #expect(task.after == ["T0", "T9"] && task.files == ["src/**", "docs"])
        #expect(task.tests == ["t/**"] && task.accept == ["US1-AC1 it works"])
        #expect(
            task.budget == BudgetLimits(microDollars: 1_500_000, calls: 40, wall: .minutes(10)))
        #expect(list.tasks[1].flaw?.contains("`usd=lots`") == true)
    }

    @Test("damaged lists: no trap, the text is kept, and a tick changes only what it has to")
    func mutations() {
        let seed = UInt64.random(in: 1 ... .max)
        print("mutated tasks: seed \(seed)")
        var lists = MutatedTasks(seed: seed)
        #expect(lists.play(20_000) == nil, "seed \(seed)")
        #expect(lists.ticks > 0)
        #expect(lists.ticks < 20_000)
    }
}
