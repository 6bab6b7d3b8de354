import Glibc

/// A refusal by the kernel or the C library: which call, on what, and why.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call that failed, by its name in the manual: `openat`, `timerfd_settime`.
    package let operation: String
    /// The error number, see errno(3).
    package let code: Int32
    /// The path, name or program the call was about, where there is one.
    package let subject: String?

    /// Names a failed call.
    ///
    /// `code` is read by the caller, at once after the call.
    package init(_ operation: String, code: Int32, subject: String? = nil) {
        self.operation = operation
        self.code = code
        self.subject = subject
    }

    /// One line: operation, subject, and the error's text by strerror(3).
    package var description: String {
        let reason = String(cString: strerror(code))
        guard let subject else { return "\(operation): \(reason)" }
        return "\(operation) \(subject): \(reason)"
    }
}

/// Runs one system call until it is not interrupted and turns its -1 into an error.
///
/// errno is read in the expression after the call, before anything else can overwrite it. EBADF and
/// EFAULT trap: they say that this program handed over a descriptor or an address it does not own,
/// and going on would act on somebody else's file.
@discardableResult
func checked<Result: FixedWidthInteger & SignedInteger>(
    _ operation: String, subject: String? = nil, _ call: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        let code = errno
        if code == EINTR { continue }
        precondition(code != EBADF && code != EFAULT, "\(operation): error \(code) is misuse")
        throw SystemError(operation, code: code, subject: subject)
    }
}
