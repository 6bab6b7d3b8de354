import ArgumentParser
import AuraModel
import Testing

@testable import aura_ctl

/// The words of the command line and the verbs that they stand for.
struct VerbTests {
    @Test("each verb stands in the table under the word that help shows for it")
    func words() {
        for (word, verb) in AuraControl.verbs {
            #expect(verb._commandName == word)
            #expect(AuraControl.verb(word) == verb)
        }
        #expect(AuraControl.verb("cancel") == Stop.self)
        #expect(AuraControl.verb("cancle") == nil)
    }

    @Test("a verb read alone and the parser of all verbs read the same")
    func reading() throws {
        let lines = [
            "run nightly --set a=b --set c=d --wait --timeout 10m", "stop nightly --drain",
            "cancel 000007", "status -o json --socket /x", "runs --outcome budget",
            "record verify", "version",
        ]
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            let alone = try AuraControl.read(words)
            let among = try AuraControl.parseAsRoot(words)
            #expect(String(reflecting: alone) == String(reflecting: among), "\(line)")
        }
    }

    @Test("an order with a name and nothing else needs no parser, and no other line goes without")
    func plain() throws {
        let name = try #require(AutomatonName("nightly"))
        #expect(PlainOrder(["run", "nightly"]) == .run(name))
        #expect(PlainOrder(["start", "nightly"]) == .start(name))
        let others = [
            ["run"], ["run", "--help"], ["run", "-h"], ["run", "nightly", "--wait"],
            ["run", "Night ly"],
            ["stop", "nightly"], ["status", "nightly"], ["help", "run"], ["run", "--", "nightly"],
        ]
        for words in others { #expect(PlainOrder(words) == nil, "\(words)") }
    }

    @Test("help and errors name the whole command, and --version is answered")
    func errors() {
        for words in [["run", "--help"], ["run"], ["stop", "a", "--drain", "--grace", "1s"]] {
            let error = #expect(throws: (any Error).self) {
                var page = try AuraControl.read(words)
                try page.run()
            }
            let text = error.map { AuraControl.fullMessage(for: $0) } ?? ""
            #expect(text.contains("aura-ctl \(words[0])"), "\(text)")
        }
        let version = #expect(throws: (any Error).self) { _ = try AuraControl.read(["--version"]) }
        #expect(version.map { AuraControl.message(for: $0) } == Release.version)
    }

    @Test("a version is told of the client, and of the daemon where one answers")
    func versions() {
        #expect(
            Version.Pair(client: "1", daemon: nil).lines == ["aura-ctl 1", "aurad does not answer"])
        #expect(Version.Pair(client: "1", daemon: "2").lines == ["aura-ctl 1", "aurad 2"])
    }
}
