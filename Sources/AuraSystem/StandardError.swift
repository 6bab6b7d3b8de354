import Glibc

/// Lines for whoever reads the process's standard error: a person, or journald.
package enum StandardError {
    /// Writes `line` and a line break.
    ///
    /// False when it could not be written whole.
    @discardableResult
    package static func write(_ line: String) -> Bool {
        let bytes = Array((line + "\n").utf8)
        return Glibc.write(STDERR_FILENO, bytes, bytes.count) == bytes.count
    }
}
