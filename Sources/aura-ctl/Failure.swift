import AuraModel
import Glibc

/// What went wrong, what to type next, and the exit status.
struct Failure: Error, Equatable {
    var status: Int32
    var error: APIError

    /// A failure of this process's own making.
    init(_ exit: AuraExit, _ code: APIError.Code, _ message: String, hint: String? = nil) {
        status = exit.rawValue
        error = APIError(code, message, hint: hint)
    }

    /// What the daemon answered.
    init(_ error: APIError) {
        self.error = error
        let exit: AuraExit =
            switch error.code {
            case .notFound: .unknown
            case .badRequest: .usage
            case .denied: .denied
            case .conflict, .unavailable: .retryLater
            case .refused: .refused
            case .internalError: .internalError
            }
        status = exit.rawValue
    }

    /// For stderr: one line, and one with what to type next.
    var lines: [String] {
        ["aura-ctl: " + SafeText.line(error.message)]
            + (error.hint.map { ["hint: " + SafeText.line($0)] } ?? [])
    }

    /// Prints the failure on stderr.
    func report(asJSON: Bool) {
        if asJSON, let text = try? JSON.text(error) {
            Output.write(text + "\n", to: STDERR_FILENO)
        } else {
            Output.write(lines.map { $0 + "\n" }.joined(), to: STDERR_FILENO)
        }
    }

    /// Whether the daemon is not there, or only starting: it may come back.
    var isAbsence: Bool { error.code == .unavailable }
}
