import Glibc
import Testing

@testable import AuraSystem

/// A directory of a test's own, gone when the test ends.
final class Scratch {
    let path: String

    init() throws {
        let number = try FileSystem.hexadecimal(Entropy.word())
        path = "/tmp/aura-system-test-\(number)"
        try #require(mkdir(path, 0o700) == 0)
    }

    deinit { try? FileSystem.removeTree(path) }
}

/// Bytes of a text.
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Whether something, a dangling symbolic link included, has this path.
func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
}

/// Everything a pipe yields until its end.
func readToEnd(_ descriptor: borrowing OwnedDescriptor) -> String {
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = read(descriptor.raw, &chunk, chunk.count)
        if count <= 0 { return String(decoding: content, as: UTF8.self) }
        content.append(contentsOf: chunk[..<count])
    }
}

/// SplitMix64: a seeded generator, so that a failing case can be run again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
