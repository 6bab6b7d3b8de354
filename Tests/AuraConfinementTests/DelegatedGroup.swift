import AuraConfinement
import FoundationEssentials
import Glibc

/// A cgroup v2 subtree of the tests' own, as systemd would delegate one to the cages' user.
///
/// Only root can make it, and not everywhere: nil then. Removed in the end.
final class DelegatedGroup {
    let path: String
    /// Nil when the kernel does not let us.
    private(set) var groups: CageGroups?

    init?() throws {
        let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        guard getuid() == 0,
            let mount = mounts.first(where: { access($0 + "/cgroup.controllers", F_OK) == 0 })
        else { return nil }
        path = mount + "/aura-test-\(getpid())"
        guard mkdir(path, 0o755) == 0, mkdir(path + "/daemon", 0o755) == 0 else { return nil }
        for controller in ["memory", "pids", "cpu"] {
            // The root may have handed them on already, or not have them.
            try? Data("+\(controller)".utf8).write(
                to: URL(fileURLWithPath: mount + "/cgroup.subtree_control"))
        }
        groups = try CageGroups.prepared(at: path)
        for name in ["", "/cgroup.procs", "/cages", "/cages/cgroup.procs", "/daemon/cgroup.procs"] {
            guard chown(path + name, CageLab.unprivileged, CageLab.unprivileged) == 0 else {
                throw CageLab.Failure("chown \(path)\(name): \(errno)")
            }
        }
    }

    /// Moves a launch into the daemon's leaf and gives the cage's own (descriptor 7, made by root
    /// here) to the cages' user, who would have made it.
    var prefix: [String] {
        let script = """
            echo $$ > \(path)/daemon/cgroup.procs &&
            chown \(CageLab.unprivileged) /proc/self/fd/7/cgroup.procs && exec "$@"
            """
        return ["/bin/sh", "-c", script, "sh"]
    }

    /// Groups of cages that are there now.
    var leaves: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path + "/cages"))?
            .filter { $0.contains("-") } ?? []
    }

    deinit {
        groups = nil
        for name in leaves { rmdir("\(path)/cages/\(name)") }
        for name in ["/cages", "/daemon", ""] { rmdir(path + name) }
    }
}
