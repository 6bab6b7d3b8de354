/// Which tasks of a list can be begun, and why the others cannot.
struct TaskOrder: Hashable, Sendable {
    private let list: TaskList
    /// Why a task can never be begun as the list stands, by its place in the list.
    private let faults: [Int: String]
    private let done: Set<String>

    /// The order of `list`, in which the tasks `landed` count as done.
    init(_ list: TaskList, landed: Set<String>) {
        self.list = list
        var open: Set<String> = []
        for task in list.tasks where !task.isDone && !landed.contains(task.id) {
            open.insert(task.id)
        }
        done = Set(list.tasks.map(\.id)).subtracting(open)
        faults = Self.faults(list, done: done)
    }

    /// The first task by priority, then in the order of the file, that can be begun and is not in
    /// `excluded`.
    func next(excluding excluded: Set<String>) -> TaskList.Task? {
        var found: TaskList.Task?
        for (place, task) in list.tasks.enumerated() {
            guard !done.contains(task.id), !excluded.contains(task.id), faults[place] == nil,
                task.after.allSatisfy({ done.contains($0) }),
                task.priority < found?.priority ?? Int.max
            else { continue }
            found = task
        }
        return found
    }

    /// The open task `id` if it can be begun.
    func task(_ id: String) -> TaskList.Task? {
        list.tasks.enumerated().first { place, task in
            task.id == id && !done.contains(id) && faults[place] == nil
                && task.after.allSatisfy { done.contains($0) }
        }?.element
    }

    /// Every open task outside `excluded`, with the reason for which it cannot be begun, or nil if
    /// it can.
    func open(excluding excluded: Set<String>) -> [(id: String, obstacle: String?)] {
        var rows: [(id: String, obstacle: String?)] = []
        for (place, task) in list.tasks.enumerated() {
            guard !done.contains(task.id), !task.isDone, !excluded.contains(task.id) else {
                continue
            }
            let waits = task.after.first { !done.contains($0) }.map { "waits for \($0)" }
            rows.append((task.id, faults[place] ?? waits))
        }
        return rows
    }

    private static func faults(_ list: TaskList, done: Set<String>) -> [Int: String] {
        var lines: [String: [Int]] = [:]
        for task in list.tasks { lines[task.id, default: []].append(task.line) }
        let circular = circular(list, done: done)
        let rounds = rounds(list, among: circular)
        var faults: [Int: String] = [:]
        for (place, task) in list.tasks.enumerated() where !done.contains(task.id) {
            if let twins = lines[task.id], twins.count > 1 {
                let places = twins.map(String.init).joined(separator: ", ")
                faults[place] = "its id stands more than once, in lines \(places)"
            } else if let unknown = task.after.first(where: { lines[$0] == nil }) {
                faults[place] = "`after: \(unknown)` (line \(task.line)) names no task of the list"
            } else if let round = rounds[task.id] {
                faults[place] = "its `after` lines lead in a circle: \(round)"
            } else if circular.contains(task.id) {
                faults[place] = "it waits for tasks whose `after` lines lead in a circle"
            } else if let flaw = task.flaw {
                faults[place] = flaw
            }
        }
        return faults
    }

    /// The circle that each task stands in, as `T1 (line 1) -> T2 (line 3) -> T1`.
    ///
    /// From each task the first of its needs that is in some circle is followed: at most once over
    /// every task.
    private static func rounds(
        _ list: TaskList, among circular: Set<String>
    ) -> [String: String] {
        guard !circular.isEmpty else { return [:] }
        let tasks = Dictionary(list.tasks.map { ($0.id, $0) }) { first, _ in first }
        var rounds: [String: String] = [:]
        var seen: Set<String> = []
        for start in list.tasks.map(\.id) where circular.contains(start) {
            var path: [String] = []
            var next: String? = start
            while let id = next, seen.insert(id).inserted {
                path.append(id)
                next = tasks[id]?.after.first { circular.contains($0) }
            }
            guard let id = next, let first = path.firstIndex(of: id) else { continue }
            let round = path[first...]
            let text = round.map { "\($0) (line \(tasks[$0]?.line ?? 0))" } + [id]
            for id in round { rounds[id] = Excerpt.line(text.joined(separator: " -> ")) }
        }
        return rounds
    }

    /// The tasks that wait for themselves, or for such a one: what is left when all that could be
    /// done one after the other is taken away.
    ///
    /// Linear in the list's length.
    private static func circular(_ list: TaskList, done: Set<String>) -> Set<String> {
        var waiting: [String: Int] = [:]
        var dependants: [String: [String]] = [:]
        let known = Set(list.tasks.map(\.id))
        for task in list.tasks where !done.contains(task.id) {
            let needs = Set(task.after).filter { known.contains($0) && !done.contains($0) }
            waiting[task.id, default: 0] += needs.count
            for need in needs { dependants[need, default: []].append(task.id) }
        }
        var free = waiting.filter { $0.value == 0 }.map(\.key)
        while let id = free.popLast() {
            waiting[id] = nil
            for dependant in dependants[id] ?? [] {
                guard let count = waiting[dependant] else { continue }
                waiting[dependant] = count - 1
                if count == 1 { free.append(dependant) }
            }
        }
        return Set(waiting.keys)
    }
}
