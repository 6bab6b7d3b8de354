import AuraModel
import AuraSystem
import Glibc

/// The confined worker of one attempt: runs the automaton's kernel and the tools that edit files.
///
/// It is started by aura-cage alone, with its broker on descriptor 3, and on 4 the door over which a
/// restarted daemon hands in another one; standard error goes to the daemon.
let brokerDescriptor: Int32 = 3
let doorDescriptor: Int32 = 4

do {
    let attestation = try Attestation.reading(nil)
    switch CommandLine.arguments.dropFirst().first.flatMap({ WorkerMode(rawValue: $0) }) {
    case .selfCheck:
        // The canary at the daemon's start: a cage that does not confine is a cage that failed.
        exit(attestation.isConfined ? 0 : 1)
    case .replay:
        try Replay.run(
            broker: OwnedDescriptor(adopting: brokerDescriptor), attestation: attestation)
    case nil:
        try Session.serve(
            broker: OwnedDescriptor(adopting: brokerDescriptor),
            door: PacketSocket(adopting: OwnedDescriptor(adopting: doorDescriptor)),
            attestation: attestation)
    }
} catch {
    StandardError.write("aura-worker: \(error)")
    exit(1)
}
