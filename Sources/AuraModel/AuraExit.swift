/// Exit statuses of `aura-ctl` and `aurad`.
///
/// One table; `aura-ctl help exit-status` and README print it.
///
/// 0, 3 and 4 of `status` follow the LSB, 64 to 78 follow sysexits(3), 124 follows timeout(1).
package enum AuraExit: Int32, Sendable, CaseIterable {
    case success = 0
    case inactive = 3
    case unknown = 4
    case usage = 64
    case badDefinition = 65
    case unreachable = 69
    case internalError = 70
    case inputOutput = 74
    case retryLater = 75
    case refused = 76
    case denied = 77
    case badConfiguration = 78
    case waitTimedOut = 124

    /// What the status means, in a few words.
    package var meaning: String {
        switch self {
        case .success: "done; `status`: active"
        case .inactive: "`status`: inactive; `replay`: something comes out differently"
        case .unknown: "no such automaton or run"
        case .usage: "wrong usage of the command line"
        case .badDefinition:
            "a definition or an expression has errors, or the record does not verify"
        case .unreachable: "the daemon cannot be reached"
        case .internalError: "a defect of aura"
        case .inputOutput: "input or output failed; `status`: the record takes no entries"
        case .retryLater: "the daemon is busy or starting; try again"
        case .refused: "not possible as things are; trying again changes nothing"
        case .denied: "not permitted"
        case .badConfiguration: "aurad.yaml has errors, or this host lacks a feature"
        case .waitTimedOut: "`--timeout` passed while waiting"
        }
    }
}

extension RunOutcome.Ending {
    /// The exit status of `aura-ctl run --wait` for this ending: its own, and zero for success
    /// only.
    package var exitStatus: Int32 {
        switch self {
        case .done: 0
        case .failed: 1
        case .tasksFailed: 10
        case .failedVerify: 11
        case .baselineRed: 12
        case .workspaceFailed: 13
        case .stalled: 14
        case .turns: 15
        case .budget: 16
        case .denied: 17
        case .unanswered: 18
        case .auth: 19
        case .providerUnavailable: 20
        case .providerRejected: 21
        case .contextOverflow: 22
        case .cancelled: 23
        case .crashed: 24
        case .protocolViolation: 25
        case .confinement: 26
        case .indeterminate: 27
        case .breaker: 28
        }
    }
}
