import AuraModel
import AuraSystem
import Glibc

/// mini-swe-agent from PyPI against the same provider: one command a turn, in no sandbox and with
/// no record.
enum AgentPeer {
    /// Milliseconds: of a command's turn, and from the start of the process to the first request.
    struct Figures {
        var turn: Double
        var start: Double
    }

    private static let program = """
        import os, sys, time
        os.environ["MSWEA_SILENT_STARTUP"] = os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        os.environ["MSWEA_COST_TRACKING"] = "ignore_errors"
        os.environ["ANTHROPIC_API_KEY"] = "key"
        from minisweagent.agents.default import DefaultAgent
        from minisweagent.models.litellm_model import LitellmModel
        from minisweagent.environments.local import LocalEnvironment
        model = LitellmModel(model_name="anthropic/bench",
                             model_kwargs={"api_base": sys.argv[1], "max_tokens": 500})
        agent = DefaultAgent(model, LocalEnvironment(), system_template="You work.",
                             instance_template="{{task}}", step_limit=int(sys.argv[2]), cost_limit=0)
        agent.run("Say a number.")
        """

    static func figures(python: String, server: ModelServer, turns: Int) throws -> Figures {
        let scratch = try ScratchDirectory(in: "/tmp")
        defer { scratch.remove() }
        let path = scratch.path + "/peer.py"
        try FileSystem.writeAtomically(Array(program.utf8), to: path)
        let log = Glibc.open(scratch.path + "/log", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw BenchFailure("no log in \(scratch.path)") }
        let output = OwnedDescriptor(adopting: log)
        var turn = 0
        let answers = try (0..<turns).map { number in
            try ModelAnswers.whole(
                "bash", .object(["command": .string("echo \(number)")]), turn: number)
        }
        server.begin { _, _ in
            turn += 1
            return answers[min(turn, turns) - 1]
        }
        let start = ModelServer.now()
        var firstAt: UInt64 = 0
        let process = try Spawn(
            executable: python, arguments: [python, path, server.url, String(turns)],
            environment: ["PATH": "/usr/bin:/bin", "HOME": scratch.path],
            descriptors: (0...2).map { .init(child: $0, parent: output.raw) }
        ).start()
        var isOver = false
        let isDone = try server.serve(seconds: patience) {
            if firstAt == 0, server.requests > 0 { firstAt = server.lastRequestAt }
            if !isOver, try process.reap() != nil { isOver = true }
            return isOver
        }
        guard isDone, server.requests >= turns else {
            if !isDone { try process.signal(SIGKILL) }
            let said = try FileSystem.readFile(scratch.path + "/log", bytesMax: 16 << 20)
            throw BenchFailure(
                "mini-swe-agent made \(server.requests) requests:\n"
                    + String(decoding: said.suffix(2000), as: UTF8.self))
        }
        let pauses = server.pauses.dropFirst(AgentTurns.warmUps).map { Double($0) / 1e6 }
        return Figures(turn: pauses.median ?? 0, start: Double(firstAt - start) / 1e6)
    }

    /// Two minutes: its imports alone take seconds.
    private static let patience = 120
}
