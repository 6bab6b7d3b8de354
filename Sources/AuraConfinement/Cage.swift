package import AuraModel
package import AuraSystem
import Glibc

/// A running cage: everything the daemon holds of it.
///
/// Dropping it lets the lifeline go, which kills every process inside; `finish` must still have
/// collected the parent, or it stays as a zombie.
///
/// Watch for reading: `processRaw` (it ended: call `finish`), `outputRaw` (bytes of stdout and
/// stderr). Not Sendable: it belongs to the turn loop.
package final class Cage {
    private let process: ProcessDescriptor
    private let output: OwnedDescriptor
    private let status: OwnedDescriptor
    private var lifeline: OwnedDescriptor?
    private var broker: OwnedDescriptor?
    private let group: CageGroup?
    private let groups: CageGroups
    private let limits: CagePlan.Limits

    /// What the cage ran into, known once it has ended.
    ///
    /// Present beside any end: a program may fail, or go on, when it gets no more.
    package private(set) var limit: LimitHit?

    private var unread: [UInt8] = []
    private var statusBytes = 0
    private var started: ProcessID?
    private var refusal: CageExit?
    private var programEnd: CageExit?
    private var end: CageExit?

    init(
        process: consuming ProcessDescriptor, output: consuming OwnedDescriptor,
        status: consuming OwnedDescriptor, lifeline: consuming OwnedDescriptor,
        broker: consuming OwnedDescriptor?, group: CageGroup?, groups: CageGroups,
        limits: CagePlan.Limits
    ) {
        self.process = process
        self.output = output
        self.status = status
        self.lifeline = consume lifeline
        self.broker = consume broker
        self.group = group
        self.groups = groups
        self.limits = limits
    }

    /// The pid of aura-cage's parent process, outside; for showing.
    package var processID: ProcessID { process.processID }
    /// Readable when the cage has ended: nothing of it runs any more.
    package var processRaw: Int32 { process.raw }
    /// The read end of the program's stdout and stderr, non-blocking.
    package var outputRaw: Int32 { output.raw }

    /// Readable when the cage stands or was refused; see `programID`.
    package var statusRaw: Int32 { status.raw }

    /// The daemon's end of the worker's stream socket, or of the one on which the listener of a
    /// cage's proxy comes.
    ///
    /// Traps for a command without a proxy, or when taken before.
    package func takeBroker() -> OwnedDescriptor {
        guard let taken = broker.take() else { preconditionFailure("no broker to take") }
        return taken
    }

    /// Pid of the program on the host, nil before it is known.
    ///
    /// Known before the program's first instruction, so in particular when its first frame has
    /// arrived.
    package func programID() throws(ConfinementError) -> ProcessID? {
        try readStatus()
        return started
    }

    /// Reads what the program has written, at most `bytesMax` bytes: nil when nothing is there now,
    /// empty at the end of the output.
    package func readOutput(bytesMax: Int) throws(ConfinementError) -> [UInt8]? {
        try read(output.raw, bytesMax: bytesMax)
    }

    /// Ends the cage: pid 1 sees the lifeline go, exits, and the kernel kills everything inside;
    /// where there is a control group, it is all killed at once, a cage that is still being built
    /// too.
    ///
    /// At once, without asking. Then wait for `processRaw`: when it is readable nothing is left.
    ///
    /// A second call kills the parent itself, and pid 1 with it: for a cage that hangs while it is
    /// being built. Processes inside may then outlive `finish` by an instant.
    package func kill() throws(ConfinementError) {
        guard end == nil else { return }
        let isKilled = group?.kill() ?? false
        guard lifeline == nil else {
            lifeline = nil
            return
        }
        guard !isKilled else { return }
        do throws(SystemError) {
            try process.signal(SIGKILL)
        } catch { throw .system(error) }
    }

    /// Collects the end.
    ///
    /// Nil while the cage lives; the same answer ever after.
    package func finish() throws(ConfinementError) -> CageExit? {
        if let end { return end }
        let parent: ExitStatus?
        do throws(SystemError) { parent = try process.reap() } catch { throw .system(error) }
        guard let parent else { return nil }
        return try conclude(parent)
    }

    /// Waits for the end, at most `timeoutMilliseconds` (nil: for ever).
    ///
    /// Nil after the timeout. Blocks the thread: for tests, probes and start-up, not for the turn
    /// loop.
    package func finish(waitingMilliseconds timeout: Int32?) throws(ConfinementError) -> CageExit? {
        if let end { return end }
        let parent: ExitStatus?
        do throws(SystemError) {
            parent = try process.reap(waitingMilliseconds: timeout)
        } catch { throw .system(error) }
        guard let parent else { return nil }
        return try conclude(parent)
    }

    /// A refusal wins over the exit that it caused; a record over the parent's own exit code, which
    /// cannot tell 137 from SIGKILL.
    private func conclude(_ parent: ExitStatus) throws(ConfinementError) -> CageExit {
        lifeline = nil
        try readStatus()
        let result: CageExit
        if let refusal {
            result = refusal
        } else if let programEnd {
            result = programEnd
        } else {
            switch parent {
            case .signalled(let number): result = .signalled(number)
            case .exited(let code) where code > 128: result = .signalled(code - 128)
            // Without a record nothing ran: the prefix of a test, or a cage that could not speak.
            case .exited(let code):
                result = .refused(feature: "cage_silent", detail: "exit \(code)", code: EPROTO)
            }
        }
        limit = limit(behind: result)
        group?.remove()
        end = result
        return result
    }

    private func limit(behind end: CageExit) -> LimitHit? {
        switch end {
        case .exited(0), .refused: nil
        case .signalled(SIGXFSZ): LimitHit(.fileSize, max: Int(limits.fileBytesMax))
        case .exited: group?.hit
        // Nobody is killed for a process that could not be made.
        case .signalled: group?.hit.flatMap { $0.resource == .memory ? $0 : nil }
        }
    }

    /// What it uses now; what the kernel bounds by itself is not asked for.
    package func use() -> CageUse {
        var use = CageUse(refusedForks: group?.refusedForks ?? 0)
        if let microseconds = group?.processorMicroseconds {
            use.processor = microseconds / 1000
        }
        if let group, groups.isBounding {
            // RLIMIT_NPROC, of the same number, may say no before the group does and counts nothing.
            use.processes = group.processCount
            return use
        }
        let inside = group?.processes ?? started.map(ProcessUse.neighbours) ?? []
        var ticks = 0
        for process in inside.compactMap(ProcessUse.init) {
            use.memory += process.memory
            use.processes += process.threads
            ticks += process.processorTicks
        }
        if group == nil { use.processor = ticks * 1000 / ProcessUse.ticksPerSecond }
        return use
    }

    private func readStatus() throws(ConfinementError) {
        while let bytes = try read(status.raw, bytesMax: CageStatus.recordBytes), !bytes.isEmpty {
            statusBytes += bytes.count
            guard statusBytes <= CageStatus.streamBytesMax else { throw .status("too long") }
            unread += bytes
            while unread.count >= CageStatus.recordBytes {
                let record = try CageStatus(unread.prefix(CageStatus.recordBytes))
                unread.removeFirst(CageStatus.recordBytes)
                note(record)
            }
        }
    }

    /// The first of each kind counts.
    private func note(_ record: CageStatus) {
        switch record {
        case .started(let process): started = started ?? process
        case .refused(let feature, let detail, let code):
            refusal = refusal ?? .refused(feature: feature, detail: detail, code: code)
        case .exited(let code): programEnd = programEnd ?? .exited(code)
        case .signalled(let number): programEnd = programEnd ?? .signalled(number)
        }
    }

    private func read(_ descriptor: Int32, bytesMax: Int) throws(ConfinementError) -> [UInt8]? {
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
                let result = Glibc.read(descriptor, buffer.baseAddress, bytesMax)
                if result < 0 { failure = errno }
                count = max(0, result)
            }
            switch failure {
            case 0: return bytes
            case EAGAIN: return nil
            case EINTR: continue
            default: throw .system(SystemError("read", code: failure))
            }
        }
    }
}
