/// Reads a YAML text into nodes: one document, without anchors, aliases, tags or repeated keys.
///
/// What YAML could do beyond that (a file that grows when it is expanded, a text that is a number
/// by its tag) surprises in a file that grants rights and money, so it is refused.
struct YAMLTree: ~Copyable {
    /// 1 MiB: a definition has a few KiB, and a file is held in memory several times over.
    static let bytesMax = 1 << 20

    /// 32: the deepest schema here has six levels, a scripted tool's input a few more.
    static let depthMax = 32

    /// 50,000: a script of a thousand turns has fewer nodes.
    static let nodesMax = 50_000

    private var events: YAMLEvents
    private var report: Report
    private var nodeCount = 0

    private init(_ events: consuming YAMLEvents, _ report: Report) {
        self.events = events
        self.report = report
    }

    /// The node of the text's document; nil, and the reason in `report`, where there is no whole
    /// one.
    static func read(_ text: String, _ report: inout Report) -> ConfigurationNode? {
        guard text.utf8.count <= bytesMax else {
            report.add(
                .start, "the file has \(text.utf8.count) bytes, expected at most \(bytesMax)")
            return nil
        }
        guard let events = YAMLEvents(text) else {
            report.add(.start, "out of memory while reading the file")
            return nil
        }
        var tree = YAMLTree(events, report)
        let node = tree.document()
        report = tree.report
        return node
    }

    /// Why reading ended early.
    private struct Stop: Error {
        var place: Place
        var message: String
        var hint: String?
    }

    private mutating func document() -> ConfigurationNode? {
        do throws(Stop) {
            _ = try next()
            var event = try next()
            guard case .documentStart = event.kind else {
                throw Stop(place: .start, message: "the file is empty, expected a mapping")
            }
            event = try next()
            let node = try node(event, depth: 1)
            _ = try next()
            event = try next()
            guard case .streamEnd = event.kind else {
                throw Stop(
                    place: event.start, message: "a second document begins, expected one per file",
                    hint: "remove the `---`, or move what follows into a file of its own")
            }
            return node
        } catch {
            report.add(error.place, error.message, hint: error.hint)
            return nil
        }
    }

    private mutating func next() throws(Stop) -> YAMLEvent {
        do throws(YAMLFault) {
            return try events.next()
        } catch {
            throw Stop(
                place: error.place, message: "not YAML: \(error.message)",
                hint: Self.hint(error.message))
        }
    }

    /// What most often lies behind a message of libyaml.
    private static func hint(_ message: String) -> String? {
        if message.contains("cannot start any token") {
            return "indent with spaces, never with tabs; quote a text that begins with @ ` or %"
        }
        if message.contains("mapping values are not allowed") {
            return "put quotes around a text that has a colon and a blank in it"
        }
        if message.contains("did not find expected key")
            || message.contains("could not find expected ':'")
        {
            return "keys of one mapping begin in the same column and end with a colon and a blank"
        }
        return nil
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(Stop) -> ConfigurationNode {
        nodeCount += 1
        guard nodeCount <= Self.nodesMax else {
            throw Stop(
                place: event.start, message: "the file has more than \(Self.nodesMax) values")
        }
        guard depth <= Self.depthMax else {
            throw Stop(
                place: event.start, message: "nested more than \(Self.depthMax) levels deep")
        }
        refuseExtras(of: event)
        switch event.kind {
        case .scalar(let text, let style):
            let scalar = ConfigurationNode.Scalar(
                text: text, isPlain: style == .plain,
                textColumn: Self.textColumn(event, text, style))
            return ConfigurationNode(place: event.start, value: .scalar(scalar))
        case .sequenceStart:
            return ConfigurationNode(place: event.start, value: try sequence(depth))
        case .mappingStart:
            return ConfigurationNode(place: event.start, value: try mapping(depth))
        case .alias, .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd,
            .mappingEnd:
            return ConfigurationNode(place: event.start, value: .refused)
        }
    }

    private mutating func refuseExtras(of event: YAMLEvent) {
        if case .alias = event.kind {
            report.add(
                event.start, "found the alias `*\(event.anchor ?? "")`, expected the value itself",
                hint: "write the value out: a file here means what it shows")
        } else if let anchor = event.anchor {
            report.add(
                event.start, "found the anchor `&\(anchor)`, expected a value without one",
                hint: "write the value out wherever it is needed")
        }
        if var tag = event.tag {
            let standard = "tag:yaml.org,2002:"
            if tag.hasPrefix(standard) { tag = "!!" + tag.dropFirst(standard.count) }
            report.add(
                event.start, "found the tag \(Quotation.of(tag)), expected a value without one",
                hint: "remove it: the key decides what a value is")
        }
    }

    private mutating func sequence(_ depth: Int) throws(Stop) -> ConfigurationNode.Value {
        var items: [ConfigurationNode] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { return .sequence(items) }
            items.append(try node(event, depth: depth + 1))
        }
    }

    private mutating func mapping(_ depth: Int) throws(Stop) -> ConfigurationNode.Value {
        var members: [ConfigurationNode.Member] = []
        var places: [String: Place] = [:]
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { return .mapping(members) }
            let key = try node(event, depth: depth + 1)
            let value = try node(try next(), depth: depth + 1)
            guard case .scalar(let scalar) = key.value, !scalar.isNull else {
                if key.value != .refused {
                    report.add(key.place, "found \(key.quotation) as a key, expected a name")
                }
                continue
            }
            if let first = places[scalar.text] {
                report.add(
                    key.place,
                    "the key \(Quotation.of(scalar.text)) stands here a second time, "
                        + "the first is on line \(first.line), column \(first.column)",
                    hint: "keep one of the two")
                continue
            }
            places[scalar.text] = key.place
            members.append(.init(key: scalar.text, place: key.place, value: value))
        }
    }

    /// Where a scalar's own text begins, if its columns are the file's: on one line and without
    /// escapes.
    private static func textColumn(
        _ event: YAMLEvent, _ text: String, _ style: YAMLEvent.Style
    ) -> Int? {
        let quotes = style == .quoted ? 2 : 0
        guard style != .block, event.start.line == event.end.line,
            event.end.column - event.start.column == text.unicodeScalars.count + quotes
        else { return nil }
        return event.start.column + quotes / 2
    }
}
