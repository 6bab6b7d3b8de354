package import AuraSystem
import Glibc

/// The daemon's part of the cgroup v2 tree: a leaf for the daemon itself, and one for each cage.
///
///     .../aurad.service/            delegated by systemd (Delegate=yes)
///         daemon/                   aurad, and the outer halves of the cages
///         cages/RUN-NUMBER/         everything inside one cage
///
/// Where the tree is not delegated, or a controller is missing, that is named in `missing` and what
/// is left is used. Belongs to the turn loop.
package final class CageGroups {
    /// What a host without it cannot enforce; none of it is fatal.
    package let missing: [HostFeatures.Missing]

    /// For cages that are in no group.
    let table = ProcessTable()

    private let cages: String?
    private let controllers: Set<String>
    private var made = 0
    /// Groups whose last process was still on its way out.
    private var lingering: Set<String> = []

    /// The controllers that limits are made of, in the order in which they are named.
    private static let wanted = ["memory", "pids", "cpu"]
    /// 1,000 against the 100 of all cages together: the daemon answers while they spin.
    private static let daemonWeight = "1000"
    /// A second for the processes of an earlier crash to go, in steps of ten milliseconds.
    private static let sweepSteps = 100
    private static let sweepStepMicroseconds: UInt32 = 10_000

    /// No groups at all.
    package init() {
        (missing, cages, controllers) = ([], nil, [])
    }

    private init(_ feature: String, _ detail: String) {
        missing =
            [HostFeatures.Missing(feature: feature, detail: detail, isFatal: false)]
            + Self.wanted.map(Self.absent)
        (cages, controllers) = (nil, [])
    }

    /// Cages below `base`, a cgroup v2 directory of which the caller may make children.
    ///
    /// Groups named in `kept` are left as they are, with what is in them.
    private init(below base: String, keeping kept: Set<String> = []) throws(SystemError) {
        let available = ControlFile.read(base + "/cgroup.controllers") ?? ""
        let present = Set(available.split { $0 == " " || $0 == "\n" }.map(String.init))
        let cages = base + "/cages"
        guard mkdir(cages, 0o755) == 0 || errno == EEXIST else {
            throw SystemError("mkdir", code: errno, subject: cages)
        }
        var enabled: Set<String> = []
        for name in Self.wanted where present.contains(name) {
            // Refused (EBUSY) while somebody else's process is in the group: then it is missing.
            guard (try? ControlFile.write("+" + name, to: base + "/cgroup.subtree_control")) != nil,
                (try? ControlFile.write("+" + name, to: cages + "/cgroup.subtree_control")) != nil
            else { continue }
            enabled.insert(name)
        }
        if enabled.contains("cpu") {
            try? ControlFile.write(Self.daemonWeight, to: base + "/daemon/cpu.weight")
        }
        var missing = Self.wanted.filter { !enabled.contains($0) }.map(Self.absent)
        if access(cages + "/cgroup.kill", F_OK) != 0 {
            missing.append(
                HostFeatures.Missing(
                    feature: "cgroup_kill_missing",
                    detail: "Linux before 5.14; cages end by their pid 1",
                    isFatal: false))
        }
        self.missing = missing
        self.cages = cages
        controllers = enabled
        sweep(cages, keeping: kept)
    }

    /// Takes the group that this process was started in, moves the process into a leaf of its own
    /// below it, and removes what an earlier daemon left there.
    ///
    /// Only a group that was delegated to this user, and never the root: what is not ours is left
    /// as it is. `kept`: the groups of cages that the earlier daemon has handed over.
    package static func claim(keeping kept: Set<String> = []) -> CageGroups {
        guard let mount = mountPoint() else {
            return CageGroups("cgroup_absent", "no cgroup v2 is mounted")
        }
        guard let own = ownPath() else {
            return CageGroups("cgroup_absent", "this process is in no cgroup v2")
        }
        // Started again within its leaf (DelegateSubgroup=daemon): the group is the one above.
        let path = own.hasSuffix("/daemon") ? String(own.dropLast("/daemon".count)) : own
        let base = mount + path
        guard path != "/", path != "", access(base, W_OK) == 0,
            access(base + "/cgroup.procs", W_OK) == 0
        else {
            return CageGroups(
                "cgroup_not_delegated", "\(own) is not this user's; a unit gets one by Delegate=yes"
            )
        }
        do throws(SystemError) {
            let daemon = base + "/daemon"
            guard mkdir(daemon, 0o755) == 0 || errno == EEXIST else {
                throw SystemError("mkdir", code: errno, subject: daemon)
            }
            // First: a group with children that are controlled may have no process of its own.
            try ControlFile.write("0", to: daemon + "/cgroup.procs")
            return try CageGroups(below: base, keeping: kept)
        } catch {
            return CageGroups("cgroup_not_delegated", "\(error)")
        }
    }

    /// Takes the controllers off the cages that outlive their daemon, so that the service manager can
    /// put another one into the group; that one bounds them again.
    ///
    /// For a process of the same service that runs after the daemon, in a group beside the cages.
    package static func release() {
        guard let mount = mountPoint(), let own = ownPath(), own != "/" else { return }
        // `.control`: where systemd puts such a process, in a delegated group.
        let name = own.split(separator: "/").last.map(String.init) ?? ""
        let isBeside = [".control", "daemon"].contains(name)
        let path = isBeside ? String(own.dropLast(name.count + 1)) : own
        for group in ["/cages", ""] {
            for controller in wanted {
                // Not enabled, or nothing is left of the group: then there is nothing to do.
                try? ControlFile.write(
                    "-" + controller, to: mount + path + group + "/cgroup.subtree_control")
            }
        }
    }

    /// For a caller who has prepared `base` and sees to it that launches start within it.
    package static func prepared(at base: String) throws(SystemError) -> CageGroups {
        try CageGroups(below: base)
    }

    /// Whether the kernel itself bounds both the memory and the processes of a cage.
    var isBounding: Bool { controllers.isSuperset(of: ["memory", "pids"]) }

    /// A leaf for one cage of `run`; nil where there are no groups.
    func make(for run: String, _ limits: CagePlan.Limits) throws(SystemError) -> CageGroup? {
        guard let cages else { return nil }
        removeLingering()
        let safe = run.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x7A) }
        made += 1
        let path = "\(cages)/\(safe ? run : "cage")-\(made)"
        guard mkdir(path, 0o755) == 0 else {
            throw SystemError("mkdir", code: errno, subject: path)
        }
        return try bound(path, limits)
    }

    /// The group of a cage that is taken over, bounded anew: a restart may have had to take the
    /// controllers off.
    ///
    /// Nil when it is gone: a service manager removes empty groups, so the cage has ended.
    func adopt(_ name: String, _ limits: CagePlan.Limits) throws(SystemError) -> CageGroup? {
        guard let cages else { return nil }
        do throws(SystemError) { return try bound("\(cages)/\(name)", limits) } catch {
            guard error.code == ENOENT || error.code == ENODEV else { throw error }
            return nil
        }
    }

    private func bound(
        _ path: String, _ limits: CagePlan.Limits
    ) throws(SystemError) -> CageGroup {
        let group = CageGroup(
            path: path, directory: try FileSystem.openDirectory(path), limits: limits
        ) { [weak self] in self?.lingering.insert($0) }
        if controllers.contains("memory") {
            try ControlFile.write("\(limits.memoryBytesMax)", to: path + "/memory.max")
            // A kernel without swap accounting has no such file, and nothing to bound.
            try? ControlFile.write("0", to: path + "/memory.swap.max")
            try ControlFile.write("1", to: path + "/memory.oom.group")
        }
        if controllers.contains("pids") {
            try ControlFile.write("\(limits.processesMax)", to: path + "/pids.max")
        }
        if controllers.contains("cpu"), let share = limits.processorShare {
            // Of a period of 100 ms, the kernel's own default.
            try ControlFile.write("\(share * 1000) 100000", to: path + "/cpu.max")
        }
        return group
    }

    private func removeLingering() {
        for path in lingering where rmdir(path) == 0 || errno == ENOENT { lingering.remove(path) }
    }

    /// Ends and removes what an earlier daemon, killed in the middle, had made.
    private func sweep(_ cages: String, keeping kept: Set<String>) {
        let found = Self.children(of: cages)
        var left = found.filter { path in !kept.contains { path.hasSuffix("/" + $0) } }
        for path in left { try? ControlFile.write("1", to: path + "/cgroup.kill") }
        for _ in 0..<Self.sweepSteps where !left.isEmpty {
            left.removeAll { rmdir($0) == 0 || errno == ENOENT }
            if !left.isEmpty { usleep(Self.sweepStepMicroseconds) }
        }
        lingering = Set(left)
        // Names of what could not go are not given again.
        made = found.compactMap { Int($0.split(separator: "-").last ?? "") }.max() ?? 0
    }

    private static func children(of path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append("\(path)/\(name)") }
        }
        return names
    }

    private static func absent(_ controller: String) -> HostFeatures.Missing {
        let instead =
            switch controller {
            case "memory": "measured four times a second instead; /tmp and home have their sizes"
            case "pids": "RLIMIT_NPROC of the cage's own user namespace instead"
            default: "no cpu-share; commands run at a lower priority instead"
            }
        return HostFeatures.Missing(
            feature: "cgroup_\(controller)_missing", detail: instead, isFatal: false)
    }

    /// Where cgroup v2 is mounted, as a whole: alone, or beside v1.
    private static func mountPoint() -> String? {
        guard let text = ControlFile.read("/proc/self/mountinfo") else { return nil }
        for line in text.split(separator: "\n") {
            let halves = line.split(separator: " - ", maxSplits: 1)
            guard halves.count == 2, halves[1].hasPrefix("cgroup2 ") else { continue }
            let fields = halves[0].split(separator: " ")
            if fields.count > 4, fields[3] == "/" { return String(fields[4]) }
        }
        return nil
    }

    /// This process's own group, from the root of the hierarchy that is seen here.
    private static func ownPath() -> String? {
        guard let text = ControlFile.read("/proc/self/cgroup") else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("0::/") }
            .map { String($0.dropFirst(3)) }
    }
}
