import AuraSystem
import Glibc

/// A command's cage that is built before the command is known: confined to the last filter, stopped
/// just before exec.
///
/// What runs, with which limits and over which trees is sealed as ever; only the last argument is
/// still to come, as one packet that nobody but the holder of this can send. It can be given once.
/// Without it no program ever runs inside.
package final class HeldCage {
    /// 32 KiB: far above what a model writes into one line.
    ///
    /// COMMAND_BYTES_MAX in cage.h.
    package static let commandBytesMax = 32 << 10

    /// The cage, from now on like any other: watch, collect, kill.
    package let cage: Cage
    private let plan: CagePlan
    private let gate: OwnedDescriptor

    /// Starts to build the cage of `plan` without its last argument.
    ///
    /// Traps for a plan that is no command with an argument after the program. Throws as
    /// `Launcher.launch` does.
    package init(_ plan: CagePlan, by launcher: Launcher) throws(ConfinementError) {
        guard let open = plan.withoutLastArgument else {
            preconditionFailure("a command with an argument can be held, nothing else")
        }
        var pair: DescriptorPair
        do throws(SystemError) { pair = try DescriptorPair.sockets(.packets) } catch {
            throw .system(error)
        }
        let outside = pair.takeFirst()
        let inside = pair.takeSecond()
        cage = try launcher.launch(open, tag: "", gate: inside.raw)
        gate = outside
        self.plan = open
    }

    /// Whether `plan` is this cage's but for its last argument, and that can be sent.
    package func fits(_ plan: CagePlan) -> Bool {
        guard plan.withoutLastArgument == self.plan, let last = plan.arguments.last?.utf8 else {
            return false
        }
        return last.count < Self.commandBytesMax && !last.contains(0)
    }

    /// Lets the command of `plan`, which fits, run.
    ///
    /// False when the cage is gone; nothing has run in it then.
    package func begin(_ plan: CagePlan) -> Bool {
        precondition(fits(plan), "another cage's plan")
        let packet = Array((plan.arguments.last ?? "").utf8) + [0]
        var count: Int
        repeat {
            count = send(gate.raw, packet, packet.count, Int32(MSG_NOSIGNAL))
        } while count < 0 && errno == EINTR
        return count == packet.count
    }
}

extension CagePlan {
    /// The plan of the same command without the last of its arguments; nil for a worker, and for a
    /// program alone.
    var withoutLastArgument: CagePlan? {
        guard case .command(let arguments, let directory, let environment) = program,
            arguments.count > 1
        else { return nil }
        var plan = self
        plan.program = .command(
            arguments.dropLast(), directory: directory, environment: environment)
        return plan
    }
}
