import AuraConfinement
import FoundationEssentials
import Glibc
import Testing

struct TreeStampTests {
    @Test("a stamp tells every kind of change in a tree, and none that only a build makes")
    func changes() throws {
        let root = try CageLab.makeDirectory("stamp")
        let outside = try CageLab.makeDirectory("outside")
        defer {
            for path in [root, outside] { try? FileManager.default.removeItem(atPath: path) }
        }
        try FileManager.default.createDirectory(
            atPath: root + "/src/node_modules/x", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: root + "/.git", withIntermediateDirectories: true)
        try CageLab.write("a", to: root + "/src/a")
        try CageLab.write("o", to: outside + "/o")
        symlink(outside, root + "/link")

        func changed(_ by: () throws -> Void) throws -> Bool {
            let before = try #require(TreeStamp(of: root))
            #expect(TreeStamp(of: root) == before)
            try by()
            return try #require(TreeStamp(of: root)) != before
        }
        #expect(try changed { try CageLab.write("ab", to: root + "/src/a") })
        #expect(try changed { try CageLab.write("new", to: root + "/src/b") })
        #expect(try changed { rename(root + "/src/b", root + "/src/c") })
        #expect(try changed { chmod(root + "/src/c", 0o755) })
        #expect(try changed { unlink(root + "/src/c") })
        #expect(try changed { symlink("x", root + "/src/l") })
        #expect(try !changed { try CageLab.write("i", to: root + "/.git/index") })
        #expect(try !changed { try CageLab.write("i", to: root + "/src/node_modules/x/i") })
        #expect(try !changed { try CageLab.write("other", to: outside + "/o") })
        #expect(TreeStamp(of: root + "/none") == nil)
    }
}
