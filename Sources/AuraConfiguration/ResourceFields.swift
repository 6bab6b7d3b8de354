import AuraModel

/// Reads what a command may use, among the members of `limits`.
///
///     limits:
///       memory: 4GiB           # of all its processes, with its /tmp and home
///       processes: 256         # and threads
///       disk: 4GiB             # its workspace, and any one file
///       cpu-share: 150%        # of one processor; absent: what is idle, and a fair share
///       cpu-time: 30m          # of all its processes; absent: unbounded
///       idle: 5m               # without output; absent: unbounded
enum ResourceFields {
    static let keys = ["memory", "processes", "disk", "cpu-share", "cpu-time", "idle"]

    /// 64 MiB: git and a shell need less than half of it.
    private static let memoryRange = (64 << 20)...(1 << 40)
    /// 16: a shell, a pipe, a compiler and its children.
    private static let processesRange = 16...32_768
    /// 16 MiB: less does not hold a checkout worth the work.
    private static let diskRange = (16 << 20)...(16 << 40)
    /// 1 % of a processor to 64 processors.
    private static let shareRange = 1...6_400

    /// Nil when none of the keys is there.
    static func read(_ fields: Fields, _ report: inout Report) -> ResourceLimits? {
        guard keys.contains(where: { fields[$0] != nil }) else { return nil }
        var limits = ResourceLimits()
        limits.memory = fields["memory"]?.size(memoryRange, &report) ?? limits.memory
        limits.processes = fields["processes"]?.whole(processesRange, &report) ?? limits.processes
        limits.disk = fields["disk"]?.size(diskRange, &report) ?? limits.disk
        limits.processorShare = fields["cpu-share"]?.percent(
            shareRange, of: "one processor", &report)
        limits.processorTime = fields["cpu-time"]?.duration(StepFields.timeoutRange, &report)
        limits.idle = fields["idle"]?.duration(StepFields.timeoutRange, &report)
        return limits
    }
}

extension Field {
    /// A size in `range`, such as `4GiB`, as bytes.
    func size(_ range: ClosedRange<Int>, _ report: inout Report) -> Int? {
        guard let bytes = parsed(expected: "a size such as `4GiB`", &report, SizeText.parse)
        else { return nil }
        guard range.contains(bytes) else {
            let (low, high) = (
                SizeText.format(range.lowerBound), SizeText.format(range.upperBound)
            )
            refuse(&report, expected: "a size of \(low) to \(high)")
            return nil
        }
        return bytes
    }

    /// A share of something, such as `150%`, in hundredths of it.
    func percent(
        _ range: ClosedRange<Int>, of whole: String, _ report: inout Report
    ) -> Int? {
        guard case .scalar(let scalar) = node.value, scalar.text.hasSuffix("%"),
            let value = Int(scalar.text.dropLast()), range.contains(value)
        else {
            refuse(
                &report,
                expected: "a share of \(whole), \(range.lowerBound)% to \(range.upperBound)%")
            return nil
        }
        return value
    }
}
