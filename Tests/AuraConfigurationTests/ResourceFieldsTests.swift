import AuraConfiguration
import AuraModel
import Testing

/// What a command may use, among the `limits` of a definition.
@Suite struct ResourceFieldsTests {
    private func read(_ limits: String) -> (Definition?, [String]) {
        let (definition, diagnostics) = DefinitionReader.read(
            file: "a.yaml",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                limits: {\(limits)}
                """)
        return (definition, diagnostics.map(\.description))
    }

    @Test("each key is read, and an absent one has its default")
    func values() throws {
        let all = read(
            "memory: 512MiB, processes: 1_000, disk: 2GiB, cpu-share: 150%, cpu-time: 30m, idle: 5m"
        )
        #expect(all.1 == [])
        #expect(
            all.0?.limits.resources
                == ResourceLimits(
                    memory: 512 << 20, processes: 1_000, disk: 2 << 30, processorShare: 150,
                    processorTime: .minutes(30), idle: .minutes(5)))
        #expect(read("idle: 1m").0?.limits.resources == ResourceLimits(idle: .minutes(1)))
        #expect(read("parallel-commands: 3").0?.limits.parallelCommands == 3)
        #expect(
            read("parallel-commands: 9").1 == [
                "a.yaml:6:29: error: `limits.parallel-commands`: found `9`, expected a whole number, "
                    + "1 to 8"
            ])
        let none = try #require(read("turns: 3").0)
        #expect(none.limits.resources == nil)
    }

    @Test("a wrong value is named with its place and with what was expected")
    func errors() {
        let said = read(
            "memory: 4GB, processes: 2, disk: 1KiB, cpu-share: 1.5, cpu-time: ever, idle: 0s"
        ).1
        #expect(
            said == [
                "a.yaml:6:19: error: `limits.memory`: found `GB`, expected a unit "
                    + "(KiB, MiB, GiB, TiB)",
                "a.yaml:6:34: error: `limits.processes`: found `2`, expected a whole number, "
                    + "16 to 32_768",
                "a.yaml:6:43: error: `limits.disk`: found `1KiB`, expected a size of 16MiB to 16TiB",
                "a.yaml:6:60: error: `limits.cpu-share`: found `1.5`, expected a share of one "
                    + "processor, 1% to 6400%",
                "a.yaml:6:75: error: `limits.cpu-time`: found `ever`, expected a duration such as "
                    + "90s, 10m, 1h30m, 500ms or 2d",
                "a.yaml:6:87: error: `limits.idle`: found `0s`, expected a duration of 1s to 1d",
            ])
    }

    @Test("a size is read as it is written", arguments: [16 << 20, 1536 << 20, 4 << 30, 1 << 40])
    func sizes(bytes: Int) throws {
        #expect(try SizeText.parse(SizeText.format(bytes)) == bytes)
    }
}
