import AuraModel
import AuraSystem
import Glibc

/// The cgroup of one cage: everything inside it and nothing else.
final class CageGroup {
    private let path: String
    private let directory: OwnedDescriptor
    private let limits: CagePlan.Limits
    private let linger: (String) -> Void
    private var isRemoved = false

    init(
        path: String, directory: consuming OwnedDescriptor, limits: CagePlan.Limits,
        linger: @escaping (String) -> Void
    ) {
        self.path = path
        self.directory = directory
        self.limits = limits
        self.linger = linger
    }

    /// The last part of its path.
    var name: String { String(path.split(separator: "/").last ?? "") }

    /// For clone3(2), which starts a process right inside: there is no instant outside.
    var raw: Int32 { directory.raw }

    /// Kills everything inside at once, whatever it does at the moment.
    ///
    /// False where the kernel cannot.
    func kill() -> Bool { (try? ControlFile.write("1", to: path + "/cgroup.kill")) != nil }

    /// The processes inside; as many as there are when it is asked.
    var processes: [ProcessID] {
        (ControlFile.read(path + "/cgroup.procs") ?? "").split(separator: "\n")
            .compactMap { Int32($0).map(ProcessID.init) }
    }

    /// Processor time of all that ever ran inside.
    var processorMicroseconds: Int? { ControlFile.number("usage_usec", in: path + "/cpu.stat") }

    /// Processes and threads inside, as the kernel bounds them.
    var processCount: Int { ControlFile.number(in: path + "/pids.current") ?? 0 }

    /// How often a process could not be made.
    var refusedForks: Int { ControlFile.number("max", in: path + "/pids.events") ?? 0 }

    /// What the kernel refused or killed for.
    var hit: LimitHit? {
        if ControlFile.number("oom_kill", in: path + "/memory.events") ?? 0 > 0 {
            return LimitHit(.memory, max: Int(limits.memoryBytesMax))
        }
        return refusedForks > 0 ? LimitHit(.processes, max: Int(limits.processesMax)) : nil
    }

    /// Removes the group once its processes are gone; what is not quite gone is removed later.
    func remove() {
        guard !isRemoved else { return }
        isRemoved = true
        if rmdir(path) != 0, errno != ENOENT { linger(path) }
    }

    deinit { remove() }
}
