package import AuraModel

/// The kernel of one run: transactions in, commands out.
///
/// A value: it reads no clock and draws no chance, so a fold of the same transactions gives the
/// same commands, on the first day and after every crash. Commands are numbered from 1 in the order
/// in which they are given, none is given twice, at most one of them is `finish`, and none follows
/// it. A transaction for a command that is not outstanding changes nothing.
package enum Automaton: Hashable, Sendable, Encodable {
    case taskRun(TaskRun)
    case devLoop(DevLoop)
    case chat(Chat)
    case specGen(SpecGen)

    /// The kernel for an assignment, before its first transaction; `assignment.history` is not
    /// folded.
    ///
    /// A child run is a task-run, whatever the kind of its parent's definition.
    package init(assignment: Assignment) {
        guard assignment.task == nil else {
            self = .taskRun(TaskRun(assignment: assignment))
            return
        }
        switch assignment.definition.kind {
        case .taskRun: self = .taskRun(TaskRun(assignment: assignment))
        case .devLoop: self = .devLoop(DevLoop(assignment: assignment))
        case .chat: self = .chat(Chat(assignment: assignment))
        case .specGen: self = .specGen(SpecGen(assignment: assignment))
        }
    }

    /// Takes in one transaction and returns what is to be done about it.
    package mutating func step(_ transaction: Transaction) -> [Command] {
        switch self {
        case .taskRun(var machine):
            let commands = machine.step(transaction)
            self = .taskRun(machine)
            return commands
        case .devLoop(var machine):
            let commands = machine.step(transaction)
            self = .devLoop(machine)
            return commands
        case .chat(var machine):
            let commands = machine.step(transaction)
            self = .chat(machine)
            return commands
        case .specGen(var machine):
            let commands = machine.step(transaction)
            self = .specGen(machine)
            return commands
        }
    }
}

/// Gives commands their numbers: from 1, without gaps.
struct CommandCounter: Hashable, Sendable, Encodable {
    private(set) var last: CommandID = 0

    mutating func issue(_ act: Act) -> Command {
        last += 1
        return Command(id: last, act: act)
    }
}
