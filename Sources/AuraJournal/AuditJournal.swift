package import AuraModel
import CSystemd
import Glibc

/// Sends committed entries to journald as structured fields.
///
/// Every entry that was accepted stands in the journal's queue; the daemon keeps the sequence
/// number of the newest one in the record and after a crash goes on behind it. So none is missing,
/// and one may stand twice: readers tell by AURA_SEQ.
package struct AuditJournal: ~Copyable {
    /// Where journald listens; libsystemd has the same path compiled in.
    package static let socketPath = "/run/systemd/journal/socket"

    private var teller = EntryTeller()
    /// Connected to journald to ask whether its queue has room; -1 when it is not.
    private var probe: CInt = -1

    /// A journal that connects when there is something to send.
    package init() {}

    deinit { if probe >= 0 { close(probe) } }

    /// Whether a journald listens on this host.
    ///
    /// Without one the daemon writes `AuditLine`s to stderr.
    package static var isPresent: Bool { access(socketPath, W_OK) == 0 }

    /// Sends one entry.
    ///
    /// False when the journal did not take it (absent, stopped, or its queue is full): the caller
    /// keeps its cursor and sends the same entry again later. Never waits.
    ///
    /// Entries are given in their order, so that an outcome can be told with what it was for.
    ///
    /// `leftOut`: entries of the automaton before this one of which the journal is not told.
    package mutating func send(_ entry: Entry, leftOut: Int = 0) -> Bool {
        // Only an accepted entry moves the teller on: a second try gets the same text.
        guard hasRoom() else { return false }
        var next = teller
        let text = next.tell(entry)
        guard Self.send(AuditFields.fields(of: entry, text: text, leftOut: leftOut)) else {
            return false
        }
        teller = next
        return true
    }

    /// sd_journal_sendv(3) waits while journald's queue is full, and takes an absent journald for
    /// success.
    ///
    /// A datagram socket of our own, connected to the same address, tells both beforehand.
    private mutating func hasRoom() -> Bool {
        if probe >= 0, isWritable() { return true }
        if probe >= 0 {
            // Full, or the listener went away; only a new connection tells which.
            close(probe)
            probe = -1
        }
        probe = Self.connect()
        return probe >= 0 && isWritable()
    }

    private func isWritable() -> Bool {
        var descriptor = pollfd(fd: probe, events: Int16(POLLOUT), revents: 0)
        guard poll(&descriptor, 1, 0) == 1 else { return false }
        return descriptor.revents & Int16(POLLERR | POLLHUP) == 0
    }

    private static func connect() -> CInt {
        let type = CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return -1 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // SAFETY: the path is a constant of 27 bytes; sun_path holds 108 and is zeroed.
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isConnected = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, length) == 0
            }
        }
        guard isConnected else {
            close(descriptor)
            return -1
        }
        return descriptor
    }

    private static func send(_ fields: [(name: String, value: String)]) -> Bool {
        // One buffer for all fields, and their places in it: pointers are made once it stopped moving.
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for (name, value) in fields {
            bytes.append(contentsOf: "\(name)=\(value)".utf8)
            ends.append(bytes.count)
        }
        return bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return false }
            var start = 0
            var vectors: [iovec] = []
            for end in ends {
                vectors.append(iovec(iov_base: base + start, iov_len: end - start))
                start = end
            }
            // SAFETY: every vector lies inside `buffer`, which lives until this closure returns.
            return sd_journal_sendv(vectors, CInt(vectors.count)) == 0
        }
    }
}

/// The audit line of an entry where no journald is: foreground mode, containers, first trials.
package enum AuditLine {
    /// `2026-11-21 03:15:44Z #12 nightly 00000k landed 1a2b3c on BRANCH`, without a line break.
    package static func text(_ entry: Entry, _ text: EntryText) -> String {
        text.line(for: entry, time: HumanText.dateTime(entry.at) + "Z")
    }

    /// The same for an entry alone, without what came before it.
    package static func text(_ entry: Entry) -> String { self.text(entry, EntryText(entry)) }
}
