package import AuraModel

/// The tools that run in the worker, inside its sandbox.
///
/// A call that changes a file goes through three hands: `plan` finds out what it would change, the
/// daemon commits that as the intent, and `perform` does it. After a crash between the last two,
/// `recover` tells by the two hashes whether it happened.
package struct WorkspaceTools: Sendable {
    private let workspace: Workspace

    /// The tools over `workspace`.
    package init(workspace: Workspace) { self.workspace = workspace }

    /// What becomes of a call before it is committed.
    package enum Plan: Hashable, Sendable {
        /// To be performed, with its images filled in.
        case perform(ToolCall)
        /// Nothing is to be done: the call cannot be carried out, or its work is there already.
        case settled(ToolResult)
    }

    /// Finds out what a call would do, without doing it.
    ///
    /// Reads and searches are performed later, whole; their plan is the call itself.
    package func plan(_ call: ToolCall) -> Plan {
        var planned = call
        planned.images = []
        do throws(ToolRefusal) {
            switch try Request(call) {
            case .read, .list, .search: break
            case .edit(let tool): planned.images = [try tool.change(in: workspace).image]
            case .write(let tool):
                guard let change = try tool.change(in: workspace) else {
                    return .settled(result("\(tool.path) has this content already"))
                }
                planned.images = [change.image]
            case .patch(let tool):
                planned.images = try tool.changes(in: workspace).map(\.image)
                if planned.images.isEmpty {
                    return .settled(result("the files have this content already"))
                }
            }
            return .perform(planned)
        } catch {
            return .settled(refused(error))
        }
    }

    /// Performs a planned call: a file is changed only if it is still as it was when the call was
    /// planned.
    package func perform(_ call: ToolCall) -> ToolResult {
        do throws(ToolRefusal) {
            switch try Request(call) {
            case .read(let tool): return result(try tool.run(in: workspace))
            case .list(let tool): return result(try tool.run(in: workspace))
            case .search(let tool): return result(try tool.run(in: workspace))
            case .edit, .write, .patch: return try change(call)
            }
        } catch {
            return refused(error)
        }
    }

    /// Whether a call that was committed before a crash happened: its result if so, nil if it did
    /// not and is to be performed, and an error result when the file is neither as before nor as
    /// after.
    package func recover(_ call: ToolCall) -> ToolResult? {
        switch call.tool.effect {
        case .pure: return nil
        case .command, .external:
            return refused(.failed("\(call.tool.rawValue) is not performed here"))
        case .workspace: break
        }
        do throws(ToolRefusal) {
            var isDone = true
            for image in call.images {
                let place = try FileChange.place(image.path, in: workspace)
                FileChange.clear(place, of: call.images.count)
                let now = try FileChange.digest(at: place)
                if now == image.after { continue }
                guard now == image.before else {
                    throw .failed(
                        "indeterminate: \(image.path) is neither as it was nor as the "
                            + "call would have made it; read it before you go on")
                }
                isDone = false
            }
            // A change of several files that stopped in their middle is brought to its end.
            guard isDone else { return nil }
            return result(
                "done before a restart: " + call.images.map(\.path).joined(separator: ", "))
        } catch {
            return refused(error)
        }
    }

    private func change(_ call: ToolCall) throws(ToolRefusal) -> ToolResult {
        guard !call.images.isEmpty else {
            throw .failed("the call was not planned; make it again")
        }
        // Files that are as they are to be: a second perform of the same call changes nothing.
        var done: Set<String> = []
        for image in call.images {
            let place = try FileChange.place(image.path, in: workspace)
            let now = try FileChange.digest(at: place)
            guard now == image.after || now == image.before else { throw .changed(place.shown) }
            if now == image.after { done.insert(image.path) }
        }
        let left = call.images.filter { !done.contains($0.path) }
        guard !left.isEmpty else {
            return result("done: " + call.images.map(\.path).joined(separator: ", "))
        }
        let changes: [FileChange] =
            switch try Request(call) {
            case .edit(let tool): [try tool.change(in: workspace)]
            case .write(let tool): try tool.change(in: workspace).map { [$0] } ?? []
            case .patch(let tool): try tool.changes(in: workspace, without: done)
            case .read, .list, .search: []
            }
        guard changes.map(\.image) == left else { throw .changed(left[0].path) }
        try FileChange.write(changes, in: workspace)
        let messages = changes.map(\.message).filter { !$0.isEmpty }
        return result(messages.joined(separator: "\n"))
    }

    private func result(_ output: String) -> ToolResult {
        ToolResult(output: output, place: .worker)
    }

    private func refused(_ refusal: ToolRefusal) -> ToolResult {
        switch refusal {
        case .failed(let text): ToolResult(output: text, isError: true, place: .worker)
        case .denied(let text):
            ToolResult(output: "Denied: \(text)", isError: true, isDenied: true, place: .worker)
        }
    }
}

/// A call with its input read.
private enum Request {
    case read(ReadTool)
    case list(ListTool)
    case search(SearchTool)
    case edit(EditTool)
    case write(WriteTool)
    case patch(PatchTool)

    init(_ call: ToolCall) throws(ToolRefusal) {
        let input = Input(call)
        switch call.tool {
        case .readFile:
            self = .read(
                ReadTool(
                    path: try input.text("path"), offset: try input.count("offset") ?? 1,
                    limit: try input.count("limit") ?? ReadTool.linesMax))
        case .listFiles:
            self = .list(
                ListTool(
                    path: try input.textIfAny("path") ?? ".",
                    depth: try input.count("depth") ?? ListTool.depthDefault))
        case .search:
            self = .search(
                SearchTool(
                    pattern: try LinePattern(
                        try input.text("pattern"), isExpression: try input.truth("regex")),
                    path: try input.textIfAny("path") ?? "."))
        case .editFile:
            self = .edit(
                EditTool(
                    path: try input.text("path"), old: try input.text("old"),
                    new: try input.text("new"), isForAll: try input.truth("all")))
        case .writeFile:
            self = .write(
                WriteTool(path: try input.text("path"), content: try input.text("content")))
        case .applyPatch: self = .patch(PatchTool(patch: try input.text("patch")))
        case .runCommand, .commandOutput, .killCommand, .fetch, .serverTool:
            throw .failed("\(call.tool.rawValue) is not performed in the worker")
        }
    }
}

/// The fields of a call's input, each with its type or not at all.
private struct Input {
    private let call: ToolCall

    init(_ call: ToolCall) { self.call = call }

    func text(_ key: String) throws(ToolRefusal) -> String {
        guard let text = try textIfAny(key) else { throw wrong(key, "is missing") }
        return text
    }

    func textIfAny(_ key: String) throws(ToolRefusal) -> String? {
        guard let value = given(key) else { return nil }
        guard let text = value.stringValue else { throw wrong(key, "must be a string") }
        return text
    }

    func count(_ key: String) throws(ToolRefusal) -> Int? {
        guard let value = given(key) else { return nil }
        guard let count = value.integerValue, count >= 1 else {
            throw wrong(key, "must be a whole number from 1")
        }
        return count
    }

    func truth(_ key: String) throws(ToolRefusal) -> Bool {
        guard let value = given(key) else { return false }
        guard let truth = value.boolValue else { throw wrong(key, "must be true or false") }
        return truth
    }

    private func given(_ key: String) -> JSONValue? {
        guard let value = call.input[key], value != .null else { return nil }
        return value
    }

    private func wrong(_ key: String, _ what: String) -> ToolRefusal {
        .failed("\(call.tool.rawValue): `\(key)` \(what)")
    }
}
