import AuraSystem
import Glibc
import Testing

@testable import AuraDaemon

/// Descriptors that libcurl opens and closes as it likes.
@Suite struct CurlWatchesTests {
    @Test("a descriptor that was closed without a word and given out again is watched anew")
    func reused() throws {
        let watches = try Watches()
        var ready: [Int32] = []
        let curl = CurlWatches(watches: watches) { descriptor, readable, _ in
            if readable { ready.append(descriptor) }
            return []
        }
        var first: [Int32] = [0, 0]
        var second: [Int32] = [0, 0]
        try #require(pipe(&first) == 0 && pipe(&second) == 0)
        defer { for descriptor in [first[0], first[1], second[1]] { close(descriptor) } }
        let number = first[0]
        curl.watch(number, read: true, write: false)
        // Closes the pipe of that number, and gives the number to another one.
        try #require(dup2(second[0], number) == number)
        close(second[0])
        curl.watch(number, read: true, write: false)
        try #require(write(second[1], "x", 1) == 1)
        _ = try watches.wait(milliseconds: 10_000)
        #expect(ready == [number])
        curl.watch(number, read: false, write: false)
        _ = try watches.wait(milliseconds: 0)
        #expect(ready == [number])
    }
}
