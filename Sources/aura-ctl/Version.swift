import ArgumentParser
import AuraModel

/// Which aura this is, and which one runs: after an upgrade they may differ.
struct Version: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Print the version of aura-ctl, and that of the aurad that answers.")

    @OptionGroup var common: CommonOptions

    /// The two versions.
    struct Pair: Encodable, Equatable {
        var client: String
        /// Absent when no daemon answers.
        var daemon: String?

        /// A line for each program.
        var lines: [String] { ["aura-ctl \(client)", "aurad \(daemon ?? "does not answer")"] }
    }

    /// Two seconds: a version is asked for where something does not work.
    private static let patience = Milliseconds.seconds(2)

    func perform(_ session: Session) throws -> Int32 {
        let status: DaemonStatus? = try? session.client.get(
            ControlPath.status, patience: Self.patience)
        let pair = Pair(client: Release.version, daemon: status?.version)
        try session.show(pair) { pair.lines }
        return AuraExit.success.rawValue
    }
}
