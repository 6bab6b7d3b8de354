package import AuraSystem

/// Why no cage was started.
///
/// What goes wrong inside one is a `CageExit`.
package enum ConfinementError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The plan contradicts itself or exceeds a bound; the text names the field.
    case plan(String)
    /// libseccomp refused: the call, the system call it was about, and the errno.
    case filter(call: String, subject: String, code: Int32)
    /// The kernel refused a handle or the spawn of `aura-cage`.
    case system(SystemError)
    /// The status descriptor carried something that is not a status record.
    case status(String)
    /// A worker claims what the kernel does not confirm, or is not confined; the text says which.
    case attestation(String)
    /// The worker ended before its claim could be compared.
    case gone

    package var description: String {
        switch self {
        case .plan(let reason): "confine.plan: \(reason)"
        case .filter(let call, let subject, let code):
            "confine.seccomp_filter: \(call) \(subject): error \(code)"
        case .system(let error): "confine.system: \(error)"
        case .status(let reason): "confine.status: \(reason)"
        case .attestation(let reason): "confine.attest_mismatch: \(reason)"
        case .gone: "confine.gone: the process has ended"
        }
    }
}
