package import AuraModel

/// A run's kernel as its worker knows it: after what the record holds, and after what the worker
/// has proposed beyond that.
///
/// A proposal whose commands are void, because something else was recorded meanwhile, is made again:
/// a kernel gives each command once, so those that the record does not hold are kept here.
package struct Fold: Sendable {
    private struct Point: Sendable {
        var automaton: Automaton
        /// Transactions folded.
        var count = 0
        /// Commands that are neither settled nor known to be in the record.
        var open: [Command] = []

        @discardableResult
        mutating func step(_ transaction: Transaction) -> [Command] {
            let commands = automaton.step(transaction)
            count += 1
            open += commands
            if let settled = transaction.settledCommand { open.removeAll { $0.id == settled } }
            return commands
        }
    }

    /// Transactions that do not follow on those that are known.
    package struct Gap: Error, CustomStringConvertible {
        let known: Int
        let after: Int

        package var description: String { "transactions after \(after), known are \(known)" }
    }

    private var confirmed: Point
    /// After the outcomes of the last proposal; nil when there were none.
    private var tentative: Point?

    /// The kernel of `assignment`, after its history; all that is not settled counts as open.
    package init(_ assignment: Assignment) {
        confirmed = Point(automaton: Automaton(assignment: assignment))
        for transaction in assignment.history { confirmed.step(transaction) }
    }

    /// How many transactions of the record are folded.
    package var basis: Int { confirmed.count }

    /// The digest of the state in which those were given.
    package var stateDigest: String {
        get throws { try StateDigest.of((tentative ?? confirmed).automaton) }
    }

    /// What is to be proposed: all open commands, in order.
    package var open: [Command] { (tentative ?? confirmed).open }

    /// Takes what was recorded after the first `basis` transactions; the record holds all commands
    /// up to `recorded`.
    ///
    /// - Throws: `Gap` when that does not follow on what is known here.
    package mutating func take(
        _ transactions: [Transaction], after basis: Int, recorded: CommandID
    ) throws(Gap) {
        if let tentative, tentative.count == basis { confirmed = tentative }
        tentative = nil
        guard confirmed.count == basis else { throw Gap(known: confirmed.count, after: basis) }
        confirmed.open.removeAll { $0.id <= recorded }
        for transaction in transactions { confirmed.step(transaction) }
    }

    /// The last proposal is in the record, whole.
    package mutating func confirm() {
        confirmed = tentative ?? confirmed
        confirmed.open = []
        tentative = nil
    }

    /// Folds outcomes that the record does not hold yet; answers what the kernel wants then.
    package mutating func suppose(_ outcomes: [Transaction]) -> [Command] {
        guard !outcomes.isEmpty else { return [] }
        var next = tentative ?? confirmed
        let commands = outcomes.flatMap { next.step($0) }
        tentative = next
        return commands
    }
}
