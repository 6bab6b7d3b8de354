import Glibc
import Testing

@testable import AuraSystem

@Suite("Spawned processes")
struct SpawnTests {
    /// Runs a shell line with its standard output on a pipe, and waits for its end.
    private func shell(
        _ line: String, environment: [String: String] = [:]
    ) throws -> (output: String, status: AuraSystem.ExitStatus?) {
        var pipe = try DescriptorPair.pipe()
        let reader = pipe.takeFirst()
        let writer = pipe.takeSecond()
        let process = try Spawn(
            executable: "/bin/sh", arguments: ["sh", "-c", line], environment: environment,
            descriptors: [Spawn.Descriptor(child: 1, parent: writer.raw)]
        ).start()
        _ = close(writer.take())
        let output = readToEnd(reader)
        return (output, try process.reap(waitingMilliseconds: nil))
    }

    @Test("an exit code comes back through the pidfd, and only once")
    func exitCode() throws {
        let process = try Spawn(executable: "/bin/sh", arguments: ["sh", "-c", "exit 7"]).start()
        #expect(try process.reap(waitingMilliseconds: nil) == .exited(7))
        #expect(throws: SystemError("waitid", code: ECHILD)) { try process.reap() }
        #expect(try process.signal(SIGTERM) == false)
    }

    @Test("a living process reaps as nil, and a signal's number comes back")
    func signalled() throws {
        let process = try Spawn(
            executable: "/bin/sleep", arguments: ["sleep", "600"]
        ).start()
        #expect(try process.reap() == nil)
        #expect(try process.reap(waitingMilliseconds: 1) == nil)
        #expect(try process.signal(SIGKILL))
        #expect(try process.reap(waitingMilliseconds: nil) == .signalled(SIGKILL))
    }

    @Test("a program that does not exist is an error here and no process")
    func absentProgram() throws {
        #expect(throws: SystemError("posix_spawn", code: ENOENT, subject: "/nonexistent")) {
            _ = try Spawn(executable: "/nonexistent", arguments: ["x"]).start().processID
        }
        #expect(throws: SystemError("posix_spawn", code: EINVAL, subject: "/bin/sh")) {
            _ = try Spawn(executable: "/bin/sh", arguments: ["sh", "a\0b"]).start().processID
        }
    }

    @Test("the child has exactly the mapped descriptors, whatever is open here")
    func exactDescriptors() throws {
        // One that would leak: open, above the targets, and not close-on-exec.
        let leak = OwnedDescriptor(adopting: fcntl(0, F_DUPFD, 57))
        #expect(leak.raw >= 57)
        var pipe = try DescriptorPair.pipe()
        let reader = pipe.takeFirst()
        let writer = pipe.takeSecond()
        let process = try Spawn(
            executable: "/bin/ls", arguments: ["ls", "/proc/self/fd"],
            descriptors: [
                Spawn.Descriptor(child: 1, parent: writer.raw),
                Spawn.Descriptor(child: 5, parent: writer.raw),
            ]
        ).start()
        _ = close(writer.take())
        // ls opens the directory itself, on the first free number: 0.
        #expect(readToEnd(reader) == "0\n1\n5\n")
        #expect(try process.reap(waitingMilliseconds: nil) == .exited(0))
    }

    @Test("sources and targets may be each other's numbers")
    func swappedDescriptors() throws {
        var out = try DescriptorPair.pipe()
        let outReader = out.takeFirst()
        let outWriter = out.takeSecond()
        var other = try DescriptorPair.pipe()
        let otherReader = other.takeFirst()
        let otherWriter = other.takeSecond()
        // In the child each writer has the other's number, and one also has its own here.
        let process = try Spawn(
            executable: "/bin/bash",
            arguments: [
                "bash", "-c", "echo first >&\(otherWriter.raw); echo second >&\(outWriter.raw)",
            ],
            descriptors: [
                Spawn.Descriptor(child: otherWriter.raw, parent: outWriter.raw),
                Spawn.Descriptor(child: outWriter.raw, parent: otherWriter.raw),
                Spawn.Descriptor(child: outReader.raw, parent: outReader.raw),
            ]
        ).start()
        _ = close(outWriter.take())
        _ = close(otherWriter.take())
        #expect(readToEnd(outReader) == "first\n")
        #expect(readToEnd(otherReader) == "second\n")
        #expect(try process.reap(waitingMilliseconds: nil) == .exited(0))
    }

    @Test("the environment is exact and the session is new")
    func environmentAndSession() throws {
        let (output, status) = try shell(
            "cat /proc/self/environ | tr '\\0' '\\n'; echo $(ps -o sid= -p $$) $$ >&1",
            environment: ["A": "1", "PATH": "/usr/bin:/bin"])
        #expect(status == .exited(0))
        let lines = output.split(separator: "\n").map(String.init)
        // The shell adds PWD to what its own children see, and nothing else came in.
        #expect(
            Set(lines.dropLast()).subtracting(["PWD=\(currentDirectory())"]) == [
                "A=1", "PATH=/usr/bin:/bin",
            ])
        let session = lines.last?.split(separator: " ") ?? []
        #expect(session.count == 2 && session.first == session.last)
    }

    @Test("signals blocked or ignored here are neither in the child")
    func signalState() throws {
        let (output, _) = try shell("grep -E 'Sig(Blk|Ign)' /proc/self/status")
        // 32 and 33 are glibc's own for threads; posix_spawn leaves them ignored, and a program
        // that uses threads sets them when it makes its first one.
        #expect(output == "SigBlk:\t0000000000000000\nSigIgn:\t0000000180000000\n")
    }

    private func currentDirectory() -> String {
        guard let path = getcwd(nil, 0) else { return "" }
        defer { free(path) }
        return String(cString: path)
    }
}
