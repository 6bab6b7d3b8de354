import ArgumentParser
import AuraModel
import Glibc

/// The operator's command line.
///
/// Each verb is one file; what it prints is made in `Rendering*.swift`.
@main
struct AuraControl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aura-ctl",
        abstract: "Give orders to aurad and see what it does.",
        discussion: """
            A RUN is the id that `runs` prints, or its last six characters. Reads take `-o json`. \
            --socket and -o may stand before or after the verb.
            `aura-ctl exit-status` lists what exit statuses mean.
            """,
        version: Release.version, subcommands: verbs.map(\.value))

    /// Every verb by its word: reading a command line by one verb takes a millisecond, by all of them
    /// five.
    static let verbs: KeyValuePairs<String, any ParsableCommand.Type> = [
        "start": Start.self, "stop": Stop.self, "restart": Restart.self, "pause": Pause.self,
        "resume": Resume.self, "status": Status.self, "list": List.self, "run": Run.self,
        "retry": Retry.self, "watch": Watch.self, "runs": Runs.self, "show": Show.self,
        "logs": Logs.self, "artifacts": Artifacts.self, "replay": Replay.self,
        "answer": Answer.self, "tell": Tell.self, "chat": Chat.self, "new": New.self,
        "verify": Verify.self, "calendar": Calendar.self, "timeline": Timeline.self,
        "occurrences": Occurrences.self, "explain": Explain.self, "backfill": Backfill.self,
        "budget": Budget.self, "record": Record.self, "exit-status": ExitStatus.self,
        "version": Version.self,
    ]

    /// The verb that a word, or its alias, stands for.
    static func verb(_ word: String) -> (any ParsableCommand.Type)? {
        verbs.first { $0.key == word || $0.value.configuration.aliases.contains(word) }?.value
    }

    /// The command of a right line; the parser of all verbs is asked for pages of help, and for what
    /// is wrong.
    static func read(_ arguments: [String]) throws -> any ParsableCommand {
        if let verb = arguments.first.flatMap(verb), verb.configuration.subcommands.isEmpty,
            let command = try? verb.parseAsRoot(Array(arguments.dropFirst())),
            // And no page of help, which would not know whose verb it is.
            type(of: command) == verb
        {
            return command
        }
        return try parseAsRoot(arguments)
    }

    /// Parses, performs, and ends the process with a status of `AuraExit`'s table.
    static func main() {
        let arguments = Arguments.arranged(Array(CommandLine.arguments.dropFirst()))
        let plain = PlainOrder(arguments)
        if plain == nil, let word = arguments.first, !word.hasPrefix("-"), word != "help",
            verb(word) == nil
        {
            let failure = Failure(
                .usage, .badRequest, "there is no verb `\(SafeText.brief(word, max: 60))`",
                hint: "aura-ctl help")
            failure.report(asJSON: CommonOptions.wantsJSON(CommandLine.arguments))
            Glibc.exit(failure.status)
        }
        do {
            if let plain {
                try plain.run()
            } else {
                var command = try read(arguments)
                try command.run()
            }
        } catch let code as ExitCode {
            Glibc.exit(code.rawValue)
        } catch {
            // The choices that it offers stand in lines of their own.
            let text = message(for: error).replacing(":\n  - ", with: ": ")
                .replacing("\n  - ", with: ", ")
            guard exitCode(for: error) != .success else {
                // A request for help, not an error.
                Output.write(fullMessage(for: error) + "\n")
                Glibc.exit(AuraExit.success.rawValue)
            }
            let isJSON = CommonOptions.wantsJSON(CommandLine.arguments)
            let verb = arguments.first.map { $0.hasPrefix("-") ? "" : " " + $0 } ?? ""
            let failure = Failure(.usage, .badRequest, text, hint: "aura-ctl help" + verb)
            failure.report(asJSON: isJSON)
            Glibc.exit(failure.status)
        }
    }
}

/// A verb: it performs on a session and answers its exit status.
protocol Verb: ParsableCommand {
    var common: CommonOptions { get }

    /// Does the work; throws `Failure` for what an operator is to be told.
    func perform(_ session: Session) throws -> Int32
}

extension Verb {
    /// Performs the verb and turns a failure into two lines on stderr and an exit status.
    func run() throws {
        try common.session().conclude(perform)
    }
}

extension Session {
    /// Performs what is to be done and turns a failure into two lines on stderr and an exit status.
    func conclude(_ perform: (Session) throws -> Int32) throws {
        do {
            let status = try perform(self)
            if status != AuraExit.success.rawValue { throw ExitCode(status) }
        } catch let failure as Failure {
            failure.report(asJSON: isJSON)
            throw ExitCode(failure.status)
        }
    }
}
