package import AuraSystem
import Glibc

/// Starts cages.
///
/// Holds what all of them share: the compiled filters and /dev/null.
package final class Launcher {
    /// 2 (Linux 5.19): without REFER every rename between directories fails, and builds with it.
    package static let landlockABIMin: UInt32 = 2

    private let cagePath: String
    private let workerPath: String
    private let prefix: [String]
    private let filters: [ConfinementProfile: SeccompFilter]
    private let null: OwnedDescriptor
    /// Where cages get a control group of their own.
    let groups: CageGroups

    /// 10, about a ninth of the weight of 0: where no control group keeps them apart, commands that
    /// spin leave the daemon the processor that it needs.
    private static let commandNiceness: UInt32 = 10

    /// Prepares launches of `aura-cage` at `cagePath`, and of the static worker at `workerPath`.
    ///
    /// Both are absolute; the worker's has no symbolic link (`CagePlan.canonicalPath`).
    ///
    /// `prefix` is a command line put before aura-cage's, for a caller who is root and must not
    /// stay it (setpriv(1)); empty in production.
    package init(
        cagePath: String, workerPath: String, prefix: [String] = [],
        groups: CageGroups = CageGroups()
    ) throws(ConfinementError) {
        self.cagePath = cagePath
        self.workerPath = workerPath
        self.prefix = prefix
        self.groups = groups
        var filters: [ConfinementProfile: SeccompFilter] = [:]
        for profile in ConfinementProfile.allCases {
            filters[profile] = try SeccompFilter(profile)
        }
        self.filters = filters
        let number = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard number >= 0 else {
            throw .system(SystemError("open", code: errno, subject: "/dev/null"))
        }
        null = OwnedDescriptor(adopting: number)
    }

    /// The two programs as they were on the disk at one time: an upgrade puts others in their place.
    struct Programs {
        private let paths: [String]
        private let stamps: [[Int]?]

        fileprivate init(_ paths: [String]) {
            self.paths = paths
            stamps = paths.map(Self.stamp)
        }

        /// Whether others are there now; what is gone has not been replaced.
        var areReplaced: Bool {
            zip(paths, stamps).contains { path, then in
                let now = Self.stamp(path)
                return now != nil && now != then
            }
        }

        private static func stamp(_ path: String) -> [Int]? {
            var information = stat()
            guard stat(path, &information) == 0 else { return nil }
            return [
                Int(information.st_dev), Int(information.st_ino), Int(information.st_size),
                information.st_mtim.tv_sec, information.st_mtim.tv_nsec,
            ]
        }
    }

    /// What a launch would run now.
    var programs: Programs { Programs([cagePath, workerPath]) }

    /// The descriptors of cage.h.
    private enum Place {
        static let input: Int32 = 0
        static let output: Int32 = 1
        static let errors: Int32 = 2
        static let broker: Int32 = 3
        static let policy: Int32 = 4
        static let status: Int32 = 5
        static let lifeline: Int32 = 6
        static let group: Int32 = 7
        static let door: Int32 = 8
        static let command: Int32 = 9
    }

    /// Spawns a cage.
    ///
    /// Returns while it is still being built: a refusal arrives as its end.
    ///
    /// `tag`: what a later daemon, which takes the cage over, is to know of it.
    ///
    /// Throws `.plan`, or `.system` when out of descriptors or without an aura-cage at its path.
    package func launch(_ plan: CagePlan, tag: String = "") throws(ConfinementError) -> Cage {
        try launch(plan, tag: tag, gate: nil)
    }

    /// Spawns the cage of a command that is spoken to: it reads `input`, and what it says beside its
    /// output goes to `errors`.
    ///
    /// Both stay the caller's.
    package func launch(
        _ plan: CagePlan, input: Int32, errors: Int32
    ) throws(ConfinementError) -> Cage {
        try launch(plan, tag: "", gate: nil, input: input, errors: errors)
    }

    /// Spawns a cage in which nothing runs before `Cage.begin`, so that it can be kept
    /// first.
    package func prepare(_ plan: CagePlan, tag: String) throws(ConfinementError) -> Cage {
        var pair: DescriptorPair
        do throws(SystemError) { pair = try DescriptorPair.sockets(.packets) } catch {
            throw .system(error)
        }
        let outside = pair.takeFirst()
        let inside = pair.takeSecond()
        let cage = try launch(plan, tag: tag, gate: inside.raw)
        cage.hold(gate: outside)
        return cage
    }

    /// With `gate` the cage is held: what is not in `plan` comes from there, and the word to begin.
    private func launch(
        _ plan: CagePlan, tag: String, gate: Int32?, input: Int32? = nil, errors: Int32? = nil
    ) throws(ConfinementError) -> Cage {
        guard let filter = filters[plan.profile] else {
            preconditionFailure("a filter for every profile")
        }
        let group: CageGroup?
        do throws(SystemError) { group = try groups.make(for: plan.run, plan.limits) } catch {
            throw .system(error)
        }
        let policy = try PolicyLayout.encode(
            plan, filter: filter, workerPath: workerPath,
            landlockABIMin: Launcher.landlockABIMin, inGroup: group != nil,
            isHeld: gate != nil,
            niceness: plan.profile == .command ? Launcher.commandNiceness : 0)
        do throws(SystemError) {
            let label = CageLabel(
                name: try newName(), group: group?.name, limits: plan.limits, tag: tag)
            let gates = gate.map { [Spawn.Descriptor(child: Place.command, parent: $0)] } ?? []
            switch plan.profile {
            case .command where plan.hasProxy:
                var pair = try DescriptorPair.sockets(.stream)
                let outside = pair.takeFirst()
                let inside = pair.takeSecond()
                let cage = try spawn(
                    policy, label, broker: nil, door: nil,
                    inside: [Spawn.Descriptor(child: Place.broker, parent: inside.raw)] + gates,
                    group, input: input, errors: errors)
                cage.hold(proxy: outside)
                return cage
            case .command:
                return try spawn(
                    policy, label, broker: nil, door: nil, inside: gates, group, input: input,
                    errors: errors)
            case .worker:
                var pair = try DescriptorPair.sockets(.stream)
                var doors = try DescriptorPair.sockets(.packets)
                let outside = pair.takeFirst()
                let door = PacketSocket(adopting: doors.takeFirst())
                // One way: a hostile worker cannot put anything into it.
                try door.refuse()
                // In a scope of its own that outlives the spawn: the optimiser of Swift 6.3.1 closes a
                // descriptor early that is kept in an optional.
                let inside = pair.takeSecond()
                let doorInside = doors.takeSecond()
                return try spawn(
                    policy, label, broker: outside, door: door,
                    inside: [
                        Spawn.Descriptor(child: Place.broker, parent: inside.raw),
                        Spawn.Descriptor(child: Place.door, parent: doorInside.raw),
                    ] + gates, group)
            }
        } catch { throw .system(error) }
    }

    /// Takes over a cage that an earlier daemon has launched.
    ///
    /// Throws `.system` when something of it is missing or cannot be read: it ends then.
    package func adopt(_ kept: KeptDescriptors) throws(ConfinementError) -> Cage {
        do throws(SystemError) { return try Cage(adopting: kept, groups: groups) } catch {
            throw .system(error)
        }
    }

    /// Never twice in a boot.
    private func newName() throws(SystemError) -> String {
        String(try Entropy.word(), radix: 16)
    }

    private func spawn(
        _ bytes: [UInt8], _ label: CageLabel, broker: consuming OwnedDescriptor?,
        door: consuming PacketSocket?, inside: [Spawn.Descriptor], _ group: CageGroup?,
        input: Int32? = nil, errors: Int32? = nil
    ) throws(SystemError) -> Cage {
        let policy = try FileSystem.sealedMemory(name: "aura-policy", content: bytes)
        var output = try DescriptorPair.pipe()
        // A socket, not a pipe: who writes to a cage that is just ending gets an error and no signal.
        var lifeline = try DescriptorPair.sockets(.packets)
        let outputReader = output.takeFirst()
        let outputWriter = output.takeSecond()
        let status = try label.file()
        let lifelineOutside = PacketSocket(adopting: lifeline.takeFirst())
        let lifelineInside = lifeline.takeSecond()
        try outputReader.setNonblocking()

        var descriptors = [
            Spawn.Descriptor(child: Place.input, parent: input ?? null.raw),
            Spawn.Descriptor(child: Place.output, parent: outputWriter.raw),
            Spawn.Descriptor(child: Place.errors, parent: errors ?? outputWriter.raw),
            Spawn.Descriptor(child: Place.policy, parent: policy.raw),
            Spawn.Descriptor(child: Place.status, parent: status.raw),
            Spawn.Descriptor(child: Place.lifeline, parent: lifelineInside.raw),
        ]
        descriptors += inside
        if let group {
            descriptors.append(Spawn.Descriptor(child: Place.group, parent: group.raw))
        }
        // An empty environment, and no argument: everything is in the policy.
        let process = try Spawn(
            executable: prefix.first ?? cagePath, arguments: prefix + [cagePath],
            descriptors: descriptors
        ).start()
        return Cage(
            process: process, output: outputReader, status: status,
            lifeline: lifelineOutside, broker: broker, door: door,
            more: KeptDescriptors(name: label.name), label: label, group: group, groups: groups)
    }
}
