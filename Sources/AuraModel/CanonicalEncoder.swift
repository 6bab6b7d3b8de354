/// Writes values in the house's JSON dialect straight into bytes: the same bytes as
/// FoundationEssentials' encoder with sorted keys.
///
/// FoundationEssentials' encoder builds a tree of objects first and takes about 20 microseconds for
/// an entry; at 64 writers that is more than all of LMDB's work. This one appends as it goes and
/// sorts the members of an object when it ends. A test compares the two on every kind of fact.
///
/// One restriction: a container must not be written to while one nested in it is still being filled
/// and filled again after. No synthesised coding does that.
package final class CanonicalEncoder {
    /// What was written so far.
    ///
    /// One access each: the runtime checks every access to a class's variable.
    package var text = CanonicalText()

    /// An encoder that wrote nothing yet.
    package init() {}

    /// Appends `value` and says where it stands.
    ///
    /// Throws what the value's own coding throws.
    package func append(_ value: some Encodable) throws -> Range<Int> {
        let start = text.bytes.count
        try writeValue(value)
        return start..<text.bytes.count
    }

    /// Appends `entry` with `previous` in the place of its own, and says where it stands.
    ///
    /// The same bytes as by its coding: written out because every append of the record needs it,
    /// and member by member takes three times as long. Throws what its fact's coding throws.
    package func append(_ entry: borrowing Entry, previous: String) throws -> Range<Int> {
        let start = text.bytes.count
        text.append("{\"at\":")
        text.write(entry.at.milliseconds)
        if let automaton = entry.automaton {
            text.append(",\"automaton\":")
            text.write(automaton.text)
        }
        if let number = entry.automatonSequence {
            text.append(",\"automatonSequence\":")
            text.write(number)
        }
        text.append(",\"fact\":")
        try writeValue(entry.fact)
        if let generation = entry.generation {
            text.append(",\"generation\":")
            text.write(generation)
        }
        if let parent = entry.parent {
            text.append(",\"parent\":")
            text.write(parent.text)
        }
        text.append(",\"previous\":")
        text.write(previous)
        text.append(",\"principal\":")
        text.write(entry.principal.name)
        if let run = entry.run {
            text.append(",\"run\":")
            text.write(run.text)
        }
        text.append(",\"sequence\":")
        text.write(entry.sequence)
        text.append("}")
        return start..<text.bytes.count
    }

    /// The text of `value` alone; what was written before is forgotten.
    package func text(of value: some Encodable) throws -> String {
        text.reset()
        let range = try append(value)
        return String(decoding: text.bytes[range], as: UTF8.self)
    }

    /// Writes a value in the place that was begun for it.
    func writeValue(_ value: some Encodable) throws {
        let depth = text.push()
        try value.encode(to: CanonicalLevel(encoder: self, depth: depth))
        text.close(to: depth)
    }
}
