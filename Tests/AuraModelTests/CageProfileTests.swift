import AuraModel
import Testing

@Suite("Profiles of cages")
struct CageProfileTests {
    private func definition(
        _ kind: AutomatonKind, commands: Bool, edits: Bool? = nil
    ) throws -> Definition {
        Definition(
            name: try #require(AutomatonName("a")), kind: kind, reasoner: "main",
            capabilities: .init(commands: commands, edits: edits))
    }

    @Test(
        "a profile follows from what is granted, and only who may edit gets a tree to write in",
        arguments: [
            (AutomatonKind.chat, false, nil, CageProfile.chat, false),
            (.chat, false, true, .task, true), (.chat, true, nil, .dev, false),
            (.chat, true, true, .dev, true), (.taskRun, false, nil, .task, true),
            (.taskRun, true, nil, .dev, true), (.devLoop, true, nil, .dev, true),
            (.specGen, false, nil, .spec, false), (.specGen, true, true, .spec, false),
        ])
    func derived(
        kind: AutomatonKind, commands: Bool, edits: Bool?, profile: CageProfile, writes: Bool
    ) throws {
        let definition = try definition(kind, commands: commands, edits: edits)
        #expect(CageProfile(of: definition, role: nil) == profile)
        #expect(definition.letsWorkerWrite(role: nil) == writes)
        #expect(CageProfile(of: definition, role: .review) == .spec)
        #expect(!definition.letsWorkerWrite(role: .review))
    }
}
