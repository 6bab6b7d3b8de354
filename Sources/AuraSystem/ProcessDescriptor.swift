import CLinux
import Glibc

/// The number of a process.
///
/// It can be reused once the process has been reaped: for showing and recording, while acts go
/// through `ProcessDescriptor`.
package struct ProcessID: Hashable, Sendable, CustomStringConvertible {
    /// The kernel's number, in the reader's pid namespace.
    package let raw: Int32

    /// Wraps a number that came from the kernel.
    package init(_ raw: Int32) { self.raw = raw }

    /// The number in decimal, as in /proc.
    package var description: String { String(raw) }
}

/// How a process ended.
package enum ExitStatus: Hashable, Sendable {
    /// It returned or called exit, with a code of 0 to 255.
    case exited(Int32)
    /// A signal ended it, by number.
    case signalled(Int32)
}

/// A child process held by pidfd: cannot be confused with a later process of the same number.
///
/// Readable when the process has ended. Dropping this value neither kills nor reaps the process.
/// See pidfd_open(2).
package struct ProcessDescriptor: ~Copyable, Sendable {
    /// The number, for showing.
    package let processID: ProcessID
    private let descriptor: OwnedDescriptor

    /// Opens a child of this process.
    ///
    /// Safe from number reuse as long as it was not reaped, so nothing in this program may wait for
    /// "any child", nor ignore SIGCHLD.
    package init(opening processID: ProcessID) throws(SystemError) {
        self.processID = processID
        descriptor = OwnedDescriptor(
            adopting: try checked("pidfd_open") { clinux_pidfd_open(processID.raw) })
    }

    /// Takes over a pidfd made elsewhere, as one received over a socket.
    package init(adopting descriptor: consuming OwnedDescriptor, processID: ProcessID) {
        self.processID = processID
        self.descriptor = descriptor
    }

    /// The number of the process that a pidfd is of, as the kernel tells it; -1 when it has been
    /// collected.
    package static func number(of descriptor: Int32) throws(SystemError) -> ProcessID {
        let path = "/proc/self/fdinfo/\(descriptor)"
        let text = try FileSystem.readFile(path, bytesMax: 4096)
        let line = String(decoding: text, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("Pid:") }
        guard let number = line?.split(separator: "\t").last.flatMap({ Int32($0) }) else {
            throw SystemError("read", code: EBADMSG, subject: path)
        }
        return ProcessID(number)
    }

    /// The number to watch for reading.
    package var raw: Int32 { descriptor.raw }

    /// Sends a signal.
    ///
    /// Returns false when the process has already been reaped; a process that has ended but was not
    /// reaped takes signals without effect.
    @discardableResult
    package borrowing func signal(_ number: Int32) throws(SystemError) -> Bool {
        let raw = self.raw
        do {
            try checked("pidfd_send_signal") { clinux_pidfd_send_signal(raw, number) }
            return true
        } catch  where error.code == ESRCH {
            return false
        }
    }

    /// Collects the end of the process: nil while it lives, ECHILD when it was collected before or
    /// is not our child.
    package borrowing func reap() throws(SystemError) -> ExitStatus? {
        var status: Int32 = 0
        let raw = self.raw
        let outcome = try checked("waitid") { clinux_pidfd_reap(raw, &status) }
        switch outcome {
        case Int32(CLINUX_REAPED_EXITED.rawValue): return .exited(status)
        case Int32(CLINUX_REAPED_SIGNALLED.rawValue): return .signalled(status)
        default: return nil
        }
    }

    /// Waits for the end of a process that may be nobody's child here, and collects nothing; false
    /// after the timeout (nil: none).
    package borrowing func wait(milliseconds timeout: Int32?) throws(SystemError) -> Bool {
        try waitReady(raw, for: Int16(POLLIN), until: Deadline(inMilliseconds: timeout))
    }

    /// Waits for the end of the process for at most `timeoutMilliseconds` (nil: for ever) and
    /// collects it.
    ///
    /// Nil after the timeout. Blocks the thread: not for the turn loop.
    package borrowing func reap(waitingMilliseconds timeout: Int32?) throws(SystemError)
        -> ExitStatus?
    {
        guard try waitReady(raw, for: Int16(POLLIN), until: Deadline(inMilliseconds: timeout))
        else {
            return nil
        }
        return try reap()
    }
}
