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
        subcommands: [
            Start.self, Stop.self, Restart.self, Pause.self, Resume.self, Status.self, List.self,
            Run.self, Retry.self, Watch.self, Runs.self, Show.self, Logs.self, Artifacts.self,
            Replay.self, Answer.self, Tell.self, Chat.self, New.self, Verify.self, Calendar.self,
            Timeline.self, Occurrences.self,
            Explain.self, Backfill.self, Budget.self, Record.self,
            ExitStatus.self,
        ])

    /// Whether the parser knows what to do with the first word, if only to complain about it.
    private static func isVerb(_ word: String) -> Bool {
        word.hasPrefix("-") || word == "help"
            || configuration.subcommands.contains { $0._commandName == word }
    }

    /// Parses, performs, and ends the process with a status of `AuraExit`'s table.
    static func main() {
        let arguments = Arguments.arranged(Array(CommandLine.arguments.dropFirst()))
        if let verb = arguments.first, !isVerb(verb) {
            let failure = Failure(
                .usage, .badRequest, "there is no verb `\(SafeText.brief(verb, max: 60))`",
                hint: "aura-ctl help")
            failure.report(asJSON: CommonOptions.wantsJSON(CommandLine.arguments))
            Glibc.exit(failure.status)
        }
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
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
        let session = common.session()
        do {
            let status = try perform(session)
            if status != AuraExit.success.rawValue { throw ExitCode(status) }
        } catch let failure as Failure {
            failure.report(asJSON: session.isJSON)
            throw ExitCode(failure.status)
        }
    }
}
