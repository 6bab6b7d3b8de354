import AuraModel

/// The lines that most scripts are made of, `run NAME` and `start NAME`, read without the parser.
///
/// The parser looks at its commands by reflection, which takes longer than all else that aura-ctl does
/// for an order. Any other line, and every wrong one, is the parser's.
enum PlainOrder: Equatable {
    case run(AutomatonName)
    case start(AutomatonName)

    /// The order of a line that has a verb and a name, and nothing else.
    init?(_ arguments: [String]) {
        guard arguments.count == 2, let name = AutomatonName(arguments[1]) else { return nil }
        switch arguments[0] {
        case "run": self = .run(name)
        case "start": self = .start(name)
        default: return nil
        }
    }

    /// Performs it as its verb does.
    func run() throws {
        try CommonOptions.session(socket: nil, output: nil).conclude { session in
            switch self {
            case .run(let name):
                try Run.start(name, RunOrder(texts: [:]), wait: false, timeout: nil, session)
            case .start(let name): try Order.give("start", to: name, session)
            }
        }
    }
}
