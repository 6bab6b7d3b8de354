import Glibc

/// Reads and writes of pipes that never wait.
package enum PipeEnd {
    /// Writes what there is room for: how many bytes, 0 when it is full, nil when nobody reads any
    /// more.
    ///
    /// The process has to ignore SIGPIPE.
    package static func write(_ pipe: Int32, _ bytes: ArraySlice<UInt8>) -> Int? {
        while true {
            let (count, failure) = bytes.withUnsafeBytes { buffer -> (Int, Int32) in
                let count = Glibc.write(pipe, buffer.baseAddress, buffer.count)
                return (count, errno)
            }
            guard count < 0 else { return count }
            guard failure == EINTR else { return failure == EAGAIN ? 0 : nil }
        }
    }

    /// Reads at most `bytesMax` bytes: nil when nothing is there now, empty at the end.
    package static func read(_ pipe: Int32, bytesMax: Int) -> [UInt8]? {
        while true {
            var result = 0
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
                result = Glibc.read(pipe, buffer.baseAddress, bytesMax)
                failure = errno
                count = max(0, result)
            }
            guard result < 0 else { return bytes }
            guard failure == EINTR else { return failure == EAGAIN ? nil : [] }
        }
    }
}
