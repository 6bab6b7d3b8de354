import AuraSystem
import Glibc

/// A directory for one measurement; whoever makes it removes it.
struct ScratchDirectory {
    let path: String

    init(in parent: String) throws {
        var template = Array("\(parent)/aura-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw BenchFailure("mkdtemp in \(parent): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Removes it with everything in it.
    ///
    /// What cannot be removed stays: the figures are good without.
    func remove() { try? FileSystem.removeTree(path) }

    /// Makes the directory `name` in it and answers its path.
    func make(_ name: String) throws -> String {
        let child = path + "/" + name
        guard mkdir(child, 0o700) == 0 else {
            throw BenchFailure("mkdir \(child): \(String(cString: strerror(errno)))")
        }
        return child
    }
}
