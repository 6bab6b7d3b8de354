import AuraSystem

/// A command's cage that is built before the command is known: confined to the last filter, stopped
/// just before exec.
///
/// What runs, with which limits and over which trees is sealed as ever; only the last argument is
/// still to come, as one packet that nobody but the holder of this can send. It can be given once.
/// Without it, and without being told to begin, no program ever runs inside.
package final class HeldCage {
    /// 32 KiB: far above what a model writes into one line.
    ///
    /// COMMAND_BYTES_MAX in cage.h.
    package static let commandBytesMax = 32 << 10

    /// The cage, from now on like any other: watch, collect, kill.
    package let cage: Cage
    private let plan: CagePlan

    /// Starts to build the cage of `plan` without its last argument.
    ///
    /// Traps for a plan that is no command with an argument after the program. Throws as
    /// `Launcher.launch` does.
    package init(_ plan: CagePlan, by launcher: Launcher) throws(ConfinementError) {
        guard let open = plan.withoutLastArgument else {
            preconditionFailure("a command with an argument can be held, nothing else")
        }
        cage = try launcher.prepare(open, tag: "")
        self.plan = open
    }

    /// Whether `plan` is this cage's but for its last argument, and that can be sent.
    package func fits(_ plan: CagePlan) -> Bool {
        guard plan.withoutLastArgument == self.plan, let last = plan.arguments.last?.utf8 else {
            return false
        }
        return last.count < Self.commandBytesMax && !last.contains(0)
    }

    /// Lets the command of `plan`, which fits, run; first it is complete, and `keep` can put it where a
    /// later daemon finds it.
    ///
    /// False when the cage is gone; nothing has run in it then.
    package func begin(_ plan: CagePlan, keep: (Cage) throws -> Void) rethrows -> Bool {
        precondition(fits(plan), "another cage's plan")
        guard cage.give(plan.arguments.last ?? "") else { return false }
        try keep(cage)
        return cage.begin()
    }

    /// The same for a cage that ends with this process.
    package func begin(_ plan: CagePlan) -> Bool { begin(plan) { _ in } }
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
