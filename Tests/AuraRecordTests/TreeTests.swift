import AuraModel
import AuraRecord
import Testing

/// The tree by its definition in RFC 6962, section 2.1: slow, and written without a look at the
/// other.
enum NaiveTree {
    static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        sha256([1] + left + right)
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] { ProofCheck.digest(bytes) }

    static func root(_ leaves: ArraySlice<[UInt8]>) -> [UInt8] {
        guard leaves.count > 1 else { return leaves.first ?? sha256([]) }
        var half = 1
        while half * 2 < leaves.count { half *= 2 }
        return node(root(leaves.prefix(half)), root(leaves.dropFirst(half)))
    }
}

@Suite("The tree of RFC 6962")
struct TreeTests {
    private static var check: MerkleCheck { MerkleCheck { NaiveTree.node($0, $1) } }

    @Test("the record's digests are those that a worker makes, at every length")
    func digests() {
        let message = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for length in 0...message.count {
            let part = Array(message[..<length])
            #expect(ProofCheck.digest(part) == SHA256Digest.of(part), "\(length) bytes")
        }
    }

    /// The inputs of certificate-transparency's own tests, and the roots that they state.
    @Test("the known vectors' roots and proofs come out")
    func vectors() throws {
        let inputs = [
            "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ]
        let leaves = try inputs.map { ProofCheck.digest([0] + (try #require(HexText.bytes($0)))) }
        for (index, root) in roots.enumerated() {
            #expect(HexText.text(NaiveTree.root(leaves.prefix(index + 1))) == root)
        }
        func hashes(_ ranges: [Range<Int>]) -> [String] {
            ranges.map { HexText.text(NaiveTree.root(leaves[$0])) }
        }
        #expect(
            hashes(MerkleShape.inclusion(of: 0, size: 8)) == [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ])
        #expect(
            hashes(MerkleShape.consistency(6, 8)) == [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ])
    }

    @Test(
        "stored roots are the naive ones at every size to 1,000, however the entries were grouped")
    func roots() throws {
        let scratch = try Scratch()
        let texts: [String]
        do {
            let store = try RecordStore(directory: scratch.record)
            var next = 1
            for group in [1, 1, 2, 3, 5, 8, 13, 64, 7, 100, 1, 255, 40] {
                try store.append(try Samples.entries(next...next + group - 1))
                next += group
            }
            texts = try store.reader.entryTexts()
        }
        // The edge is read back from the middle of a row.
        let store = try RecordStore(directory: scratch.record)
        try store.append(try Samples.entries(texts.count + 1...1000))
        let leaves = try store.reader.entryTexts().map { ProofCheck.digest([0] + Array($0.utf8)) }
        for size in 1...1000 {
            #expect(try store.reader.root(size: size) == NaiveTree.root(leaves.prefix(size)))
        }
        #expect(try store.reader.verify().problem == nil)
    }

    @Test("every inclusion proof of sizes to 130, and some of each to 1,000, leads to the root")
    func inclusion() throws {
        let leaves = (0..<1000).map { ProofCheck.digest([0, UInt8($0 & 255), UInt8($0 >> 8)]) }
        var memory: [Range<Int>: [UInt8]] = [:]
        func hash(_ range: Range<Int>) -> [UInt8] {
            if let known = memory[range] { return known }
            let made = NaiveTree.root(leaves[range])
            memory[range] = made
            return made
        }
        for size in 1...1000 {
            let root = hash(0..<size)
            let few = Set([0, 1, size / 3, size / 2, size - 2, size - 1].filter { 0..<size ~= $0 })
            for index in size <= 130 ? Array(0..<size) : few.sorted() {
                let path = MerkleShape.inclusion(of: index, size: size).map(hash)
                let leaf = leaves[index]
                let found = Self.check.root(leaf: leaf, index: index, size: size, path: path)
                #expect(found == root, "\(index) of \(size)")
                let other = (index + 1) % size
                guard size > 1 else { continue }
                #expect(
                    Self.check.root(leaf: leaf, index: other, size: size, path: path) != root)
                #expect(
                    Self.check.root(leaf: leaf, index: index, size: size, path: path.dropLast())
                        == nil)
            }
        }
    }

    @Test(
        "every consistency proof of sizes to 130, and some of each to 1,000, holds for its roots only"
    )
    func consistency() throws {
        let leaves = (0..<1000).map { ProofCheck.digest([0, UInt8($0 & 255), UInt8($0 >> 8)]) }
        var memory: [Range<Int>: [UInt8]] = [:]
        func hash(_ range: Range<Int>) -> [UInt8] {
            if let known = memory[range] { return known }
            let made = NaiveTree.root(leaves[range])
            memory[range] = made
            return made
        }
        for size in 1...1000 {
            let few = Set([1, 2, size / 3, size / 2, size - 1, size].filter { 1...size ~= $0 })
            for first in size <= 130 ? Array(1...size) : few.sorted() {
                let path = MerkleShape.consistency(first, size).map(hash)
                let (old, new) = ((first, hash(0..<first)), (size, hash(0..<size)))
                #expect(Self.check.isConsistent(old, new, path: path), "\(first) to \(size)")
                let wrong = [UInt8](repeating: 7, count: 32)
                #expect(!Self.check.isConsistent((first, wrong), new, path: path))
                #expect(!Self.check.isConsistent(old, (size, wrong), path: path))
                #expect(!Self.check.isConsistent(old, new, path: path + [wrong]))
            }
        }
    }
}
