import AuraAutomata
import Testing

@Suite struct TaskListTests {
    @Test("ids, boxes and indented lines are read; prose and fences are not")
    func parse() {
        let list = TaskList(
            """
            # Tasks
            - [ ] T001 write it
              verify: make test
              - after: T000, T-2
              - tag: fix
              - touch only src/
            - [x] T000 begin
            * [X] 2.1 kiro
            prose
              verify: not mine
            ```
            - [ ] T9 example
            ```
            - [ ] no id here
            - [] T8 no box
            - [ ] a..1 bad
            - [ ] T3
            """)
        #expect(list.tasks.map(\.id) == ["T001", "T000", "2.1", "T3"])
        #expect(list.tasks.map(\.isDone) == [false, true, true, false])
        #expect(list.tasks[0].title == "write it")
        #expect(list.tasks[0].verify == ["make test"])
        #expect(list.tasks[0].after == ["T000", "T-2"])
        #expect(list.tasks[0].tags == ["fix"])
        #expect(list.tasks[0].details == ["- touch only src/"])
        #expect(list.tasks[2].verify.isEmpty)
        #expect(list.nameless == [14, 16])
    }

    @Test("a tick changes one byte, whatever the line ends and the last line are")
    func tick() {
        let text = "é\r\n- [ ] T1 ü\r\n  verify: x\r\n- [ ] T2 b"
        let list = TaskList(text)
        #expect(list.tasks.map(\.id) == ["T1", "T2"] && list.tasks[0].verify == ["x"])
        #expect(list.ticking("T1") == "é\r\n- [x] T1 ü\r\n  verify: x\r\n- [ ] T2 b")
        #expect(list.ticking("T2") == "é\r\n- [ ] T1 ü\r\n  verify: x\r\n- [x] T2 b")
        #expect(list.ticking("T3") == text)
        #expect(TaskList("- [ ] T1 a\n- [ ] T1 b").ticking("T1") == "- [ ] T1 a\n- [ ] T1 b")
    }

    @Test("no text is a trap, and a tick never changes more than its box", arguments: [1, 2, 3, 4])
    func mutations(seed: UInt64) {
        var chance = Chance(seed: seed)
        let original = Array(DevLoopTests.list.utf8)
        let pieces = Array("-*[]xX T12.:\r\n\t`~éafterverify,".utf8)
        for _ in 0..<2000 {
            var bytes = original
            for _ in 0..<chance.below(12) {
                let place = chance.below(bytes.count)
                switch chance.below(3) {
                case 0: bytes[place] = pieces[chance.below(pieces.count)]
                case 1: bytes.insert(pieces[chance.below(pieces.count)], at: place)
                default: bytes.remove(at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let list = TaskList(text)
            #expect(list.text.utf8.elementsEqual(text.utf8), "seed \(seed)")
            for task in list.tasks where !task.isDone {
                let ticked = list.ticking(task.id)
                let changed = zip(ticked.utf8, text.utf8).filter { $0 != $1 }
                let isTwin = list.tasks.filter { $0.id == task.id }.count > 1
                #expect(ticked.utf8.count == text.utf8.count, "seed \(seed)")
                #expect(changed.count == (isTwin ? 0 : 1), "seed \(seed): \(text.debugDescription)")
            }
        }
    }
}
