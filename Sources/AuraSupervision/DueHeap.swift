import AuraModel

/// What is due when, for any number of keys: the earliest is at hand, and each key has one place.
///
/// A binary heap with the position of each key: `set` and `remove` are O(log n), `first` is O(1).
/// Equal instants go by key, so that the order never depends on what came before.
struct DueHeap<Key: Hashable & Comparable & Sendable>: Sendable {
    private var places: [Key: Int] = [:]
    private var nodes: [Node] = []

    private struct Node: Sendable {
        var due: Instant
        var key: Key

        static func < (left: Node, right: Node) -> Bool {
            left.due == right.due ? left.key < right.key : left.due < right.due
        }
    }

    /// How many keys have something due.
    var count: Int { nodes.count }

    /// The earliest: its instant and its key.
    var first: (due: Instant, key: Key)? { nodes.first.map { ($0.due, $0.key) } }

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

    /// When `key` is due.
    subscript(key: Key) -> Instant? { places[key].map { nodes[$0].due } }

    /// Makes `key` due at `instant`, or never.
    mutating func set(_ key: Key, _ instant: Instant?) {
        guard let instant else { return remove(key) }
        if let place = places[key] {
            guard nodes[place].due != instant else { return }
            nodes[place].due = instant
            settle(place)
        } else {
            places[key] = nodes.count
            nodes.append(Node(due: instant, key: key))
            rise(nodes.count - 1)
        }
    }

    private mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key), let last = nodes.popLast(),
            place < nodes.count
        else { return }
        nodes[place] = last
        places[last.key] = place
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
        places[nodes[one].key] = one
        places[nodes[other].key] = other
    }
}
