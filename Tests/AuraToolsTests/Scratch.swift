import AuraModel
import AuraTools
import Glibc
import Testing

/// A directory of its own for one test: a workspace, and beside it what must not be reached.
final class Scratch {
    let top: String
    let tools: WorkspaceTools

    var root: String { top + "/ws" }

    init() throws {
        var template = Array("/tmp/aura-tools-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        top = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try #require(mkdir(top + "/ws", 0o755) == 0)
        tools = WorkspaceTools(workspace: try Workspace(root: top + "/ws"))
    }

    deinit { remove(top) }

    private func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR, let stream = opendir(path) {
            var names: [String] = []
            while let entry = readdir(stream) {
                names.append(
                    withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                    })
            }
            closedir(stream)
            for name in names where name != "." && name != ".." { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    /// Writes a file under the top directory, with the directories on its way.
    func put(_ path: String, _ bytes: [UInt8]) {
        var prefix = top
        for part in path.split(separator: "/").dropLast() {
            prefix += "/" + part
            mkdir(prefix, 0o755)
        }
        guard let file = fopen(top + "/" + path, "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    func put(_ path: String, _ text: String) { put(path, Array(text.utf8)) }

    /// The text of a file under the top directory; nil when there is none.
    func get(_ path: String) -> String? {
        guard let file = fopen(top + "/" + path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    func link(_ path: String, to target: String) { symlink(target, top + "/" + path) }

    static func call(_ tool: ToolName, _ input: [String: JSONValue]) -> ToolCall {
        ToolCall(use: "u", tool: tool, input: .object(input))
    }

    static func edit(_ path: String, _ old: String, _ new: String, all: Bool = false) -> ToolCall {
        call(
            .editFile,
            [
                "path": .string(path), "old": .string(old), "new": .string(new), "all": .bool(all),
            ])
    }

    static func write(_ path: String, _ content: String) -> ToolCall {
        call(.writeFile, ["path": .string(path), "content": .string(content)])
    }

    static func read(_ path: String) -> ToolCall { call(.readFile, ["path": .string(path)]) }

    /// Plans a call and performs it, as the worker does.
    func run(_ call: ToolCall) -> ToolResult {
        switch tools.plan(call) {
        case .settled(let result): result
        case .perform(let planned): tools.perform(planned)
        }
    }

    /// The call with its images; fails the test if it is settled at once.
    func planned(_ call: ToolCall) throws -> ToolCall {
        switch tools.plan(call) {
        case .perform(let planned): return planned
        case .settled(let result):
            Issue.record("settled: \(result)")
            return call
        }
    }
}
