import AuraAutomata

/// Task lists of every layout with bytes changed, lost, doubled and put in at random.
///
/// Whatever a list has become, reading it keeps its text, and a tick changes the mark of its task,
/// and a group's where it was the last one in it, and no other byte and no other task.
struct MutatedTasks {
    private static let sources = TaskSamples.all.map { Array($0.utf8) }
    private static let interesting = Array("[] x-*{}\"\\:,.\n\t\r`1aT_".utf8)
    /// What a mark of JSON is after a tick.
    private static let words = ["\"done\"", "\"closed\"", "true"].map { Array($0.utf8) }

    private var chance: Chance
    /// Lists in which an open task was found and ticked.
    private(set) var ticks = 0

    init(seed: UInt64) { chance = Chance(seed: seed) }

    /// Plays `count` lists; the number of the first one that came out wrong and its text, nil if all
    /// is well.
    mutating func play(_ count: Int) -> String? {
        for round in 0..<count {
            var bytes = chance.pick(Self.sources)
            mutate(&bytes)
            let text = String(decoding: bytes, as: UTF8.self)
            let list = TaskList(text)
            guard list.text.utf8.elementsEqual(text.utf8), tick(list) else {
                return "list \(round): \(text.debugDescription)"
            }
        }
        return nil
    }

    /// One to eight changes: bytes set, cut, doubled, or taken from another layout.
    private mutating func mutate(_ bytes: inout [UInt8]) {
        for _ in 0...chance.below(8) {
            guard !bytes.isEmpty else { break }
            let place = chance.below(bytes.count)
            let end = min(bytes.count, place + chance.below(12))
            switch chance.below(5) {
            case 0: bytes[place] = UInt8(chance.below(256))
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: chance.below(bytes.count))
            case 3: bytes.insert(chance.pick(Self.interesting), at: place)
            default: bytes.insert(contentsOf: chance.pick(Self.sources).prefix(40), at: place)
            }
        }
    }

    /// Ticks an open task of `list`, if there is one; false when more than that changed.
    private mutating func tick(_ list: TaskList) -> Bool {
        let open = list.tasks.filter { !$0.isDone }
        guard !open.isEmpty else { return true }
        let task = chance.pick(open)
        let ticked = list.ticking(task.id)
        let isTwin = list.tasks.count { $0.id == task.id } > 1
        guard !isTwin else { return ticked.utf8.elementsEqual(list.text.utf8) }
        ticks += 1
        let again = TaskList(ticked)
        return Self.differsInMarks(Array(list.text.utf8), Array(ticked.utf8))
            && again.tasks.count == list.tasks.count && again.nameless == list.nameless
            && zip(list.tasks, again.tasks).allSatisfy { before, after in
                after.isDone == (before.isDone || before.id == task.id)
                    && Self.isSame(before, after)
            }
    }

    /// Whether `after` is `before` but for one box or two of Markdown, or for one value of JSON.
    private static func differsInMarks(_ before: [UInt8], _ after: [UInt8]) -> Bool {
        if before.count == after.count {
            let changed = before.indices.filter { before[$0] != after[$0] }
            let isBoxes = changed.allSatisfy { place in
                after[place] == UInt8(ascii: "x") && place > 0 && place + 1 < after.count
                    && after[place - 1] == UInt8(ascii: "[")
                    && after[place + 1] == UInt8(ascii: "]")
            }
            if isBoxes { return changed.count == 1 || changed.count == 2 }
        }
        // As far as both are the same from the front, and from the back.
        let front = zip(before, after).prefix { $0 == $1 }.count
        let back = zip(before.reversed(), after.reversed()).prefix { $0 == $1 }.count
        return words.contains { word in
            (max(0, front - word.count)...front).contains { start in
                let end = start + word.count
                return end <= after.count && after.count - end <= back
                    && after[start..<end].elementsEqual(word)
            }
        }
    }

    private static func isSame(_ before: TaskList.Task, _ after: TaskList.Task) -> Bool {
        before.id == after.id && before.line == after.line && before.title == after.title
            && before.details == after.details && before.after == after.after
            && before.verify == after.verify && before.files == after.files
            && before.tests == after.tests && before.accept == after.accept
            && before.tags == after.tags && before.story == after.story
            && before.priority == after.priority && before.budget == after.budget
            && before.isParallel == after.isParallel
    }
}
