package import AuraModel
import CLinux
import Glibc

/// The only place where a clock is read.
package enum SystemClock {
    /// Wall time, rounded down to the millisecond.
    ///
    /// Can step in either direction.
    package static func now() -> Instant { Instant(milliseconds: realtimeMilliseconds()) }

    /// Wall time in milliseconds since the epoch, rounded down.
    ///
    /// Can step in either direction.
    package static func realtimeMilliseconds() -> Int { milliseconds(CLOCK_REALTIME) }

    /// Milliseconds since an unspecified start, rounded down.
    ///
    /// Never goes back; stands still while the machine is suspended; means nothing after a reboot
    /// (see `bootID`).
    package static func monotonicMilliseconds() -> Int { milliseconds(CLOCK_MONOTONIC) }

    /// Milliseconds since the boot, rounded down, suspended time included.
    package static func bootMilliseconds() -> Int { milliseconds(CLOCK_BOOTTIME) }

    /// The machine's own id, 32 hexadecimal digits, see machine-id(5); empty where it has none.
    package static func machineID() -> String {
        guard let bytes = try? FileSystem.readFile("/etc/machine-id", bytesMax: bootIDBytesMax)
        else { return "" }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The identity of this boot of the kernel: a UUID as text.
    ///
    /// See random(4).
    package static func bootID() throws(SystemError) -> String {
        let bytes = try FileSystem.readFile(
            "/proc/sys/kernel/random/boot_id", bytesMax: bootIDBytesMax)
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// 64: a UUID and a newline are 37 bytes.
    private static let bootIDBytesMax = 64

    private static func milliseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        // Fails only for a clock that does not exist or a bad address.
        precondition(clock_gettime(clock, &time) == 0, "clock_gettime")
        return Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000
    }
}

/// The only place where chance is drawn.
package enum Entropy {
    /// Random bytes fit for keys and identities.
    ///
    /// See getrandom(2).
    package static func bytes(_ count: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            // Above 256 bytes a signal may cut the call short.
            filled += try checked("getrandom") {
                bytes.withUnsafeMutableBytes {
                    clinux_random($0.baseAddress.map { $0 + filled }, count - filled)
                }
            }
        }
        return bytes
    }

    /// 64 random bits.
    package static func word() throws(SystemError) -> UInt64 {
        try bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
