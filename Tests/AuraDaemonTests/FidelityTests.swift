import AuraModel
import AuraSupervision
import Testing

@testable import AuraDaemon

/// What the model saw is what the record can rebuild, byte for byte.
@Suite(.serialized)
struct FidelityTests {
    private static func turn(_ tools: (String, String)...) -> String {
        let calls = tools.map { #"{"name": "\#($0.0)", "input": \#($0.1)}"# }
        return #"{"text": "Next.", "tools": [\#(calls.joined(separator: ", "))]}"#
    }

    private static let script: String = {
        var turns = [
            turn(
                ("read_file", #"{"path": "a"}"#), ("teleport", "{}"),
                ("search", #"{"pattern": "x"}"#)),
            turn(
                ("run_command", #"{"command": "serve", "background": true}"#),
                ("run_command", #"{"command": "make"}"#)),
            turn(("read_file", #"{"path": "keys"}"#)),
            turn(("write_file", #"{"path": "b", "content": "\u00e9\n"}"#)),
        ]
        turns += (1...9).map { turn(("read_file", #"{"path": "long \#($0)"}"#)) }
        turns += [
            turn(("kill_command", #"{"command": 5}"#)),
            turn(("finish", #"{"status": "done", "summary": "It is done."}"#)),
        ]
        return #"{"conversations": [{"turns": [\#(turns.joined(separator: ", "))]}]}"#
    }()

    private static let rows = String(repeating: "a line of what was found\n", count: 300)

    @Test(
        "a run with tools, a retry, steering, a secret and compaction is sent as it is recorded",
        arguments: ProviderSettings.Dialect.allCases)
    func sameBytes(dialect: ProviderSettings.Dialect) throws {
        let lab = try FidelityLab(dialect: dialect, script: Self.script)
        let run = try #require(lab.run)
        lab.find = { call in
            switch call.input["path"]?.stringValue {
            case "keys": "it says \(FakeServer.key) here"
            case let path? where path.hasPrefix("long"): "\(path)\n\(Self.rows)"
            default: "done: \(call.tool.rawValue)\u{1F511}"
            }
        }
        lab.failures = [
            2: ModelFailure(cause: .overloaded, message: "busy"),
            14: ModelFailure(cause: .contextOverflow, message: "too long"),
        ]
        lab.then[3] = { lab in
            let message = ChatMessage(id: "m", text: "Mind \(FakeServer.key), and hurry.")
            try lab.send(.ordered(.tell(run, message), by: Principal("ann"), ticket: 2))
        }
        try lab.work()

        let sent = try lab.server.log()
        #expect(sent.count == 17, "15 turns, one of them tried again, one made shorter")
        #expect(sent.map(\.sha256) == (try lab.rebuilt()))
        #expect(sent.allSatisfy { $0.play == "script" }, "\(sent.map(\.play))")

        let kinds = lab.entries.map(\.fact.kind)
        #expect(kinds.contains(.callHeld) && kinds.contains(.callPlaced))
        let text = try lab.entries.map { try JSON.text($0) }.joined()
        #expect(!text.contains(FakeServer.key) && text.contains("it says [redacted: fake] here"))
        #expect(text.contains("Mind [redacted: fake], and hurry."))
        #expect(text.contains("a restart") == false)
        guard
            case .runFinished(let outcome, _, _)? = lab.entries.last(where: {
                $0.fact.kind == .runFinished
            })?.fact
        else {
            Issue.record("it did not finish")
            return
        }
        #expect(outcome.ending == .done, "\(outcome)")
    }
}
