import AuraModel
import AuraSupervision
import AuraSystem
import Crypto
import Glibc
import Testing

@testable import AuraDaemon

@Suite struct OutputTailTests {
    @Test("output within the bounds is kept whole, however it arrives", arguments: 1...13)
    func whole(chunk: Int) {
        var output = OutputTail(head: 5, tail: 7)
        let bytes = Array("0123456789ab".utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            output.append(Array(bytes[start..<min(start + chunk, bytes.count)]))
        }
        #expect(output.text() == "0123456789ab")
        #expect(output.text() == "0123456789ab", "reading it changes nothing")
    }

    @Test(
        "beyond the bounds the first and the last bytes are kept, and the count of the others",
        arguments: [1, 2, 7, 100, 1000])
    func cut(chunk: Int) {
        var output = OutputTail(head: 4, tail: 6)
        let bytes = (0..<1000).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            output.append(Array(bytes[start..<min(start + chunk, bytes.count)]))
        }
        let last = String(decoding: bytes.suffix(6), as: UTF8.self)
        #expect(output.text() == "abcd\n[... 990 bytes left out ...]\n" + last)
    }

    @Test("memory stays within the bounds, whatever is written")
    func bounded() {
        for var output in [OutputTail.command, .document, .worker] {
            let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
            for _ in 0..<300 { output.append(chunk) }
            let kept = Mirror(reflecting: output).children
                .compactMap { ($0.value as? [UInt8])?.count }.reduce(0, +)
            #expect(kept <= output.headMax + 2 * output.tailMax)
            let text = output.text()
            #expect(text.utf8.count <= output.headMax + output.tailMax + 60)
        }
    }

    @Test("a document is whole or says what is missing")
    func document() {
        var output = OutputTail(head: 4, tail: 0)
        output.append(Array("abcd".utf8))
        #expect(output.text() == "abcd")
        output.append(Array("e".utf8))
        #expect(output.text() == "abcd\n[... 1 bytes left out ...]\n")
    }
}

@Suite(.serialized) struct CredentialsTests {
    private func write(_ text: String, _ path: String, mode: UInt32) throws {
        try FileSystem.writeAtomically(Array(text.utf8), to: path)
        chmod(path, mode)
    }

    @Test("a file that others can read is no secret; a private one is")
    func modes() throws {
        let directory = try Scratch.makeDirectory("secrets")
        defer { try? FileSystem.removeTree(directory) }
        mkdir(directory + "/credentials", 0o700)
        let credentials = Credentials(configurationDirectory: directory)
        let path = directory + "/credentials/key"
        #expect(credentials.secret("key") == nil)
        for mode: UInt32 in [0o644, 0o640, 0o604, 0o602] {
            try write("secret", path, mode: mode)
            #expect(credentials.secret("key") == nil)
        }
        for mode: UInt32 in [0o600, 0o400] {
            try write("secret", path, mode: mode)
            #expect(credentials.secret("key") == Array("secret".utf8))
        }
        try write("", path, mode: 0o600)
        #expect(credentials.secret("key") == nil, "an empty file is no secret")
    }

    @Test("a name is one component", arguments: ["../aurad.yaml", "a/b", "/etc/passwd", "..", ""])
    func names(name: String) throws {
        let directory = try Scratch.makeDirectory("secrets")
        defer { try? FileSystem.removeTree(directory) }
        for path in ["/credentials", "/credentials/a"] { mkdir(directory + path, 0o700) }
        for path in ["/aurad.yaml", "/credentials/a/b"] {
            try write("secret", directory + path, mode: 0o600)
        }
        #expect(Credentials(configurationDirectory: directory).secret(name) == nil)
    }

    @Test("systemd's directory comes first, with a plain name and with that of a loaded directory")
    func systemd() throws {
        let directory = try Scratch.makeDirectory("secrets")
        let before = getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }
        defer {
            if let before { setenv("CREDENTIALS_DIRECTORY", before, 1) }
            if before == nil { unsetenv("CREDENTIALS_DIRECTORY") }
            try? FileSystem.removeTree(directory)
        }
        for path in ["/credentials", "/given"] { mkdir(directory + path, 0o700) }
        setenv("CREDENTIALS_DIRECTORY", directory + "/given", 1)
        // systemd hands credentials out readable, in a directory that only the service sees.
        try write("plain", directory + "/given/one", mode: 0o440)
        try write("loaded", directory + "/given/credentials_two", mode: 0o440)
        for name in ["one", "two", "three"] {
            try write("beside", directory + "/credentials/" + name, mode: 0o600)
        }
        let credentials = Credentials(configurationDirectory: directory)
        #expect(credentials.secret("one") == Array("plain".utf8))
        #expect(credentials.secret("two") == Array("loaded".utf8))
        #expect(credentials.secret("three") == Array("beside".utf8))
    }
}

@Suite struct OperatorsTests {
    @Test("root and the daemon's own user give orders, others only as members of the group")
    func principals() throws {
        let alone = Operators(group: nil)
        #expect(alone.principal(of: 0) == Principal("root"))
        let own = try UserDatabase.account(ofUser: geteuid())?.name ?? "uid \(geteuid())"
        #expect(alone.principal(of: geteuid()) == Principal(own))
        let stranger: UInt32 = 4_242_424
        #expect(alone.principal(of: stranger) == nil)
        #expect(alone.refusal(of: stranger).code == .denied)
        #expect(Operators(group: "no-such-group-here").principal(of: stranger) == nil)

        // `daemon` and `bin` are in every Debian, each in the group of its own name.
        let daemon = try #require(try UserDatabase.account(named: "daemon"))
        let bin = try #require(try UserDatabase.account(named: "bin"))
        let group = Operators(group: "daemon")
        #expect(alone.principal(of: daemon.user) == nil)
        #expect(group.principal(of: daemon.user) == Principal("daemon"))
        #expect(group.principal(of: bin.user) == nil)
        #expect(group.refusal(of: bin.user).hint == "sudo adduser bin daemon, then log in again")
    }
}

@Suite struct RequestHashTests {
    @Test("a request's digest is that of its JSON, whatever came before it")
    func digest() throws {
        func request(_ texts: [String], answer: Int = 5) -> ModelRequest {
            ModelRequest(
                system: "s\"", messages: texts.map { Message(role: .user, content: [.text($0)]) },
                tools: [ToolSchema(name: "t", description: "d", input: .object([:]))],
                answerTokensMax: answer)
        }
        var hash = RequestHash()
        let steps: [(ModelRequest, Int)] = [
            (request(["a"]), 0), (request(["a", "b", "é"]), 1), (request(["a", "b", "é+"]), 2),
            (request(["a", "b", "é+", "d"]), 2), (request(["a", "d"]), 1), (request([]), 0),
            (request(["a", "d", "e"], answer: 6), 2),
        ]
        for (request, kept) in steps {
            let bytes = try JSON.encode(request)
            let digest = try hash.digest(of: request, kept: kept)
            #expect(digest.sha256 == HexText.text(SHA256.hash(data: bytes)))
            #expect(digest.bytes == bytes.count)
        }
    }
}
