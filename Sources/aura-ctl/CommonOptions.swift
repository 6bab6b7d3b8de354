import ArgumentParser
import AuraModel
import Glibc

/// What every verb takes.
struct CommonOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(
        help: ArgumentHelp(
            "The daemon's control socket (or AURA_SOCKET; default \(Self.socketDefault)).",
            valueName: "path"),
        completion: .file())
    var socket: String?

    @Option(name: .shortAndLong, help: "How to print: table or json.")
    var output: Format?

    static let socketDefault = "/run/aura/aurad.sock"

    /// The session that the options describe.
    func session() -> Session { Self.session(socket: socket, output: output) }

    /// The session of a command line that says this, or nil for what it leaves open.
    static func session(socket: String?, output: Format?) -> Session {
        Session(
            client: Client(socket: socket ?? socketOfEnvironment), isJSON: output == .json)
    }

    /// The socket where the command line names none.
    static var socketOfEnvironment: String {
        Environment.value("AURA_SOCKET") ?? socketDefault
    }

    /// The socket that the words of an unfinished command line name.
    static func socket(in words: [String]) -> String? {
        if let place = words.lastIndex(of: "--socket"), place + 1 < words.count {
            return words[place + 1]
        }
        return words.last { $0.hasPrefix("--socket=") }.map { String($0.dropFirst(9)) }
    }

    /// Whether the arguments ask for JSON, for an error in the arguments themselves.
    static func wantsJSON(_ arguments: [String]) -> Bool {
        zip(arguments, arguments.dropFirst()).contains {
            ["-o", "--output"].contains($0) && $1 == "json"
        } || arguments.contains("--output=json") || arguments.contains("-ojson")
    }
}

/// One invocation: where to ask, how to print, and the clock.
struct Session {
    let client: Client
    let isJSON: Bool

    /// Prints a value as one line of JSON, or as the lines of `table`.
    func show(_ value: some Encodable, table: () -> [String]) throws {
        if isJSON {
            Output.write(try JSON.text(value) + "\n")
        } else {
            Output.write(table().map { $0 + "\n" }.joined())
        }
    }

    /// How text on stdout may look.
    var style: Style { Terminal.style(of: STDOUT_FILENO) }

    /// Columns of the terminal at stdout; nil in a pipe, where nothing is cut.
    var width: Int? { Terminal.width(of: STDOUT_FILENO) }

    /// Times in the local zone as of now.
    var times: TimeText { TimeText(now: Clock.now(), offset: Clock.localOffset) }
}

/// Reads of the process environment.
enum Environment {
    /// A variable's value; nil when it is not set or empty.
    static func value(_ name: String) -> String? {
        guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else {
            return nil
        }
        return text
    }
}
