extension EntryText {
    /// The tool with what it is about: `edit_file calc.sh`, `run_command make test`.
    package static func title(of call: ToolCall) -> String {
        let key =
            switch call.tool {
            case .readFile, .listFiles, .editFile, .writeFile: "path"
            case .search: "pattern"
            case .runCommand, .commandOutput, .killCommand: "command"
            case .applyPatch: "patch"
            case .fetch: "url"
            case .serverTool: ""
            }
        if let served = call.served {
            let input = (try? JSON.text(call.input)) ?? ""
            return SafeText.brief("\(served.server).\(served.tool) \(input)", max: 100)
        }
        guard let value = call.input[key], let about = text(of: value, call.tool), !about.isEmpty
        else { return call.tool.rawValue }
        let mark = call.isBackground ? " &" : ""
        let method = call.input["method"]?.stringValue.map { SafeText.firstLine($0, max: 8) + " " }
        return "\(call.tool.rawValue) \(method ?? "")\(SafeText.firstLine(about, max: 80))\(mark)"
    }

    private static func text(of value: JSONValue, _ tool: ToolName) -> String? {
        if let number = value.integerValue { return String(number) }
        guard tool == .applyPatch else { return value.stringValue }
        return PatchPaths.named(in: value.stringValue ?? "").joined(separator: " ")
    }
}

/// The files that a patch names, as its headers have them.
package enum PatchPaths {
    /// In order, each once; a patch that is none names none.
    package static func named(in patch: String) -> [String] {
        let marks = ["*** Update File: ", "*** Add File: ", "*** Delete File: ", "+++ b/"]
        var paths: [String] = []
        for line in patch.split(whereSeparator: \.isNewline) {
            guard let mark = marks.first(where: { line.hasPrefix($0) }) else { continue }
            let path = String(line.dropFirst(mark.count))
            if !paths.contains(path) { paths.append(path) }
        }
        return paths
    }
}
