import AuraSystem
import Glibc

/// What the system's zone files were when they were read: an upgraded tzdata replaces them.
struct ZoneStamps {
    private struct Stamp: Equatable {
        var file: UInt
        var seconds: Int
        var nanoseconds: Int
    }

    private var stamps: [String: Stamp?] = [:]
    /// When to look next, in monotonic milliseconds.
    private(set) var nextLook = 0

    /// An hour: an upgraded tzdata is obeyed at the latest by then; a reload obeys it at once.
    private static let interval = 3_600_000

    /// No zones.
    init() {}

    /// The zones as their files are now.
    init(of zones: [String]) {
        for zone in Set(zones) { stamps.updateValue(Self.stamp(of: zone), forKey: zone) }
        nextLook = SystemClock.monotonicMilliseconds() + Self.interval
    }

    /// Looks, when it is time: whether a file is another one by now, or was changed.
    mutating func haveChanged() -> Bool {
        let now = SystemClock.monotonicMilliseconds()
        guard nextLook <= now else { return false }
        nextLook = now + Self.interval
        return stamps.contains { Self.stamp(of: $0.key) != $0.value }
    }

    /// The file of a zone, see tzfile(5).
    static func path(of zone: String) -> String { "/usr/share/zoneinfo/" + zone }

    private static func stamp(of zone: String) -> Stamp? {
        var status = stat()
        guard stat(path(of: zone), &status) == 0 else { return nil }
        return Stamp(
            file: UInt(status.st_ino), seconds: Int(status.st_mtim.tv_sec),
            nanoseconds: Int(status.st_mtim.tv_nsec))
    }
}
