/// What the kernel says about the confinement of one process.
///
/// The worker reads it of itself and sends it in its first frame; the daemon reads the same of the
/// worker's host pid. Equal and `isConfined`, or the worker is ended. Sources: proc_pid_status(5),
/// namespaces(7).
package struct Attestation: Codable, Hashable, Sendable {
    /// Whether execve can never grant privileges again (`NoNewPrivs`).
    package let noNewPrivileges: Bool
    /// 0 none, 1 strict, 2 filter (`Seccomp`).
    package let seccompMode: Int
    /// Number of filters in force (`Seccomp_filters`).
    package let seccompFilters: Int
    /// Bit sets of `CapInh`, `CapPrm`, `CapEff`, `CapBnd`, `CapAmb`, joined by "or": zero says that
    /// none of them holds anything.
    package let capabilities: UInt64
    /// Inode number of each namespace, by its name in /proc/PID/ns.
    package let namespaces: [String: UInt64]

    /// The namespaces that a cage has of its own.
    package static let namespaceNames = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]

    /// A statement made of its parts.
    package init(
        noNewPrivileges: Bool, seccompMode: Int, seccompFilters: Int, capabilities: UInt64,
        namespaces: [String: UInt64]
    ) {
        self.noNewPrivileges = noNewPrivileges
        self.seccompMode = seccompMode
        self.seccompFilters = seccompFilters
        self.capabilities = capabilities
        self.namespaces = namespaces
    }

    /// Reads the text of /proc/PID/status.
    ///
    /// Nil when a line that matters is missing, doubled or not a number: what is not said is not
    /// believed.
    package init?(status text: String, namespaces: [String: UInt64]) {
        var fields: [String: Substring] = [:]
        // By its bytes: a worker does this before its first frame.
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let known = Attestation.statusNames.first { $0.utf8.elementsEqual(line[..<colon]) }
            guard let name = known else { continue }
            let value = line[line.index(after: colon)...].drop {
                $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ")
            }
            guard fields.updateValue(Substring(value), forKey: name) == nil else { return nil }
        }
        guard
            let noNewPrivileges = fields["NoNewPrivs"].flatMap({ Int($0) }),
            let seccompMode = fields["Seccomp"].flatMap({ Int($0) }),
            let seccompFilters = fields["Seccomp_filters"].flatMap({ Int($0) })
        else { return nil }
        var capabilities: UInt64 = 0
        for name in Attestation.capabilityNames {
            guard let set = fields[name].flatMap({ UInt64($0, radix: 16) }) else { return nil }
            capabilities |= set
        }
        self.init(
            noNewPrivileges: noNewPrivileges == 1, seccompMode: seccompMode,
            seccompFilters: seccompFilters, capabilities: capabilities, namespaces: namespaces)
    }

    /// Whether no privilege is left or can come back, and a filter is in force.
    package var isConfined: Bool {
        noNewPrivileges && seccompMode == 2 && capabilities == 0
            && Attestation.namespaceNames.allSatisfy { namespaces[$0] != nil }
    }

    private static let capabilityNames = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
    private static let statusNames =
        capabilityNames + ["NoNewPrivs", "Seccomp", "Seccomp_filters"]
}
