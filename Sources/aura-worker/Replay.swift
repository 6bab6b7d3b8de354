import AuraAutomata
import AuraModel
import AuraSystem

/// Folds a run's history again and says, for each transaction, what the kernel would have done.
///
/// Nothing is performed: there is no workspace, and no frame that could ask for it.
enum Replay {
    static func run(broker: consuming OwnedDescriptor, attestation: Attestation) throws {
        let (channel, assignment) = try Session.open(broker: broker, attestation: attestation)
        var automaton = Automaton(assignment: assignment)
        for (index, transaction) in assignment.history.enumerated() {
            let commands = automaton.step(transaction)
            let state = try StateDigest.of(automaton)
            try Session.send(
                .folded(transaction: index + 1, commands: commands, state: state), on: channel)
        }
    }
}
