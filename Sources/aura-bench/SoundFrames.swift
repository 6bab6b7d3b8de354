import AuraModel

/// One frame of every sort that a worker may send, each well formed; damage is done to these.
enum SoundFrames {
    /// Frames with which a worker begins: a request, and a command under way.
    static func beginnings() -> [FrameUp] {
        [
            propose(1, [command(1, request(messages: 3))]),
            propose(1, [command(1, tool(.editFile, ["path": .string("a")]))]),
            propose(1, [command(1, request(messages: 0))]),
        ]
    }

    /// All of them.
    static func all() -> [FrameUp] {
        let attestation = Attestation(
            noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0,
            namespaces: ["net": 4_026_531_840])
        var kept = Proposal(basis: 1, outcomes: [], commands: [command(2, request(messages: 1))])
        kept.keptMessages = 2
        var frames: [FrameUp] = [
            .attest(attestation: attestation),
            .folded(transaction: 1, commands: [], state: "1:00ff"),
            .propose(proposal: kept), propose(0, []), propose(1, []),
            propose(1, acts.enumerated().map { command($0.offset + 1, $0.element) }),
            propose(
                1, [command(1, tool(.readFile, ["path": .string("a")]))],
                further: [
                    .init(
                        outcomes: [done(1, "text")], commands: [command(2, request(messages: 2))])
                ]),
            propose(1, [command(2, request(messages: 3))], outcomes: [done(1, "changed")]),
            propose(1, [], outcomes: [.interrupted(command: 1, reason: "forged")]),
        ]
        for act in acts {
            frames += [propose(1, [command(1, act)]), propose(1, [command(2, act)])]
        }
        return frames
    }

    private static let acts: [Act] = [
        request(messages: 1),
        tool(.runCommand, ["command": .string("id"), "timeout_seconds": .integer(3600)]),
        tool(.fetch, ["url": .string("https://docs.example.com/"), "method": .string("POST")]),
        tool(.writeFile, ["path": .string("../../x"), "content": .string("y")]),
        .step(request: .survey), .step(request: .prepare(base: "c0ffee", lane: "1")),
        .step(
            request: .run(
                step: .init(name: "a", argv: ["/bin/true"], timeout: .seconds(1)))),
        .step(
            request: .verify(
                step: .init(name: "make test", argv: ["/bin/sh", "-euc", "make test"]))),
        .step(
            request: .export(
                base: "c0ffee", message: "m", overlay: [.init(path: "a", content: "b")],
                lane: nil, files: ["*"])),
        .step(request: .land(branch: "aura/hostile/T1", commit: "c0ffee", base: "b")),
        .step(request: .push(branch: "main", commit: "c0ffee")),
        .step(request: .collect(paths: ["/etc/shadow"])),
        .spawn(
            request: .init(
                task: .init(id: "T1", text: "do", notes: ["n"], lane: "1", role: .review),
                budget: .init(
                    tokens: 1_000, microDollars: 10, calls: 3, wall: .seconds(60)),
                reasoner: "main")),
        .ask(question: "why?", deadline: .minutes(1)),
        .wait(span: .seconds(1), reason: "later"),
        .finish(outcome: RunOutcome(.done, "all well"), report: "r"),
        .finish(outcome: RunOutcome(.failed, "no"), report: "r"),
    ]

    private static func propose(
        _ basis: Int, _ commands: [Command], outcomes: [Transaction] = [],
        further: [Proposal.Round] = []
    ) -> FrameUp {
        .propose(
            proposal: Proposal(
                basis: basis, outcomes: outcomes, commands: commands, further: further))
    }

    private static func command(_ id: CommandID, _ act: Act) -> Command {
        Command(id: id, act: act)
    }

    private static func tool(_ tool: ToolName, _ input: [String: JSONValue]) -> Act {
        .tool(
            call: ToolCall(
                use: "u", tool: tool, input: .object(input),
                images: [.init(path: "a", before: nil, after: "00")]))
    }

    private static func done(_ command: CommandID, _ text: String) -> Transaction {
        .toolFinished(command: command, result: ToolResult(output: text, place: .worker))
    }

    private static func request(messages: Int) -> Act {
        .reason(
            request: ModelRequest(
                system: "s",
                messages: (0..<messages).map {
                    Message(
                        role: $0 % 2 == 0 ? .user : .assistant, content: [.text("m\($0)")])
                },
                tools: [], answerTokensMax: 1_000))
    }
}
