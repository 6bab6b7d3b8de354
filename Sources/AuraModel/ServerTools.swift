/// What a server says of its tools and answers, made safe and bounded: all of it ends up before a
/// model.
enum ServerTools {
    /// 2 KiB of description: what a model needs to choose a tool, and no essay in every request.
    static let descriptionBytesMax = 2 << 10
    /// 16 KiB and 24 levels of schema.
    static let schemaBytesMax = 16 << 10
    static let schemaDepthMax = 24

    /// The declared tools among `found`, in the declared order, whatever order they came in.
    ///
    /// What a model sees stays the same from run to run, so that providers can cache it.
    static func listing(of found: [JSONValue], _ declaration: ServerDeclaration) -> ServerListing {
        var tools: [ServedTool] = []
        var problems: [String] = []
        for name in declaration.tools {
            let said = found.filter { $0["name"]?.stringValue == name }
            guard let only = said.first, said.count == 1,
                let callName = declaration.callName(of: name)
            else {
                problems.append(
                    said.isEmpty ? "there is no tool `\(name)`" : "there are two tools `\(name)`")
                continue
            }
            let schema = only["inputSchema"] ?? .null
            if let flaw = flaw(in: schema) {
                problems.append("the schema of `\(name)` \(flaw)")
                continue
            }
            let description = self.description(only)
            tools.append(
                ServedTool(
                    name: callName, server: declaration.name, tool: name, description: description,
                    input: completed(schema), mark: mark(description, schema)))
        }
        let problem = problems.isEmpty ? nil : problems.joined(separator: "; ")
        return ServerListing(name: declaration.name, tools: tools, problem: problem)
    }

    private static func description(_ tool: JSONValue) -> String {
        let said = tool["description"]?.stringValue ?? tool["title"]?.stringValue ?? ""
        let head = String(decoding: said.utf8.prefix(descriptionBytesMax), as: UTF8.self)
        let safe = SafeText.lines(head).joined(separator: "\n")
        return said.utf8.count > descriptionBytesMax ? safe + " [cut]" : safe
    }

    /// Why a schema is not shown to a model; nil for one that is.
    private static func flaw(in schema: JSONValue) -> String? {
        guard case .object = schema, schema["type"] == .string("object") else {
            return "is none of an object"
        }
        guard let text = try? JSON.text(schema), text.utf8.count <= schemaBytesMax else {
            return "has more than \(SizeText.format(schemaBytesMax))"
        }
        return flaw(in: schema, depth: 0)
    }

    /// A reference to somewhere else would have to be fetched, by us or by a provider.
    private static func flaw(in value: JSONValue, depth: Int) -> String? {
        guard depth < schemaDepthMax else { return "is deeper than \(schemaDepthMax)" }
        switch value {
        case .object(let members):
            if let reference = members["$ref"]?.stringValue, !reference.hasPrefix("#") {
                return "refers to \(SafeText.brief(reference, max: 80))"
            }
            return members.values.lazy.compactMap { flaw(in: $0, depth: depth + 1) }.first
        case .array(let items):
            return items.lazy.compactMap { flaw(in: $0, depth: depth + 1) }.first
        case .null, .bool, .integer, .number, .string: return nil
        }
    }

    /// Some providers refuse an object without properties.
    private static func completed(_ schema: JSONValue) -> JSONValue {
        guard case .object(var members) = schema else { return schema }
        members["properties"] = members["properties"] ?? .object([:])
        return .object(members)
    }

    private static func mark(_ description: String, _ schema: JSONValue) -> String {
        let text = (try? JSON.text(schema)) ?? ""
        return HexText.text(SHA256Digest.of(Array("\(description)\n\(text)".utf8)))
    }

    /// An answer's blocks as text; what is none is named with its size.
    static func text(of result: JSONValue) -> String {
        var parts: [String] = []
        if case .array(let blocks)? = result["content"] { parts = blocks.map(text(ofBlock:)) }
        if parts.isEmpty, let structured = result["structuredContent"] {
            parts = [(try? JSON.text(structured)) ?? ""]
        }
        return parts.joined(separator: "\n")
    }

    private static func text(ofBlock block: JSONValue) -> String {
        let type = block["type"]?.stringValue ?? ""
        switch type {
        case "text": return block["text"]?.stringValue ?? ""
        case "resource":
            let uri = SafeText.brief(block["resource"]?["uri"]?.stringValue ?? "")
            guard let text = block["resource"]?["text"]?.stringValue else {
                return "[resource \(uri): not text, not shown]"
            }
            return "[resource \(uri)]\n\(text)"
        case "resource_link":
            return "[resource \(SafeText.brief(block["uri"]?.stringValue ?? "")): not read]"
        default:
            let count = block["data"]?.stringValue?.utf8.count ?? 0
            let name = SafeText.brief(type, max: 40)
            return "[\(name.isEmpty ? "something" : name), \(count) bytes in base64: not shown]"
        }
    }
}
