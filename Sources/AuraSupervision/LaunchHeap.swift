import AuraModel

/// What is due when, for any number of names: the earliest is at hand, and each name has one place.
///
/// A binary heap with the position of each name: `set` and `remove` are O(log n), `first` is O(1).
/// Equal instants go by name, so that the order never depends on what came before.
struct LaunchHeap: Sendable {
    private var places: [AutomatonName: Int] = [:]
    private var nodes: [Node] = []

    private struct Node: Sendable {
        var due: Instant
        var name: AutomatonName

        static func < (left: Node, right: Node) -> Bool {
            left.due == right.due ? left.name < right.name : left.due < right.due
        }
    }

    /// How many names have something due.
    var count: Int { nodes.count }

    /// The earliest: its instant and its name.
    var first: (due: Instant, name: AutomatonName)? { nodes.first.map { ($0.due, $0.name) } }

    /// How many are due by `instant`, counted up to `most`.
    func count(through instant: Instant, most: Int) -> Int {
        var count = 0
        var open = [0]
        while let place = open.popLast(), count < most {
            guard place < nodes.count, nodes[place].due <= instant else { continue }
            count += 1
            open.append(2 * place + 1)
            open.append(2 * place + 2)
        }
        return count
    }

    /// When `name` is due.
    subscript(name: AutomatonName) -> Instant? { places[name].map { nodes[$0].due } }

    /// Makes `name` due at `instant`, or never.
    mutating func set(_ name: AutomatonName, _ instant: Instant?) {
        guard let instant else { return remove(name) }
        if let place = places[name] {
            guard nodes[place].due != instant else { return }
            nodes[place].due = instant
            settle(place)
        } else {
            places[name] = nodes.count
            nodes.append(Node(due: instant, name: name))
            rise(nodes.count - 1)
        }
    }

    private mutating func remove(_ name: AutomatonName) {
        guard let place = places.removeValue(forKey: name), let last = nodes.popLast(),
            place < nodes.count
        else { return }
        nodes[place] = last
        places[last.name] = place
        settle(place)
    }

    private mutating func settle(_ place: Int) {
        rise(place)
        sink(place)
    }

    private mutating func rise(_ start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard nodes[place] < nodes[parent] else { return }
            swap(place, parent)
            place = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var place = start
        while true {
            let left = place * 2 + 1
            guard left < nodes.count else { return }
            let right = left + 1
            let child = right < nodes.count && nodes[right] < nodes[left] ? right : left
            guard nodes[child] < nodes[place] else { return }
            swap(place, child)
            place = child
        }
    }

    private mutating func swap(_ one: Int, _ other: Int) {
        nodes.swapAt(one, other)
        places[nodes[one].name] = one
        places[nodes[other].name] = other
    }
}
