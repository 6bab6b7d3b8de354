import AuraSystem

/// A cage that is built before all of its plan is known, and waits for the rest: a command, confined
/// to the last filter, for its last argument; a worker for its run and its workspace.
///
/// Everything else is sealed as ever. The rest comes as one packet that nobody but the holder of this
/// can send, once. Without it, and without being told to begin, no program ever runs inside.
package final class HeldCage {
    /// 32 KiB: far above what a model writes into one line.
    ///
    /// COMMAND_BYTES_MAX in cage.h.
    package static let commandBytesMax = 32 << 10

    /// The cage, from now on like any other: watch, collect, kill.
    package let cage: Cage
    private let plan: CagePlan
    private let programs: Launcher.Programs

    /// Starts to build the cage of `plan` without the rest.
    ///
    /// Traps for a plan that has none: a program without an argument. Throws as `Launcher.launch`
    /// does.
    package init(_ plan: CagePlan, by launcher: Launcher) throws(ConfinementError) {
        guard let open = plan.held else {
            preconditionFailure("a program without an argument cannot be held")
        }
        // Before: what is replaced meanwhile counts as replaced.
        programs = launcher.programs
        cage = try launcher.prepare(open, tag: "")
        self.plan = open
    }

    /// Whether this is the cage that a launch of `plan` would make now: they differ in nothing but the
    /// rest, that can be sent, and the programs on the disk are still those of this cage.
    package func fits(_ plan: CagePlan) -> Bool {
        guard plan.held == self.plan, let rest = plan.rest else { return false }
        return rest.utf8.count < Self.commandBytesMax && !programs.areReplaced
            && (try? plan.validate()) != nil
    }

    /// Lets the program of `plan`, which fits, run; first it is complete, and `keep` can put it where a
    /// later daemon finds it.
    ///
    /// False when the cage is gone; nothing has run in it then.
    package func begin(_ plan: CagePlan, keep: (Cage) throws -> Void) rethrows -> Bool {
        precondition(plan.held == self.plan, "another cage's plan")
        guard cage.give(plan.rest ?? "") else { return false }
        try keep(cage)
        return cage.begin()
    }

    /// The same for a cage that ends with this process.
    package func begin(_ plan: CagePlan) -> Bool { begin(plan) { _ in } }
}

extension CagePlan {
    /// What of the plan is the same for many: of a command all but the last argument, of a worker all
    /// but its run and its workspace; nil for a program alone.
    var held: CagePlan? {
        var plan = self
        switch program {
        case .command(let arguments, let directory, let environment):
            guard arguments.count > 1 else { return nil }
            plan.program = .command(
                arguments.dropLast(), directory: directory, environment: environment)
        case .worker:
            plan.run = Self.runOfHeldWorker
            plan.binds.removeAll { $0.target == Self.workspaceTarget }
        }
        return plan
    }

    /// What `held` leaves out, as drop.c reads it; nil when it cannot be told so: a NUL would end it.
    var rest: String? {
        switch program {
        case .command(let arguments, _, _):
            guard let last = arguments.last, !last.utf8.contains(0) else { return nil }
            return last
        case .worker:
            var parts = ["AURA_RUN=\(run)"]
            if let tree = binds.first(where: { $0.target == Self.workspaceTarget }) {
                parts.append((tree.writable ? "w" : "r") + tree.source)
            }
            guard !parts.contains(where: { $0.utf8.contains(0) }) else { return nil }
            return parts.joined(separator: "\0")
        }
    }

    /// Stands in for the run that is not known yet, and names the control group.
    private static let runOfHeldWorker = "spare"
}
