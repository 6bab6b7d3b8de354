/// A place in a file that a person wrote.
struct Place: Hashable, Sendable {
    /// From 1.
    var line: Int
    /// From 1, in Unicode scalars.
    var column: Int

    static let start = Place(line: 1, column: 1)
}

/// One node of a YAML file with the place where it begins: what the readers work on.
struct ConfigurationNode: Hashable, Sendable {
    /// What stands at the place.
    enum Value: Hashable, Sendable {
        case scalar(Scalar)
        case sequence([ConfigurationNode])
        /// In the file's order, each key once.
        case mapping([Member])
        /// Something that was already reported, of which nothing more is known.
        case refused
    }

    /// A text, a number or a truth: which one the reader's schema decides.
    struct Scalar: Hashable, Sendable {
        var text: String
        /// Whether it stands without quotes and is no block, so that it may be a number, a truth or
        /// null.
        var isPlain: Bool
        /// The column of the text's first character; nil where columns of the text and the file
        /// differ.
        var textColumn: Int?

        /// Whether nothing at all stands here.
        var isEmpty: Bool { isPlain && text.isEmpty }

        /// Whether it is one of the spellings of null in YAML's core schema, or nothing.
        var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }
    }

    /// A key and what it leads to.
    struct Member: Hashable, Sendable {
        var key: String
        var place: Place
        var value: ConfigurationNode
    }

    var place: Place
    var value: Value

    /// What stands here, as a message quotes it.
    var quotation: String {
        switch value {
        case .scalar(let scalar) where scalar.text.isEmpty:
            scalar.isPlain ? "nothing" : "an empty text"
        case .scalar(let scalar): Quotation.of(scalar.text)
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .refused: "nothing that can be read"
        }
    }
}

/// Quotes a piece of a file in a message.
enum Quotation {
    /// A longer quotation would bury the message it stands in.
    private static let lengthMax = 40

    /// `text` in back quotes on one line: cut where it is long, other control characters spelled
    /// out.
    static func of(_ text: String) -> String {
        var shown = ""
        var length = 0
        for scalar in text.unicodeScalars {
            guard length < lengthMax, scalar != "\n" else { return "`\(shown)...`" }
            let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            shown +=
                isControl ? "U+" + String(scalar.value, radix: 16, uppercase: true) : "\(scalar)"
            length += 1
        }
        return "`\(shown)`"
    }
}
