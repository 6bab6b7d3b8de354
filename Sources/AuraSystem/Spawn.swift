import CLinux
import Glibc

/// A program to start, with everything it is given; it gets nothing else.
///
/// See posix_spawn(3).
///
/// There is never Swift between clone and exec: glibc makes the child, which shares this process's
/// memory and runs C only until the new program is loaded. Every signal has its default action and
/// none is blocked in the child, whatever this process does with them; only the two that glibc
/// keeps for its threads (32 and 33) are ignored until the child makes a thread.
package struct Spawn: Sendable {
    /// One descriptor of the child: the number it has there, and the one here that it comes from.
    package struct Descriptor: Hashable, Sendable {
        /// The number in the child.
        package let child: Int32
        /// The number in this process, which stays open here and may be close-on-exec.
        package let parent: Int32

        /// Maps `parent` here to `child` there.
        ///
        /// The numbers of a spawn may overlap in any way.
        package init(child: Int32, parent: Int32) {
            self.child = child
            self.parent = parent
        }
    }

    /// 64: far above what any child here is given.
    package static let descriptorsMax = Int(CLINUX_SPAWN_MAPPINGS_MAX)

    /// The program's absolute path; no search.
    package var executable: String
    /// All arguments, the program's own name first.
    package var arguments: [String]
    /// The whole environment.
    package var environment: [String: String]
    /// The only descriptors the child has.
    ///
    /// At most `descriptorsMax`, each child number once.
    package var descriptors: [Descriptor]
    /// Whether the child leads a session of its own, away from this process's terminal and group.
    package var newSession: Bool

    /// Describes a child.
    ///
    /// An absent standard stream is closed in it, not /dev/null.
    package init(
        executable: String, arguments: [String], environment: [String: String] = [:],
        descriptors: [Descriptor] = [], newSession: Bool = true
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.descriptors = descriptors
        self.newSession = newSession
    }

    /// Starts the child.
    ///
    /// An error of exec itself (ENOENT, EACCES, ENOEXEC) is thrown here, as is EINVAL for a NUL in
    /// an argument or in the environment: no child exists then.
    package func start() throws(SystemError) -> ProcessDescriptor {
        precondition(executable.utf8.first == UInt8(ascii: "/"), "not absolute: \(executable)")
        precondition(!arguments.isEmpty, "a program's first argument is its name")
        precondition(descriptors.count <= Spawn.descriptorsMax, "more than \(Spawn.descriptorsMax)")
        precondition(
            Set(descriptors.map(\.child)).count == descriptors.count, "a child number twice")
        precondition(
            descriptors.allSatisfy { $0.child >= 0 && $0.parent >= 0 }, "not a descriptor")

        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        for text in [executable] + arguments + variables where text.utf8.contains(0) {
            throw SystemError("posix_spawn", code: EINVAL, subject: executable)
        }
        let mappings = descriptors.map {
            clinux_descriptor_mapping(child: $0.child, parent: $0.parent)
        }
        var process: pid_t = 0
        let failure = withCStrings(arguments) { argumentPointers in
            withCStrings(variables) { variablePointers in
                clinux_spawn(
                    &process, executable, argumentPointers, variablePointers, mappings,
                    mappings.count, newSession ? 1 : 0)
            }
        }
        guard failure == 0 else {
            throw SystemError("posix_spawn", code: failure, subject: executable)
        }
        return try adopt(process)
    }

    /// The number cannot have been reused: only we reap our children, and we have not.
    private func adopt(_ process: pid_t) throws(SystemError) -> ProcessDescriptor {
        do throws(SystemError) {
            return try ProcessDescriptor(opening: ProcessID(process))
        } catch {
            // Out of descriptors or memory. A child nobody holds must not go on.
            _ = kill(process, SIGKILL)
            while waitpid(process, nil, 0) == -1 && errno == EINTR {}
            throw error
        }
    }
}

/// Lends a NULL-terminated array of C strings, all in one allocation.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for string in strings {
        offsets.append(bytes.count)
        bytes.append(contentsOf: string.utf8.lazy.map { CChar(bitPattern: $0) })
        bytes.append(0)
    }
    // An empty array may have no address; one byte gives it one.
    bytes.append(0)
    return bytes.withUnsafeMutableBufferPointer { buffer in
        var pointers = offsets.map { offset in buffer.baseAddress.map { $0 + offset } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { list in
            guard let first = list.baseAddress else { preconditionFailure("the list is not empty") }
            return body(first)
        }
    }
}
