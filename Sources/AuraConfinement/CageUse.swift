import AuraSystem
import Glibc

/// What a cage uses at one instant, where the kernel does not bound it.
package struct CageUse: Hashable, Sendable {
    /// Processor time of all its processes, those that have ended too.
    package var processor: Int
    /// Memory that is its own: resident, and of no file.
    ///
    /// 0 where the kernel bounds it.
    package var memory: Int
    /// Processes and threads.
    package var processes: Int
    /// How often a process could not be made, as far as the kernel tells.
    package var refusedForks: Int

    /// Milliseconds, bytes, counts.
    package init(processor: Int = 0, memory: Int = 0, processes: Int = 0, refusedForks: Int = 0) {
        self.processor = processor
        self.memory = memory
        self.processes = processes
        self.refusedForks = refusedForks
    }
}

/// What /proc says of one process.
struct ProcessUse {
    /// Own and of the children that it has collected.
    var processorTicks: Int
    var memory: Int
    var threads: Int

    private static let pageBytes = sysconf(Int32(_SC_PAGESIZE))
    static let ticksPerSecond = sysconf(Int32(_SC_CLK_TCK))

    /// Nil when it has gone meanwhile.
    init?(_ process: ProcessID) {
        guard let stat = ControlFile.read("/proc/\(process)/stat"),
            let end = stat.utf8.lastIndex(of: UInt8(ascii: ")")),
            let statm = ControlFile.read("/proc/\(process)/statm")
        else { return nil }
        // Behind the name, which may hold anything: ")", then from the state, the third of proc(5),
        // on; so 14 to 17, utime to cstime, stand at 12 to 15, and 20, the threads, at 18.
        let fields = stat[end...].split(separator: " ")
        let pages = statm.split(separator: " ").compactMap { Int($0) }
        guard fields.count > 18, pages.count > 2 else { return nil }
        processorTicks = fields[12...15].compactMap { Int($0) }.reduce(0, +)
        threads = Int(fields[18]) ?? 1
        memory = max(0, pages[1] - pages[2]) * Self.pageBytes
    }
}
