/// What one command or step of a run may use, all its processes together.
package struct ResourceLimits: Hashable, Sendable, Codable {
    /// Bytes of memory, with its `/tmp` and home; swap is none.
    package var memory: Int
    /// Processes and threads.
    package var processes: Int
    /// Bytes of its workspace on the disk, and of any one file.
    package var disk: Int
    /// Hundredths of one processor; nil: what is idle, and a fair share of what is not.
    package var processorShare: Int?
    /// Processor time; nil: unbounded.
    package var processorTime: Milliseconds?
    /// The longest pause without output; nil: unbounded.
    package var idle: Milliseconds?

    /// 4 GiB, 256 processes and 4 GiB of disk unless given: a large build, and far from harm.
    package init(
        memory: Int = 4 << 30, processes: Int = 256, disk: Int = 4 << 30,
        processorShare: Int? = nil, processorTime: Milliseconds? = nil, idle: Milliseconds? = nil
    ) {
        self.memory = memory
        self.processes = processes
        self.disk = disk
        self.processorShare = processorShare
        self.processorTime = processorTime
        self.idle = idle
    }
}

/// The limit that ended a program.
package struct LimitHit: Hashable, Sendable, Codable {
    /// What there was not enough of.
    package enum Resource: String, Hashable, Sendable, Codable {
        /// Memory of all processes together: the kernel's out-of-memory kill, or the daemon's.
        case memory
        /// Processes and threads.
        case processes
        /// The workspace on the disk.
        case disk
        /// The size of one file.
        case fileSize = "file-size"
    }

    package var resource: Resource
    /// Bytes, or processes.
    package var max: Int

    /// `resource` beyond `max`.
    package init(_ resource: Resource, max: Int) {
        self.resource = resource
        self.max = max
    }

    /// For an operator: `out of memory (limit 4GiB)`.
    package var text: String {
        switch resource {
        case .memory: "out of memory (limit \(SizeText.format(max)))"
        case .processes: "too many processes (limit \(max))"
        case .disk: "workspace too large (limit \(SizeText.format(max)))"
        case .fileSize: "file too large (limit \(SizeText.format(max)))"
        }
    }
}
