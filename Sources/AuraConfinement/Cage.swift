package import AuraModel
package import AuraSystem
import Glibc

/// A running cage: everything the daemon holds of it.
///
/// Dropping it lets the lifeline go, which kills every process inside unless a store keeps the
/// other end too; `finish` must still have collected the parent, or it stays as a zombie.
///
/// Watch for reading: `processRaw` (it ended: call `finish`), `outputRaw` (bytes of stdout and
/// stderr). Not Sendable: it belongs to the turn loop.
package final class Cage {
    private let process: ProcessDescriptor
    private let output: OwnedDescriptor
    private let status: OwnedDescriptor
    private let lifeline: PacketSocket
    private var broker: OwnedDescriptor?
    private let door: PacketSocket?
    /// The gate of one that is held and the socket of a proxy, where there are any.
    private let more: KeptDescriptors
    private var label: CageLabel
    private let group: CageGroup?
    private let groups: CageGroups
    /// Whether this process has launched it, and so can wait for its parent.
    private let isOwn: Bool
    private var isLetGo = false

    /// What the cage ran into, known once it has ended.
    ///
    /// Present beside any end: a program may fail, or go on, when it gets no more.
    package private(set) var limit: LimitHit?

    /// Where the next record of the status file will be.
    private var nextRecord = CageLabel.bytes
    private static let statusEnd = CageLabel.bytes + CageStatus.streamBytesMax
    private var started: ProcessID?
    private var refusal: CageExit?
    private var programEnd: CageExit?
    private var end: CageExit?

    init(
        process: consuming ProcessDescriptor, output: consuming OwnedDescriptor,
        status: consuming OwnedDescriptor, lifeline: consuming PacketSocket,
        broker: consuming OwnedDescriptor?, door: consuming PacketSocket?,
        more: KeptDescriptors, label: CageLabel, group: CageGroup?, groups: CageGroups
    ) {
        self.process = process
        self.more = more
        self.output = output
        self.status = status
        self.lifeline = lifeline
        self.broker = consume broker
        self.door = consume door
        self.label = label
        self.group = group
        self.groups = groups
        isOwn = true
    }

    /// A cage that an earlier daemon has launched.
    init(adopting kept: KeptDescriptors, groups: CageGroups) throws(SystemError) {
        let status = try kept.take(.status)
        label = try CageLabel.read(status.raw)
        let process = try kept.take(.process)
        let number = try ProcessDescriptor.number(of: process.raw)
        self.process = ProcessDescriptor(adopting: process, processID: number)
        output = try kept.take(.output)
        lifeline = PacketSocket(adopting: try kept.take(.lifeline))
        broker = nil
        if kept.raw(.door) != nil {
            door = PacketSocket(adopting: try kept.take(.door))
        } else {
            door = nil
        }
        if let name = label.group {
            group = try groups.adopt(name, label.limits)
        } else {
            group = nil
        }
        self.groups = groups
        isOwn = false
        self.status = status
        more = kept
    }

    /// The control group that a cage of an earlier daemon is in.
    package static func group(of kept: KeptDescriptors) -> String? {
        kept.raw(.status).flatMap { try? CageLabel.read($0).group }
    }

    /// What was given to `Launcher.launch`, or to `assign` since.
    package var tag: String { label.tag }

    /// Gives a cage that was built ahead its tag.
    package func assign(tag: String) throws(ConfinementError) {
        label.tag = tag
        do throws(SystemError) { try label.replace(in: status.raw) } catch { throw .system(error) }
    }

    /// By which a store knows the cage.
    package var name: String { label.name }
    /// Everything that a later daemon needs to take the cage over.
    package var parts: [(KeptPart, Int32)] {
        var parts: [(KeptPart, Int32)] = [
            (.process, process.raw), (.output, output.raw), (.status, status.raw),
            (.lifeline, lifeline.raw),
        ]
        if let number = doorRaw { parts.append((.door, number)) }
        for part in [KeptPart.gate, .proxy] {
            if let number = more.raw(part) { parts.append((part, number)) }
        }
        return parts
    }

    /// Lets the program of a cage that is held run; said again it changes nothing.
    ///
    /// False when that cannot be said any more: it is gone, or has begun, or was never held.
    @discardableResult
    package func begin() -> Bool { say([Word.begin.rawValue]) }

    /// Takes the end of its gate on which it is let begin.
    func hold(gate: consuming OwnedDescriptor) { more.add(.gate, adopting: gate.take()) }

    /// Takes the socket into which it puts the listener of its proxy.
    func hold(proxy: consuming OwnedDescriptor) { more.add(.proxy, adopting: proxy.take()) }

    /// The last argument of a cage that was built without it; false when it is gone.
    func give(_ argument: String) -> Bool {
        say([Word.argument.rawValue] + Array(argument.utf8) + [0])
    }

    /// Twin of `enum command_word` in cage.h.
    private enum Word: UInt8 {
        case argument = 0x61  // a
        case begin = 0x62  // b
    }

    private func say(_ packet: [UInt8]) -> Bool {
        guard let gate = more.raw(.gate) else { return false }
        var count: Int
        repeat {
            count = send(gate, packet, packet.count, Int32(MSG_NOSIGNAL))
        } while count < 0 && errno == EINTR
        return count == packet.count
    }

    /// Hands the worker of a cage that was taken over a new broker, in place of the one that ended
    /// with the earlier daemon; our end of it.
    package func renewBroker() throws(ConfinementError) -> OwnedDescriptor {
        do throws(SystemError) {
            var pair = try DescriptorPair.sockets(.stream)
            let outside = pair.takeFirst()
            let inside = pair.takeSecond()
            try knock(inside.raw)
            return outside
        } catch { throw .system(error) }
    }

    /// The pid of aura-cage's parent process, outside; for showing.
    package var processID: ProcessID { process.processID }
    /// Readable when the cage has ended: nothing of it runs any more.
    package var processRaw: Int32 { process.raw }
    /// The read end of the program's stdout and stderr, non-blocking.
    package var outputRaw: Int32 { output.raw }

    /// Readable when the cage stands, and when it has ended; see `programID`.
    package var standRaw: Int32 { lifeline.raw }

    /// Whether a proxy listens in it.
    package var hasProxy: Bool { more.raw(.proxy) != nil }

    /// A duplicate of the socket in which the listener of the cage's proxy lies, or will.
    ///
    /// ENOENT for a cage without a proxy.
    package func proxySocket() throws(SystemError) -> OwnedDescriptor {
        guard let number = more.raw(.proxy) else {
            throw SystemError("dup", code: ENOENT, subject: "a cage without a proxy")
        }
        let duplicate = fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else { throw SystemError("dup", code: errno) }
        return OwnedDescriptor(adopting: duplicate)
    }

    /// The daemon's end of the worker's stream socket.
    ///
    /// Traps for a command, or when taken before.
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

    /// Whether the program was ever let go on: if not, nothing has run in the cage, and once it has
    /// ended nothing will.
    package var isStarted: Bool {
        try? readStatus()
        return started != nil
    }

    /// Reads what the program has written, at most `bytesMax` bytes: nil when nothing is there now,
    /// empty at the end of the output.
    package func readOutput(bytesMax: Int) throws(ConfinementError) -> [UInt8]? {
        try read(output.raw, bytesMax: bytesMax)
    }

    /// Ends the cage: pid 1 hears it on the lifeline, exits, and the kernel kills everything inside;
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
        guard isLetGo else {
            isLetGo = true
            // Closing would not do: a store holds the same end.
            try? lifeline.send([0], waitingMilliseconds: 0)
            return
        }
        guard !isKilled else { return }
        do throws(SystemError) {
            try process.signal(SIGKILL)
        } catch { throw .system(error) }
    }

    /// Asks the program to end: SIGTERM to it alone.
    package func terminate() {
        guard end == nil, !isLetGo else { return }
        // Who does not hear it any more is ending already.
        try? lifeline.send([Self.terminateWord], waitingMilliseconds: 0)
    }

    /// LIFELINE_TERMINATE of cage.h.
    private static let terminateWord: UInt8 = 1

    /// Collects the end.
    ///
    /// Nil while the cage lives; the same answer ever after.
    package func finish() throws(ConfinementError) -> CageExit? {
        if let end { return end }
        return try finish(waitingMilliseconds: 0)
    }

    /// Waits for the end, at most `timeoutMilliseconds` (nil: for ever).
    ///
    /// Nil after the timeout. Blocks the thread: for tests, probes and start-up, not for the turn
    /// loop.
    package func finish(waitingMilliseconds timeout: Int32?) throws(ConfinementError) -> CageExit? {
        if let end { return end }
        var parent: ExitStatus?
        do throws(SystemError) {
            if isOwn {
                parent = try process.reap(waitingMilliseconds: timeout)
                guard parent != nil else { return nil }
            } else {
                // Somebody else's child by now, who collects it; what it was is in the status file.
                guard try process.wait(milliseconds: timeout) else { return nil }
            }
        } catch { throw .system(error) }
        return try conclude(parent)
    }

    /// A refusal wins over the exit that it caused; a record over the parent's own exit code, which
    /// cannot tell 137 from SIGKILL.
    private func conclude(_ parent: ExitStatus?) throws(ConfinementError) -> CageExit {
        isLetGo = true
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
            // A parent that has nothing to say was killed, and its cage with it.
            case nil: result = .signalled(SIGKILL)
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
        case .signalled(SIGXFSZ): LimitHit(.fileSize, max: Int(label.limits.fileBytesMax))
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
        // Who has no group is found by its program, which nobody may have asked for yet.
        if group == nil, started == nil { try? readStatus() }
        let inside = group?.processes ?? started.map(groups.table.neighbours) ?? []
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
        while true {
            guard nextRecord < Self.statusEnd else { throw .status("too long") }
            var bytes = [UInt8](repeating: 0, count: CageStatus.recordBytes)
            let count = pread(status.raw, &bytes, bytes.count, off_t(nextRecord))
            guard count == bytes.count else { return }
            nextRecord += count
            note(try CageStatus(bytes[...]))
        }
    }

    private var doorRaw: Int32? {
        switch door {
        case .some(let door): door.raw
        case nil: nil
        }
    }

    private func knock(_ broker: Int32) throws(SystemError) {
        switch door {
        case .some(let door):
            try door.send([0], [broker], waitingMilliseconds: Self.doorMilliseconds)
        case nil: throw SystemError("renew", code: ENOTCONN, subject: "a cage without a door")
        }
    }

    /// A second for room on a door on which nothing waits.
    private static let doorMilliseconds: Int32 = 1000

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
