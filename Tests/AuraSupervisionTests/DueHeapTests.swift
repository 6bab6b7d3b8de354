import AuraModel
import Testing

@testable import AuraSupervision

/// The heap of what is due, against a plain dictionary of the same.
@Suite struct DueHeapTests {
    /// More names than one page of the heap holds nodes.
    private static let names = (0..<1_500).compactMap { AutomatonName("automaton-\($0)") }

    /// In the order in which they are due.
    private static func sorted(
        _ model: [AutomatonName: Instant]
    ) -> [(due: Instant, name: AutomatonName)] {
        model.map { (due: $0.value, name: $0.key) }.sorted { ($0.due, $0.name) < ($1.due, $1.name) }
    }

    private static func check(
        _ heap: DueHeap<AutomatonName>, _ model: [AutomatonName: Instant], _ seed: UInt64
    ) {
        let sorted = sorted(model)
        #expect(heap.count == model.count, "seed \(seed)")
        #expect(heap.first?.due == sorted.first?.due, "seed \(seed)")
        #expect(heap.first?.key == sorted.first?.name, "seed \(seed)")
        for place in [0, sorted.count / 3, sorted.count - 1] where sorted.indices.contains(place) {
            let due = sorted[place].due
            let through = sorted.count { $0.due <= due }
            #expect(heap.count(through: due, most: .max) == through, "seed \(seed)")
            #expect(heap.count(through: due, most: 7) == min(7, through), "seed \(seed)")
        }
        let wrong = names.filter { heap[$0] != model[$0] }
        #expect(wrong.isEmpty, "seed \(seed)")
    }

    @Test(
        "whatever is planned, moved and forgotten: each name has one place, and the earliest is first",
        arguments: (1...6).map { UInt64($0) &* 0x1234_5678_9ABC_DEF1 })
    func order(seed: UInt64) {
        var chance = SeededGenerator(state: seed)
        var heap = DueHeap<AutomatonName>()
        var model: [AutomatonName: Instant] = [:]
        // Few instants, so that many are due together.
        func instant() -> Instant { Instant(milliseconds: Int.random(in: 0..<400, using: &chance)) }
        for step in 0..<4_000 {
            switch Int.random(in: 0..<10, using: &chance) {
            case 0..<2:
                // As the kernel does with what is due: out, and in again later.
                guard let first = heap.first else { continue }
                heap.set(first.key, nil)
                heap.set(first.key, first.due + Milliseconds(100))
                model[first.key] = first.due + Milliseconds(100)
            case 2..<4:
                guard let name = Self.names.randomElement(using: &chance) else { continue }
                heap.set(name, nil)
                model[name] = nil
            default:
                guard let name = Self.names.randomElement(using: &chance) else { continue }
                let due = instant()
                heap.set(name, due)
                model[name] = due
            }
            if step.isMultiple(of: 500) { Self.check(heap, model, seed) }
        }
        Self.check(heap, model, seed)
        Self.drain(heap, model, seed)
    }

    @Test(
        "a copy stays as it was while the heap goes on, and comes out in order",
        arguments: [1, 2] as [UInt64])
    func copies(seed: UInt64) {
        var chance = SeededGenerator(state: seed)
        var heap = DueHeap<AutomatonName>()
        var model: [AutomatonName: Instant] = [:]
        for name in Self.names {
            let due = Instant(milliseconds: Int.random(in: 0..<100_000, using: &chance))
            heap.set(name, due)
            model[name] = due
        }
        let copy = heap
        for name in Self.names.shuffled(using: &chance).prefix(1_200) { heap.set(name, nil) }
        #expect(heap.count == Self.names.count - 1_200, "seed \(seed)")
        Self.drain(copy, model, seed)
    }

    /// Takes the earliest until nothing is left.
    private static func drain(
        _ heap: DueHeap<AutomatonName>, _ model: [AutomatonName: Instant], _ seed: UInt64
    ) {
        var heap = heap
        var drained: [AutomatonName] = []
        while let first = heap.first, drained.count <= model.count {
            drained.append(first.key)
            heap.set(first.key, nil)
        }
        #expect(drained == sorted(model).map(\.name), "seed \(seed)")
        #expect(heap.first == nil && heap.count == 0, "seed \(seed)")
    }
}
