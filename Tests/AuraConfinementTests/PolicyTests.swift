import AuraModel
import AuraSystem
import FoundationEssentials
import Glibc
import Testing

@testable import AuraConfinement

@Suite struct PolicyTests {
    @Test("the policy's bytes are these, version 1")
    func golden() throws {
        let filter = SeccompFilter(programs: [[1, 2, 3, 4, 5, 6, 7, 8]])
        var plan = CagePlan.command(
            run: "r7", ["true"], workspace: "/w", environment: ["A": "b"])
        plan.searchPath = "/bin"
        plan.scratch = CagePlan.Scratch(tmpBytes: 1, homeBytes: 2, sharedBytes: 3)
        let bytes = try PolicyLayout.encode(
            plan, filter: filter, workerPath: "/x", landlockABIMin: 2)
        let header = """
            41434731 01000000 18010000 1e000000 02000000 01000000 01000000 07000000
            01000000 00000000 0100000000000000 0200000000000000 0300000000000000
            0000010000000000 0010000000000000 0000000001000000 0001000000000000
            0000800000000000 0000000000000000
            """
        #expect(hex(bytes.prefix(112)) == header.filter { !$0.isWhitespace })
        let strings = ["/ws", "/w", "/ws", "true"]
        let text = strings.map(encoded)
        let variables = [
            "PATH=/bin", "HOME=/home/worker", "TMPDIR=/tmp", "LANG=C.UTF-8", "USER=worker",
            "AURA_RUN=r7", "A=b",
        ]
        let body =
            text[0] + "01000000" + text[1] + text[2] + text[3]
            + variables.map(encoded).joined() + "01000000" + "0102030405060708"
        #expect(hex(bytes.dropFirst(112)) == body)
    }

    @Test("a plan that would mean two things is refused")
    func invalidPlans() {
        let base = CagePlan.command(run: "r", ["true"], workspace: "/w")
        var plans: [CagePlan] = []
        for target in ["/usr/x", "/etc", "/proc/x", "/", "relative", "/a/../b", "/ws/x", "/a//b"] {
            var plan = base
            plan.binds.append(CagePlan.Bind("/src", at: target))
            plans.append(plan)
        }
        for environment in [["PATH": "/x"], ["AURA_RUN": "y"], ["A=B": "c"], ["": "c"]] {
            plans.append(
                CagePlan.command(run: "r", ["true"], workspace: nil, environment: environment))
        }
        plans.append(CagePlan.command(run: "r", [], workspace: nil))
        plans.append(CagePlan.command(run: "r", ["a\0b"], workspace: nil))
        plans.append(CagePlan.command(run: "r", ["true"], workspace: "/w/../x"))
        plans.append(CagePlan.command(run: "r", ["true"], workspace: nil, directory: "x"))
        for plan in plans {
            #expect(throws: ConfinementError.self, "\(plan)") { try plan.validate() }
        }
        #expect(throws: Never.self) { try base.validate() }
    }

    @Test("aura-cage refuses a policy that is cut, stretched or bent anywhere, without a crash")
    func hostilePolicies() throws {
        let lab = try CageLab.shared.get()
        let plan = CagePlan.command(run: "r", ["true"], workspace: nil)
        let good = try PolicyLayout.encode(
            plan, filter: SeccompFilter(.command), workerPath: "/x", landlockABIMin: 2)
        var bad: [[UInt8]] = [[], good + [0], Array(good.dropLast())]
        for cut in stride(from: 0, to: 400, by: 31) { bad.append(Array(good.prefix(cut))) }
        // Any word of the header or of the first strings, made huge: counts, lengths, flags.
        for offset in [0, 4, 8, 12, 20, 24, 28, 32, 36, 112] {
            var bytes = good
            for index in offset..<offset + 4 { bytes[index] = 0xFF }
            bad.append(bytes)
        }
        for bytes in bad {
            let (end, feature) = try run(lab, policy: bytes)
            #expect(end == .exited(125))
            #expect(feature?.hasPrefix("policy_") == true, "\(feature ?? "nothing")")
        }
    }

    @Test("aura-cage refuses to run as root, by name")
    func root() throws {
        guard getuid() == 0 else { return }
        let lab = try CageLab.shared.get()
        let launcher = try Launcher(cagePath: lab.cagePath, workerPath: "/x")
        let cage = try launcher.launch(.command(run: "r", ["true"], workspace: nil))
        let end = try cage.finish(waitingMilliseconds: nil)
        #expect(end == .refused(feature: "running_as_root", detail: "", code: EPERM))
    }

    @Test("filters exist for both architectures and every profile, within the kernel's bound")
    func filters() throws {
        for architecture in SeccompFilter.Architecture.allCases {
            for profile in ConfinementProfile.allCases {
                let filter = try SeccompFilter(profile, architecture: architecture)
                #expect(filter.programs.count == 2)
                for program in filter.programs {
                    let count = program.count / SeccompFilter.instructionBytes
                    #expect(count > 10 && count <= SeccompFilter.instructionsMax)
                    print(architecture, profile, "\(count) instructions")
                }
            }
        }
    }

    @Test("no call is both allowed and forbidden")
    func disjoint() {
        for profile in ConfinementProfile.allCases {
            #expect(Set(profile.allowed).isDisjoint(with: profile.forbidden))
            #expect(Set(profile.allowed).count == profile.allowed.count)
        }
    }

    @Test("a status that leaves something out attests nothing")
    func attestationText() {
        let lines = [
            "Name:\tx", "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000",
            "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
            "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2", "Seccomp_filters:\t2",
        ]
        let names = Dictionary(
            uniqueKeysWithValues: Attestation.namespaceNames.map { ($0, UInt64(1)) })
        func read(_ lines: [String]) -> Attestation? {
            Attestation(status: lines.joined(separator: "\n"), namespaces: names)
        }
        #expect(read(lines)?.isConfined == true)
        for index in 1..<lines.count {
            var shorter = lines
            shorter.remove(at: index)
            #expect(read(shorter) == nil)
            #expect(read(lines + [lines[index]]) == nil)
        }
        let privileged = lines.map { $0.replacing("CapBnd:\t0", with: "CapBnd:\t1") }
        #expect(read(privileged)?.isConfined == false)
        let text = lines.joined(separator: "\n")
        #expect(Attestation(status: text, namespaces: [:])?.isConfined == false)
    }

    /// Starts aura-cage with these bytes as its policy; its end, and the feature it refused.
    private func run(_ lab: CageLab, policy: [UInt8]) throws -> (AuraSystem.ExitStatus?, String?) {
        let memory = try FileSystem.sealedMemory(name: "policy", content: policy)
        var status = try DescriptorPair.pipe()
        let reader = status.takeFirst()
        let writer = status.takeSecond()
        let process = try Spawn(
            executable: lab.prefix.first ?? lab.cagePath, arguments: lab.prefix + [lab.cagePath],
            descriptors: [0, 1, 2, 4, 5, 6].map {
                Spawn.Descriptor(child: $0, parent: $0 == 4 ? memory.raw : writer.raw)
            }
        ).start()
        let end = try process.reap(waitingMilliseconds: 10_000)
        _ = consume writer
        var record = [UInt8](repeating: 0, count: CageStatus.recordBytes)
        guard read(reader.raw, &record, record.count) == record.count,
            case .refused(let feature, _, _) = try CageStatus(record[...])
        else { return (end, nil) }
        return (end, feature)
    }

    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func encoded(_ text: String) -> String {
        let padding = [UInt8](repeating: 0, count: 4 - text.utf8.count % 4)
        return hex([UInt8(text.utf8.count), 0, 0, 0]) + hex(Array(text.utf8) + padding)
    }
}
