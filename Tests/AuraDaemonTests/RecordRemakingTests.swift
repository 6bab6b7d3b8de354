import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem
import CDiskFaults
import Foundation
import Glibc
import Testing

@testable import AuraDaemon

@Suite("A record that is made anew", .serialized)
struct RecordRemakingTests {
    /// 10: more renames than a rebuild makes.
    private static let cutsMax: UInt32 = 10

    @Test("wherever a rebuild is cut off, the next one succeeds, and the old record is still there")
    func cuts() throws {
        var cut: UInt32 = 0
        var isDone = false
        while !isDone, cut < Self.cutsMax {
            cut += 1
            var template = Array("/tmp/aura-remaking-XXXXXX".utf8CString)
            try #require(mkdtemp(&template) != nil)
            let path = String(
                decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
            defer { try? FileSystem.removeTree(path) }
            let remaking = RecordRemaking(record: path + "/record")
            let entries = try fill(remaking.record, path)
            let old = try Data(contentsOf: URL(filePath: remaking.record + "/data.mdb"))
            path.withCString { directory in
                disk_cut_renames(directory, cut)
                isDone = (try? remaking.rebuild()) != nil
                disk_cut_renames(nil, 0)
            }
            #expect(try names(of: old, in: path).count == 1, "cut \(cut)")
            // From whatever that left.
            _ = try remaking.rebuild()
            #expect(try names(of: old, in: path).count == 1, "cut \(cut), and once more")
            let made = try RecordReader.inspecting(directory: remaking.record)
            #expect(try made.entries() == entries)
            #expect(try made.verify().problem == nil)
        }
        #expect(isDone && cut > 2, "\(cut) cuts")
    }

    private func fill(_ record: String, _ path: String) throws -> [Entry] {
        let store = try RecordStore(directory: record)
        var kernel = Kernel(
            state: State(),
            settings: Settings(
                stateDirectory: path, socket: path, operatorGroup: nil, user: nil,
                definitionsDirectory: path, libexecDirectory: path, runsMax: 1, reasoners: [:]))
        try kernel.decide(.started(version: "1", boot: "b"), at: Instant(milliseconds: 1))
        let turn = try kernel.takeTurn()
        return try store.append(turn.entries, rows: turn.rows)
    }

    /// The directories below `path` whose record is `old`, byte for byte.
    private func names(of old: Data, in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { name in
            (try? Data(contentsOf: URL(filePath: "\(path)/\(name)/data.mdb"))) == old
        }
    }
}
