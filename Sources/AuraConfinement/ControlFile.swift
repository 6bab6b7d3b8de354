import AuraSystem
import Glibc

/// The small files of cgroupfs and procfs: one write is one order, one read one answer.
enum ControlFile {
    /// 256 KiB: `cgroup.procs` of a cage with as many processes as a definition may allow.
    static let bytesMax = 256 << 10

    static func write(_ text: String, to path: String) throws(SystemError) {
        // Not created: a group without the file must not get one of that name elsewhere.
        let number = open(path, O_WRONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError("open", code: errno, subject: path) }
        let file = OwnedDescriptor(adopting: number)
        let bytes = Array(text.utf8)
        guard Glibc.write(file.raw, bytes, bytes.count) == bytes.count else {
            throw SystemError("write", code: errno, subject: path)
        }
    }

    /// Nil when it cannot be read: the group or the process is gone, or the kernel has no such file.
    static func read(_ path: String) -> String? {
        guard let bytes = try? FileSystem.readFile(path, bytesMax: bytesMax) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The number that is all of a file.
    static func number(in path: String) -> Int? {
        read(path).flatMap { Int($0.prefix { $0 != "\n" }) }
    }

    /// The number behind `key` in a file of `key number` lines.
    static func number(_ key: String, in path: String) -> Int? {
        guard let text = read(path) else { return nil }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == key { return Int(words[1]) }
        }
        return nil
    }
}
