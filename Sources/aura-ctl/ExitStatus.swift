import ArgumentParser
import AuraModel

/// The table of exit statuses.
struct ExitStatus: Verb {
    static let configuration = CommandConfiguration(
        commandName: "exit-status", abstract: "List what exit statuses mean.")

    @OptionGroup var common: CommonOptions

    /// One row of the table.
    struct Row: Encodable {
        var status: Int32
        var name: String
        var meaning: String
    }

    /// All statuses in their order.
    static var rows: [Row] {
        let general = AuraExit.allCases.map {
            Row(status: $0.rawValue, name: "\($0)", meaning: $0.meaning)
        }
        let endings = RunOutcome.Ending.allCases.filter { $0 != .done }.map {
            Row(
                status: $0.exitStatus, name: $0.rawValue,
                meaning: "`run --wait`: the run ended as \($0.rawValue)")
        }
        return (general + endings).sorted { $0.status < $1.status }
    }

    func perform(_ session: Session) throws -> Int32 {
        let rows = Self.rows
        try session.show(rows) {
            var table = Table(columns: [
                .init(title: "STATUS", isRight: true), .init(title: "NAME"),
                .init(title: "MEANING", isFlexible: true),
            ])
            table.rows = rows.map { [.init("\($0.status)"), .init($0.name), .init($0.meaning)] }
            return table.lines(width: session.width, session.style)
        }
        return AuraExit.success.rawValue
    }
}
