import AuraConfinement
import AuraSystem
import Foundation
import Glibc

/// The compiled aura-cage and probe, and a place for workspaces; made once for all tests.
///
/// The tests may run as root, as in a build container; a cage refuses that, so launches then go
/// through setpriv(1) to uid 65534, which also owns the places made here.
final class CageLab: Sendable {
    static let shared = Result { try CageLab() }

    static let unprivileged: UInt32 = getuid() == 0 ? 65_534 : getuid()

    let cagePath: String
    let probePath: String
    let hogPath: String
    let tellerPath: String
    let prefix: [String]
    /// Known without a variable, so that atexit(3) can remove it.
    private static var tools: String { "/tmp/aura-tools-\(getpid())" }

    private init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let tools = CageLab.tools
        guard mkdir(tools, 0o755) == 0 else { throw Failure("mkdir \(tools): \(errno)") }
        atexit { try? FileManager.default.removeItem(atPath: CageLab.tools) }
        let environment = ProcessInfo.processInfo.environment
        cagePath = tools + "/aura-cage"
        if let given = environment["AURA_CAGE"] {
            // A copy: the checkout may lie where the unprivileged user cannot go.
            try FileManager.default.copyItem(atPath: given, toPath: cagePath)
        } else {
            try CageLab.compile(CageLab.sources(in: root + "/Sources/aura-cage"), to: cagePath)
        }
        probePath = tools + "/probe"
        if let given = environment["AURA_PROBE"] {
            try FileManager.default.copyItem(atPath: given, toPath: probePath)
        } else {
            try CageLab.compile(
                CageLab.sources(in: root + "/Tests/Probe", from: "probe"), to: probePath)
        }
        hogPath = tools + "/hog"
        try CageLab.compile([root + "/Tests/Probe/hog.c"], to: hogPath)
        tellerPath = tools + "/teller"
        try CageLab.compile([root + "/Tests/Probe/teller.c"], to: tellerPath)
        let user = CageLab.unprivileged
        prefix =
            getuid() == 0
            ? ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--"]
            : []
    }

    func launcher(worker: String? = nil, in group: DelegatedGroup? = nil) throws -> Launcher {
        try Launcher(
            cagePath: cagePath, workerPath: worker ?? probePath,
            prefix: (group?.prefix ?? []) + prefix, groups: group?.groups ?? CageGroups())
    }

    /// Processes of the host whose pid namespace is this one.
    static func countProcesses(in inode: UInt64) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            var information = stat()
            return Int(name) != nil && stat("/proc/\(name)/ns/pid", &information) == 0
                && UInt64(information.st_ino) == inode
        }.count
    }

    /// A directory that the cage's user owns, without a symbolic link in its path.
    static func makeDirectory(_ name: String) throws -> String {
        var template = Array("/tmp/aura-\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("mkdtemp: \(errno)") }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard chmod(path, 0o755) == 0, chown(path, unprivileged, unprivileged) == 0 else {
            throw Failure("chown \(path): \(errno)")
        }
        return path
    }

    static func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        guard chown(path, unprivileged, unprivileged) == 0 else {
            throw Failure("chown \(path): \(errno)")
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private static func sources(in folder: String, from prefix: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix(prefix) && $0.hasSuffix(".c") }.map { folder + "/" + $0 }
    }

    private static func compile(_ sources: [String], to path: String) throws {
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/cc")
        compiler.arguments =
            [
                "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static-pie", "-fPIE", "-o",
                path,
            ] + sources
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw Failure("cc \(path)") }
    }
}

/// What a finished cage has said.
struct Outcome {
    let end: CageExit
    let output: String
}

extension Cage {
    /// Reads until nobody can write any more; kills the cage after `milliseconds`.
    func collect(milliseconds: Int32 = 20_000) throws -> Outcome {
        var bytes: [UInt8] = []
        var left = milliseconds
        while left > 0 {
            var watched = pollfd(fd: outputRaw, events: Int16(POLLIN), revents: 0)
            if poll(&watched, 1, 100) == 0 { left -= 100 }
            while let chunk = try readOutput(bytesMax: 65_536), !chunk.isEmpty { bytes += chunk }
            if watched.revents & Int16(POLLHUP) != 0 { break }
        }
        if left <= 0 { try kill() }
        guard let end = try finish(waitingMilliseconds: 10_000) else {
            throw CageLab.Failure("the cage does not end")
        }
        return Outcome(end: end, output: String(decoding: bytes, as: UTF8.self))
    }

    /// Kills it and takes its end: what nobody waits for stays as a zombie of the test's process.
    func discard() {
        try? kill()
        _ = try? finish(waitingMilliseconds: 10_000)
    }
}
