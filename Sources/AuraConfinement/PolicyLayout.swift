/// The sealed policy that `aura-cage` reads, version 1; twin of cage.h and policy.c.
///
/// Little-endian. A header of 112 bytes, then in order: the working directory; per bind a u32
/// (1 = writable), source, target; the arguments; the environment; per filter a u32 number of
/// instructions and the instructions. A string is a u32 length, its bytes, a NUL, and zeros up to
/// a multiple of four.
enum PolicyLayout {
    static let magic: UInt32 = 0x3147_4341  // "ACG1"
    static let version: UInt32 = 1
    static let headerBytes = 112
    /// 512 KiB, the reader's whole buffer.
    ///
    /// POLICY_BYTES_MAX in cage.h.
    static let bytesMax = 512 << 10

    private struct Flags: OptionSet {
        let rawValue: UInt32
        static let worker = Flags(rawValue: 1 << 0)
        static let system = Flags(rawValue: 1 << 1)
        static let fullProc = Flags(rawValue: 1 << 2)
        static let loopback = Flags(rawValue: 1 << 3)
        static let terminals = Flags(rawValue: 1 << 4)
        static let group = Flags(rawValue: 1 << 5)
        static let network = Flags(rawValue: 1 << 6)
        static let proxy = Flags(rawValue: 1 << 7)
        static let held = Flags(rawValue: 1 << 8)
    }

    /// The bytes of a plan.
    ///
    /// Throws `.plan` for one that is not valid or too large.
    static func encode(
        _ plan: CagePlan, filter: SeccompFilter, workerPath: String, landlockABIMin: UInt32,
        inGroup: Bool = false, isHeld: Bool = false, niceness: UInt32 = 0
    ) throws(ConfinementError) -> [UInt8] {
        try plan.validate()
        var binds = plan.binds
        var flags: Flags = [.system, .fullProc, .loopback, .terminals]
        if plan.profile == .worker {
            // Static, alone, and without a network: it needs none of the above.
            flags = .worker
            binds.append(CagePlan.Bind(workerPath, at: CagePlan.workerTarget))
        }

        if plan.sharesNetwork {
            flags.remove(.loopback)
            flags.insert(.network)
        }
        if plan.hasProxy { flags.insert(.proxy) }
        if inGroup { flags.insert(.group) }
        if isHeld { flags.insert(.held) }

        var body: [UInt8] = []
        append(plan.directory, to: &body)
        for bind in binds {
            append(UInt32(bind.writable ? 1 : 0), to: &body)
            append(bind.source, to: &body)
            append(bind.target, to: &body)
        }
        for argument in plan.arguments { append(argument, to: &body) }
        for variable in plan.variables { append(variable, to: &body) }
        for program in filter.programs {
            append(UInt32(program.count / SeccompFilter.instructionBytes), to: &body)
            body.append(contentsOf: program)
        }
        let total = headerBytes + body.count
        guard total <= bytesMax else { throw .plan("policy of \(total) bytes") }

        var bytes: [UInt8] = []
        bytes.reserveCapacity(total)
        let words: [UInt32] = [
            magic, version, UInt32(total), flags.rawValue,
            landlockABIMin, UInt32(binds.count), UInt32(plan.arguments.count),
            UInt32(plan.variables.count), UInt32(filter.programs.count), niceness,
        ]
        for word in words { append(word, to: &bytes) }
        let longs: [UInt64] = [
            plan.scratch.tmpBytes, plan.scratch.homeBytes, plan.scratch.sharedBytes,
            plan.scratch.inodesMax,
            plan.limits.openFilesMax, plan.limits.fileBytesMax, plan.limits.processesMax,
            plan.limits.lockedBytesMax, plan.limits.processorSeconds,
        ]
        for long in longs { append(long, to: &bytes) }
        precondition(bytes.count == headerBytes, "header of \(bytes.count) bytes")
        return bytes + body
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        append(UInt32(text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
        bytes.append(contentsOf: repeatElement(0, count: 4 - text.utf8.count % 4))
    }
}
