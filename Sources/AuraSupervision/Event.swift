package import AuraModel

/// What happened outside the kernel.
///
/// A closed set; the turn loop makes them, one batch a turn.
package enum Event: Sendable {
    /// The daemon has opened its record and read its rows. Always the first event.
    ///
    /// `weaknesses`: what this host does not enforce of a cage.
    case started(
        version: String, boot: String, weaknesses: [String] = [], found: Handover.Found = .init())
    case definitionsRead(DefinitionsRead)
    /// What the clocks read at the beginning of a turn.
    case clock(ClockReading)
    /// Something is due, or may be.
    case tick
    /// What an automaton watches was looked at.
    case changed(AutomatonName, ChangeLook)
    case ordered(Order, by: Principal, ticket: Ticket)
    /// The cage of an attempt stands, and its program runs.
    case launched(RunID, Generation)
    /// The worker of an attempt is confined as planned, by its own word and by the daemon's
    /// reading.
    case attested(RunID, Generation, Attestation)
    case proposed(RunID, Generation, Proposal, digests: [CommandID: RequestDigest])
    /// A proposal up to the first outcomes that held known secrets, which are gone from them.
    case redacted(RunID, Generation, Proposal, digests: [CommandID: RequestDigest])
    /// The worker broke the protocol or was not confined as planned.
    case violated(RunID, Generation, reason: String)
    case attemptEnded(RunID, Generation, AttemptExit, detail: String)
    /// The provider has begun to answer, and said what the input was.
    case modelBegan(RunID, CommandID, TokenUsage)
    /// `chance` is drawn anew for each: it spreads the waits before the next try.
    case modelEnded(
        RunID, CommandID, Result<ModelAnswer, ModelFailure>, chance: UInt64 = 0)
    case toolEnded(RunID, CommandID, ToolResult)
    case stepEnded(RunID, CommandID, StepResult)
    /// A command of the run leads to another request: it waits for `Action.request`.
    case requestWanted(RunID, WebRequest)
    case requestEnded(RunID, WebRequestEnd)
    /// The daemon signed what `Action.checkpoint` asked for.
    case checkpointSigned(Checkpoint)
    /// The daemon was told to stop. Runs stay as they are in the record and go on after the next
    /// start.
    case stopping(reason: String)
}

/// Names a waiting request of the control API, so that its answer finds it.
package typealias Ticket = Int

/// What an operator can order.
package enum Order: Hashable, Sendable {
    case start(AutomatonName)
    case stop(AutomatonName, StopOrder = StopOrder())
    case restart(AutomatonName)
    case run(AutomatonName, RunOrder = RunOrder())
    case stopRun(RunID)
    case answer(RunID, text: String)
    /// Tell this to a run that is at work.
    case tell(RunID, ChatMessage)
    case pause(AutomatonName)
    case resume(AutomatonName)
    /// Start these firings of the past after all.
    case backfill(AutomatonName, [Instant])
    /// Answer this message of a chat.
    case say(AutomatonName, ThreadName, ChatMessage)
    /// Begin a thread with the messages of another one.
    case fork(AutomatonName, ThreadFork)
    /// The oldest entries go: what the record was found to let go of, and is made to with this.
    case prune(RecordPruned)
    /// Fire for a delivery, unless it has been taken already.
    case deliver(AutomatonName, HookDelivery)
}

/// A new thread: what it is forked from, as the record has it.
package struct ThreadFork: Hashable, Sendable {
    package var thread: ThreadName
    package var from: ThreadName
    package var through: Int
    /// The newest exchanges up to `through`, oldest first.
    package var earlier: [ChatExchange]
    /// How many there were before those.
    package var omitted: Int

    /// A fork of `from` behind its message `through`.
    package init(
        thread: ThreadName, from: ThreadName, through: Int, earlier: [ChatExchange], omitted: Int
    ) {
        self.thread = thread
        self.from = from
        self.through = through
        self.earlier = earlier
        self.omitted = omitted
    }
}

/// What three clocks read at one moment: together they tell a clock that was set from time that
/// passed.
package struct ClockReading: Hashable, Sendable {
    package var wall: Instant
    /// Milliseconds since the boot, with suspended time; never set.
    package var boot: Int
    /// The same without suspended time.
    package var awake: Int

    /// A reading.
    package init(wall: Instant, boot: Int, awake: Int) {
        self.wall = wall
        self.boot = boot
        self.awake = awake
    }
}

/// The digest and size of a model request, taken where the bytes are.
package struct RequestDigest: Hashable, Sendable {
    /// SHA-256 of the request's canonical JSON, in hex.
    package var sha256: String
    package var bytes: Int
    /// SHA-256 of its prompt and tools, in hex.
    package var prompt: String?

    /// A digest.
    package init(sha256: String, bytes: Int, prompt: String? = nil) {
        self.sha256 = sha256
        self.bytes = bytes
        self.prompt = prompt
    }
}

/// All definition files of one reading.
package struct DefinitionsRead: Sendable {
    /// A definition without errors, with the digest of its canonical JSON and its zone's rules.
    package struct Loaded: Sendable {
        package var digest: String
        package var definition: Definition
        package var zone: ZoneRules
        package var file: String
        /// Where the file names the automaton that this one is chained to; 0 where it names none.
        package var chainLine = 0
        package var chainColumn = 0

        /// A definition that may be put in force.
        package init(
            digest: String, definition: Definition, zone: ZoneRules, file: String = ""
        ) {
            self.digest = digest
            self.definition = definition
            self.zone = zone
            self.file = file
        }
    }

    package var loaded: [Loaded]
    /// The rules of zones that the definitions in force so far are counted in, where no loaded one
    /// is: what they planned up to now is decided, and a file that is refused keeps its last one.
    package var zones: [String: ZoneRules] = [:]
    /// Files with errors, each with all of them.
    package var refused: [(file: String, diagnostics: [Diagnostic])]

    /// The result of one reading.
    package init(
        loaded: [Loaded], refused: [(file: String, diagnostics: [Diagnostic])],
        zones: [String: ZoneRules] = [:]
    ) {
        self.loaded = loaded
        self.zones = zones
        self.refused = refused
    }
}

/// What the turn loop is to do once the facts are durable.
///
/// A closed set.
package enum Action: Sendable {
    /// Build the cage, start the worker and send it the run's assignment.
    case launch(RunID, Generation)
    /// Give the worker that an earlier daemon had handed over a new broker and the run's assignment.
    case takeOver(RunID, Generation)
    /// Go on with a command that an earlier daemon had handed over.
    case takeOverCommand(RunID, CommandID, Intent.Plan)
    /// Send the transactions that were recorded after the first `basis`.
    case deliver(RunID, Generation, basis: Int)
    /// Tell the worker that its own tool calls are in the record.
    case perform(RunID, Generation, [CommandID])
    /// Kill the attempt's cage and all that is in it.
    case endAttempt(RunID, Generation)
    case reason(RunID, CommandID, reasoner: String, ModelRequest)
    /// Give up one call: its outcome is recorded already.
    case abandonCall(RunID, CommandID)
    case tool(RunID, CommandID, ToolCall)
    case step(RunID, CommandID, StepRequest)
    /// Make the request, or refuse it to whoever asks, for this reason.
    case request(RunID, WebRequest, refusal: WebRequestRefusal?)
    /// Kill every cage and abort every call that serves the run's commands.
    case cancelEffects(RunID)
    /// Remove what the run had on disk.
    case releaseWorkspace(RunID)
    case reply(Ticket, Result<OrderResult, APIError>)
    /// Watch this for the automaton from now on; nil: nothing any more.
    case watch(AutomatonName, ChangeWatch?)
    /// Sign the record as it now stands, and answer with `Event.checkpointSigned`.
    case checkpoint
}
