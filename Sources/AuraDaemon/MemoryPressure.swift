import AuraSystem

/// Whether the host is short of memory, as /proc/meminfo says it; see proc(5).
struct MemoryPressure {
    /// A sixteenth of the memory: below that the kernel is at work to find some.
    private static let share = 16

    private let path: String

    /// Reads `path`.
    init(path: String = "/proc/meminfo") { self.path = path }

    /// Whether less is available than that; what cannot be read is no shortage.
    var isHigh: Bool {
        guard let bytes = try? FileSystem.readFile(path, bytesMax: 1 << 16) else { return false }
        var fields: [Substring: Int] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(3) {
            let words = line.split(separator: " ")
            if words.count > 1 { fields[words[0]] = Int(words[1]) }
        }
        guard let all = fields["MemTotal:"], let free = fields["MemAvailable:"] else {
            return false
        }
        return free < all / Self.share
    }
}
