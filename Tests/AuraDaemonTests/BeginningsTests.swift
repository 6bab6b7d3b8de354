import AuraModel
import AuraSystem
import Glibc
import Testing

@testable import AuraDaemon

@Suite struct BeginningsTests {
    private static func key(_ number: Int) -> CageRunner.Key {
        let run = RunID(at: Instant(milliseconds: 1_800_000_000_000), sequence: number / 3)
        return CageRunner.Key(run: run, command: number)
    }

    @Test("a later daemon reads what was let begin and is not settled, whatever was before")
    func handedOn() throws {
        for seed in UInt64(1)...20 {
            var random = seed
            func draw(below bound: Int) -> Int {
                random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(random >> 33) % bound
            }
            var beginnings = try Beginnings()
            #expect(beginnings.earlier == nil, "seed \(seed)")
            var wanted: Set<Int> = []
            for _ in 0..<400 {
                let number = draw(below: 60)
                switch draw(below: 5) {
                case 0, 1:
                    try beginnings.note(Self.key(number))
                    wanted.insert(number)
                case 2, 3:
                    beginnings.forget(Self.key(number))
                    wanted.remove(number)
                default:
                    let file = OwnedDescriptor(adopting: dup(beginnings.raw))
                    beginnings = try Beginnings(adopting: file)
                    var expected: [RunID: Set<CommandID>] = [:]
                    for number in wanted {
                        let key = Self.key(number)
                        expected[key.run, default: []].insert(key.command)
                    }
                    #expect(beginnings.earlier == expected, "seed \(seed)")
                }
            }
            // As many slots as there were commands at once, not as there ever were.
            #expect(lseek(beginnings.raw, 0, SEEK_END) <= 60 * 32, "seed \(seed)")
            beginnings.forgetAll { $0 == Self.key(7) }
            let last = try Beginnings(adopting: OwnedDescriptor(adopting: dup(beginnings.raw)))
            #expect(last.earlier?.count == (wanted.contains(7) ? 1 : 0), "seed \(seed)")
        }
    }

    @Test("a file that is none of ours is not believed")
    func damaged() throws {
        let content = Array("not a run, and no command either.".utf8.prefix(32))
        #expect(throws: SystemError.self) {
            try Beginnings(adopting: FileSystem.memory(name: "test", content: content))
        }
    }
}
