import Testing

/// What people found wrong with other agents, as the requirements R1, R2 and so on: each that a
/// reasoner, an agent or its supervisor can break has a test that begins with its number.
@Suite struct RequirementTests {
    /// Of the others schedules, the record, workspaces and the installation are the subject.
    static let own = [
        1, 2, 3, 4, 5, 14, 16, 17, 18, 20, 22, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 42, 43,
        45,
    ]

    @Test("each requirement on reasoners and agents has a test that names it", arguments: own)
    func named(number: Int) throws {
        let files = try SourceTree.below("Tests").filter(\.isSwift)
        #expect(files.contains { $0.lines.contains { $0.contains("\"R\(number): ") } })
    }
}
