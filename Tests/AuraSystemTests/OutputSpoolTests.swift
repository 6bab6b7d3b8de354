import AuraSystem
import Glibc
import Testing

@Suite struct OutputSpoolTests {
    /// Bytes that tell their own place.
    private func pattern(_ range: Range<Int>) -> [UInt8] { range.map { UInt8($0 % 251) } }

    @Test("head and newest bytes are there, for who goes on with it too, in bounded memory")
    func bounds() throws {
        var pair = try DescriptorPair.pipe()
        let reader = pair.takeFirst()
        let writer = pair.takeSecond()
        try reader.setNonblocking()
        var spool = try OutputSpool(headMax: 1000)
        #expect(try spool.fill(from: reader.raw, bytesMax: 10) == nil, "nothing is there")
        var count = 0
        let total = 8 * OutputSpool.tailBytesMax + 12_345
        while count < total {
            let part = pattern(count..<min(count + 4096, total))
            #expect(write(writer.raw, part, part.count) == part.count)
            count += part.count
            while try spool.fill(from: reader.raw, bytesMax: 3000) != nil {}
            if count == 2 * OutputSpool.tailBytesMax {
                // As a process after a crash: all that it has is the descriptor.
                let again = OwnedDescriptor(adopting: dup(spool.raw))
                spool = try OutputSpool(adopting: again, headMax: 1000)
                #expect(spool.count == count)
            }
        }
        #expect(spool.count == total)
        #expect(try spool.read(0..<1000) == pattern(0..<1000))
        let tail = (total - OutputSpool.tailBytesMax)..<total
        #expect(try spool.read(tail) == pattern(tail))
        var information = stat()
        #expect(fstat(spool.raw, &information) == 0)
        #expect(information.st_blocks * 512 < 3 * OutputSpool.tailBytesMax)
        _ = consume writer
        #expect(try spool.fill(from: reader.raw, bytesMax: 10) == 0, "the end of the output")
    }
}
