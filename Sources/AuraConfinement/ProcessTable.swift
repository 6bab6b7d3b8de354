import AuraSystem
import Glibc

/// The host's processes by their pid namespace.
///
/// One walk over /proc serves every cage that is looked at meanwhile: of some hundred cages each would
/// otherwise go by the processes of all.
final class ProcessTable {
    private var members: [UInt64: [ProcessID]] = [:]
    private var walkedAt: Int?

    /// 250 ms, as long as it is between two looks at a cage.
    private static let ageMax = LimitWatch.interval

    /// Every process in the pid namespace that `member` is in, but for those that are younger than the
    /// last walk.
    func neighbours(of member: ProcessID) -> [ProcessID] {
        guard let wanted = Self.namespace(of: "\(member)") else { return [] }
        let now = SystemClock.monotonicMilliseconds()
        if walkedAt.map({ $0 + Self.ageMax <= now }) ?? true {
            walkedAt = now
            walk()
        }
        // A number may be another process's by now.
        return (members[wanted] ?? []).filter { Self.namespace(of: "\($0)") == wanted }
    }

    private func walk() {
        members = [:]
        guard let directory = opendir("/proc") else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let number = Int32(name), let namespace = Self.namespace(of: name)
            else { continue }
            members[namespace, default: []].append(ProcessID(number))
        }
    }

    private static func namespace(of process: String) -> UInt64? {
        var information = stat()
        guard stat("/proc/\(process)/ns/pid", &information) == 0 else { return nil }
        return UInt64(information.st_ino)
    }
}
