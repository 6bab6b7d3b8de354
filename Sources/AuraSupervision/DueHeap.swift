package import AuraModel

/// What is due when, for any number of keys: the earliest is at hand, and each key has one place.
///
/// A binary heap with the position of each key: `set` is O(log n), `first` is O(1). Equal instants go
/// by key, so that the order never depends on what came before.
///
/// Nothing in it stops for long, however many keys there are: all of it lies in pieces of bounded
/// size, so that no step moves a million keys into twice the room, or copies them because a foresight
/// holds the heap as it was. A key has a number for as long as it is in: what moves are numbers.
package struct DueHeap<Key: Hashable & Comparable & Sendable>: Sendable {
    private struct Node: Sendable {
        var due: Instant
        var number: Int32
    }

    private var nodes = Pages<Node>()
    /// The key of each number, and where that stands in `nodes`; of no meaning for those that are
    /// free.
    private var keys = Pages<Key>()
    private var places = Pages<Int32>()
    private var free = Pages<Int32>()
    private var numbers = NumberTables<Key>()
    /// The number of the key that was removed last, kept for it: what has come due is planned anew at
    /// once, as a rule.
    private var kept: Int32?

    /// Nothing is due.
    package init() {}

    /// How many keys have something due.
    package var count: Int { nodes.count }

    /// The earliest: its instant and its key.
    package var first: (due: Instant, key: Key)? {
        guard nodes.count > 0 else { return nil }
        return (nodes[0].due, keys[Int(nodes[0].number)])
    }

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
    package subscript(key: Key) -> Instant? {
        guard let number = numbers[key], number != kept else { return nil }
        return nodes[Int(places[Int(number)])].due
    }

    /// Makes `key` due at `instant`, or never.
    package mutating func set(_ key: Key, _ instant: Instant?) {
        guard let instant else { return remove(key) }
        if let number = numbers[key], number != kept {
            let place = Int(places[Int(number)])
            guard nodes[place].due != instant else { return }
            settle(Node(due: instant, number: number), at: place)
        } else {
            let node = Node(due: instant, number: takeNumber(for: key))
            nodes.append(node)
            rise(node, from: nodes.count - 1)
        }
    }

    private mutating func takeNumber(for key: Key) -> Int32 {
        if let kept, keys[Int(kept)] == key {
            self.kept = nil
            return kept
        }
        let number: Int32
        if free.count > 0 {
            number = free.removeLast()
            keys[Int(number)] = key
        } else {
            number = Int32(keys.count)
            keys.append(key)
            places.append(0)
        }
        numbers[key] = number
        return number
    }

    private mutating func remove(_ key: Key) {
        guard let number = numbers[key], number != kept else { return }
        if let kept {
            numbers[keys[Int(kept)]] = nil
            free.append(kept)
        }
        kept = number
        let place = Int(places[Int(number)])
        let last = nodes.removeLast()
        // Whatever stood last takes the place, unless it was the one.
        if place < nodes.count { settle(last, at: place) }
    }

    /// Puts `node` where it belongs; `place` is free.
    private mutating func settle(_ node: Node, at place: Int) {
        if place > 0, isBefore(node, nodes[(place - 1) / 2]) {
            rise(node, from: place)
        } else {
            sink(node, from: place)
        }
    }

    private mutating func rise(_ node: Node, from start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            let above = nodes[parent]
            guard isBefore(node, above) else { break }
            put(above, at: place)
            place = parent
        }
        put(node, at: place)
    }

    private mutating func sink(_ node: Node, from start: Int) {
        var place = start
        while true {
            let left = place * 2 + 1
            guard left < nodes.count else { break }
            let right = left + 1
            let child =
                right < nodes.count && isBefore(nodes[right], nodes[left]) ? right : left
            let below = nodes[child]
            guard isBefore(below, node) else { break }
            put(below, at: place)
            place = child
        }
        put(node, at: place)
    }

    private mutating func put(_ node: Node, at place: Int) {
        nodes[place] = node
        places[Int(node.number)] = Int32(place)
    }

    private func isBefore(_ left: Node, _ right: Node) -> Bool {
        left.due == right.due
            ? keys[Int(left.number)] < keys[Int(right.number)] : left.due < right.due
    }
}

/// An array that grows, and is copied, a page at a time.
private struct Pages<Element: Sendable>: Sendable {
    private(set) var count = 0
    private var pages: [[Element]] = []

    /// 2 to the 10th: at most 16 KiB a page, copied in a microsecond; a million fill a thousand.
    private static var bits: Int { 10 }
    private static var inPage: Int { 1 << bits - 1 }

    subscript(place: Int) -> Element {
        get { pages[place >> Self.bits][place & Self.inPage] }
        set { pages[place >> Self.bits][place & Self.inPage] = newValue }
    }

    mutating func append(_ element: Element) {
        if count & Self.inPage == 0 { pages.append([]) }
        pages[count >> Self.bits].append(element)
        count += 1
    }

    /// There is one to remove.
    mutating func removeLast() -> Element {
        count -= 1
        let element = pages[count >> Self.bits].removeLast()
        if count & Self.inPage == 0 { pages.removeLast() }
        return element
    }
}

/// The number of each key, in many small tables: one grows, or is copied, at a time.
private struct NumberTables<Key: Hashable & Sendable>: Sendable {
    private var tables = [[Key: Int32]](repeating: [:], count: Self.tablesCount)

    /// 1024: of a million keys each has a thousand, which are copied, or move into twice the room, in
    /// some tens of microseconds.
    private static var tablesCount: Int { 1024 }

    subscript(key: Key) -> Int32? {
        get { tables[Self.table(of: key)][key] }
        set { tables[Self.table(of: key)][key] = newValue }
    }

    /// Which one it is says nothing of the order in which anything is due.
    private static func table(of key: Key) -> Int {
        Int(UInt(bitPattern: key.hashValue) % UInt(tablesCount))
    }
}
