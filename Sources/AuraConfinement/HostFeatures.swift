import AuraSystem
import CSeccomp
import Glibc

/// What this host can enforce, found out by trying.
package struct HostFeatures: Hashable, Sendable {
    /// Something the host lacks.
    package struct Missing: Hashable, Sendable {
        /// Name as in the documentation: `userns_denied`, `cgroup_memory_missing`.
        package let feature: String
        /// What was seen, in words.
        package let detail: String
        /// Whether no cage can be built without it; otherwise it is a weaker mode to be shown.
        package let isFatal: Bool
    }

    /// Newest Landlock ABI of the kernel, 0 for none.
    package let landlockABI: Int
    /// Everything found missing, in a fixed order.
    ///
    /// Never a boolean: each is named and recorded.
    package let missing: [Missing]

    /// Whether cages can be built here.
    package var isUsable: Bool { !missing.contains { $0.isFatal } }

    /// 10 s: a cage is built in milliseconds; a host that needs more is not usable.
    private static let canaryMilliseconds: Int32 = 10_000

    /// Looks at the kernel and builds canary cages with the real policies: /usr/bin/true as a
    /// command, and the worker with `workerArguments` unless nil; both must exit with 0.
    ///
    /// Blocks.
    package static func probe(
        _ launcher: Launcher, workerArguments: [String]? = nil
    ) throws(ConfinementError) -> HostFeatures {
        let abi = Int(cseccomp_landlock_abi())
        var missing: [Missing] = []
        if abi < 0 {
            missing.append(Missing(feature: "landlock_absent", detail: "no ABI", isFatal: true))
        } else if abi < Int(Launcher.landlockABIMin) {
            missing.append(
                Missing(feature: "landlock_abi_low", detail: "ABI \(abi)", isFatal: true))
        } else if abi < 6 {
            // Namespaces cover both; Landlock is the second wall.
            missing.append(
                Missing(feature: "landlock_scopes", detail: "ABI \(abi)", isFatal: false))
        }
        missing += launcher.groups.missing

        let command = CagePlan.command(run: "canary", ["/usr/bin/true"], workspace: nil)
        if let failed = try canary(launcher, command) { missing.append(failed) }
        if let workerArguments {
            let plan = CagePlan.worker(run: "canary", workspace: nil, arguments: workerArguments)
            if let failed = try canary(launcher, plan) { missing.append(failed) }
        }
        return HostFeatures(landlockABI: max(0, abi), missing: missing)
    }

    /// Nil when the cage was built and its program exited with 0.
    private static func canary(
        _ launcher: Launcher, _ plan: CagePlan
    ) throws(ConfinementError) -> Missing? {
        let cage = try launcher.launch(plan)
        let kind = plan.profile.rawValue
        guard let end = try cage.finish(waitingMilliseconds: canaryMilliseconds) else {
            try cage.kill()
            _ = try cage.finish(waitingMilliseconds: nil)
            return Missing(
                feature: "canary_timeout", detail: "\(kind) cage, \(canaryMilliseconds) ms",
                isFatal: true)
        }
        switch end {
        case .exited(0): return nil
        case .exited(let code):
            return Missing(
                feature: "canary_failed", detail: "\(kind) cage, exit \(code)", isFatal: true)
        case .signalled(let number):
            return Missing(
                feature: "canary_failed", detail: "\(kind) cage, signal \(number)", isFatal: true)
        case .refused(let feature, let detail, let code):
            let reason = String(cString: strerror(code))
            return Missing(
                feature: feature,
                detail: "\(kind) cage" + (detail.isEmpty ? "" : " \(detail)") + ": \(reason)",
                isFatal: true)
        }
    }
}
