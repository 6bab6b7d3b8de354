import CYAML

/// What libyaml says is wrong with a text.
struct YAMLFault: Error {
    var place: Place
    /// In libyaml's words: `while parsing a block mapping: did not find expected key`.
    var message: String
}

/// One step through a YAML text.
struct YAMLEvent {
    /// What the step found.
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias
        case scalar(text: String, style: Style)
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }

    /// How a scalar is written.
    enum Style {
        case plain, quoted, block
    }

    var kind: Kind
    var start: Place
    var end: Place
    /// The name after `&`, or after `*` in an alias.
    var anchor: String?
    /// What stands after `!`, as libyaml resolves it.
    var tag: String?
}

/// libyaml's parser over one text, read once from front to back.
///
/// The only file that calls libyaml. The text is bounded by whoever makes it.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    /// A parser at the start of `text`; nil when there is no memory for one.
    init?(_ text: String) {
        let utf8 = Array(text.utf8)
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        // At least one byte: libyaml asserts that its input is not null.
        bytes = .allocate(capacity: max(1, utf8.count))
        _ = bytes.initialize(from: utf8)
        // SAFETY: both allocations live as long as this value, and the parser is deleted before
        // them.
        guard yaml_parser_initialize(parser) == 1 else { return nil }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, utf8.count)
    }

    deinit {
        // SAFETY: the parser was initialised; after a failed initialisation libyaml left it zeroed,
        // which deletes as empty.
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    /// The next event.
    ///
    /// Nothing may be asked for after `streamEnd` or an error.
    mutating func next() throws(YAMLFault) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw fault() }
        defer { yaml_event_delete(&event) }
        return Self.translate(event)
    }

    // SAFETY: each branch reads the member of the union that libyaml filled for that event type;
    // all texts are copied before the event is deleted.
    private static func translate(_ event: yaml_event_t) -> YAMLEvent {
        var anchor: UnsafeMutablePointer<yaml_char_t>?
        var tag: UnsafeMutablePointer<yaml_char_t>?
        let kind: YAMLEvent.Kind
        switch event.type {
        case YAML_STREAM_START_EVENT: kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_ALIAS_EVENT:
            anchor = event.data.alias.anchor
            kind = .alias
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            anchor = scalar.anchor
            tag = scalar.tag
            let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            kind = .scalar(text: String(decoding: text, as: UTF8.self), style: style(scalar.style))
        case YAML_SEQUENCE_START_EVENT:
            anchor = event.data.sequence_start.anchor
            tag = event.data.sequence_start.tag
            kind = .sequenceStart
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            anchor = event.data.mapping_start.anchor
            tag = event.data.mapping_start.tag
            kind = .mappingStart
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        default: kind = .streamEnd
        }
        return YAMLEvent(
            kind: kind, start: place(event.start_mark), end: place(event.end_mark),
            anchor: anchor.map { String(cString: $0) }, tag: tag.map { String(cString: $0) })
    }

    private static func style(_ style: yaml_scalar_style_t) -> YAMLEvent.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: .quoted
        case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
        default: .plain
        }
    }

    private static func place(_ mark: yaml_mark_t) -> Place {
        Place(line: mark.line + 1, column: mark.column + 1)
    }

    // SAFETY: problem and context are static texts of libyaml.
    private func fault() -> YAMLFault {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "out of memory"
        // The reader fails before there are marks: it knows a byte's offset only.
        guard state.error != YAML_READER_ERROR else {
            return YAMLFault(place: place(ofByte: state.problem_offset), message: problem)
        }
        let place = Self.place(state.problem_mark)
        guard let context = state.context.map({ String(cString: $0) }) else {
            return YAMLFault(place: place, message: problem)
        }
        let start = Self.place(state.context_mark)
        let from = start == place ? "" : " from line \(start.line), column \(start.column)"
        return YAMLFault(place: place, message: "\(context)\(from): \(problem)")
    }

    private func place(ofByte offset: Int) -> Place {
        var place = Place.start
        for byte in bytes.prefix(max(0, offset)) {
            if byte == UInt8(ascii: "\n") {
                place = Place(line: place.line + 1, column: 1)
            } else if byte & 0xc0 != 0x80 {
                // A byte that continues a scalar is no column of its own.
                place.column += 1
            }
        }
        return place
    }
}
