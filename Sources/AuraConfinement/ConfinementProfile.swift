/// For whom a cage is: decides the system calls, and with them what else is worth offering.
package enum ConfinementProfile: String, CaseIterable, Sendable {
    /// The worker: one static program without threads that edits files and speaks to the daemon on
    /// descriptor 3. It makes no socket and no process.
    case worker
    /// A command of the model or a step of the operator: compilers, interpreters, tests with
    /// servers on their own loopback. No descriptor to the daemon.
    case command

    /// Calls that reach the kernel, subject to the checks of arguments.
    var allowed: [String] {
        switch self {
        case .worker: SyscallTable.essential + SyscallTable.files
        case .command: SyscallTable.essential + SyscallTable.files + SyscallTable.processes
        }
    }

    /// Calls that answer EPERM.
    var forbidden: [String] {
        switch self {
        case .worker: SyscallTable.forbidden + SyscallTable.forbiddenToWorker
        case .command: SyscallTable.forbidden
        }
    }
}
