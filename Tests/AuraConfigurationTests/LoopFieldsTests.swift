import AuraConfiguration
import AuraModel
import Testing

/// How a dev-loop lands, who reviews, when it stops itself.
@Suite struct LoopFieldsTests {
    static let start = """
        automaton: a
        kind: dev-loop
        reasoner: main
        budget: {run: {usd: 1}}
        verify: [make test]

        """

    static func read(_ rest: String) -> (Definition?, [Diagnostic]) {
        DefinitionReader.read(file: "a.yaml", text: start + rest)
    }

    @Test("everything that a dev-loop can declare is read")
    func whole() throws {
        let (definition, diagnostics) = Self.read(
            """
            workspace: {repository: /r, protected: [ci/**, check.sh], identity: A B <a@b>}
            land: {mode: push, remote: /srv/m.git}
            review: {reasoner: other, prompt: Look., rounds: 1}
            breaker: {failures: 5, spend-factor: 4, cool-down: operator}
            escalate: [strong, other]
            models: [cheap, strong]
            limits: {parallel: 3}
            """)
        let read = try #require(definition, "\(diagnostics)")
        #expect(read.landing == .init(.push, remote: "/srv/m.git"))
        #expect(read.review == .init(reasoner: "other", prompt: "Look.", rounds: 1))
        #expect(read.breaker == .init(failures: 5, spendFactor: 4, coolDown: nil))
        #expect(read.reasoners == ["main", "other", "strong", "cheap"])
        #expect(read.taskReasoners == ["main", "strong", "other", "cheap"])
        #expect(read.limits.parallel == 3)
        #expect(read.workspace?.protected == ["ci/**", "check.sh"])
        #expect(read.workspace?.identity == "A B <a@b>")
        #expect(
            Self.read("workspace: {repository: /r}\nland: merge-ff").0?.landing.mode == .mergeFF)
    }

    @Test("a push to another machine names its credential, and of ssh the server's key")
    func remotes() throws {
        let workspace = "workspace: {repository: /r}\n"
        let (token, _) = Self.read(
            workspace + "land: {mode: push, remote: 'https://user@git.example.com:8443/a.git', "
                + "credential: git-token, authorities: /etc/ca.pem}")
        let https = try #require(token?.landing)
        #expect(https.networkRemote == "https://user@git.example.com:8443/a.git")
        #expect(https.credential == "git-token" && https.authorities == "/etc/ca.pem")
        let (key, _) = Self.read(
            workspace + "land: {mode: push, remote: 'ssh://git@h.example/a.git', "
                + "credential: deploy-key, host-key: ssh-ed25519 AAAAC3Nz+/=}")
        let ssh = try #require(key?.landing)
        #expect(ssh.hostKey == "ssh-ed25519 AAAAC3Nz+/=" && ssh.authorities == nil)
        #expect(
            Self.read(workspace + "land: {mode: push, remote: /m}").0?.landing.networkRemote == nil)
    }

    @Test(
        "a remote that git or ssh could take for something else, or that holds a secret, is refused",
        arguments: [
            ("'https://user:secret@h/a'", "expected a URL without one"),
            ("'http://git.example.com/a'", "a URL such as"), ("'git@h:a'", "a URL such as"),
            ("'https://git.example.com'", "a URL such as"), ("'https:///a'", "a URL such as"),
            ("'ssh://-oProxyCommand=x/a'", "a URL such as"),
            ("'https://git.example.com/a b'", "a URL such as"), ("'ext::sh -c x'", "a URL such as"),
            ("'https://git.example.com/a'", "`land.credential` is missing"),
            ("'ssh://h/a', credential: c", "`land.host-key` is missing"),
            ("'ssh://h/a', credential: c, host-key: x y", "the server's public key"),
            ("/m, credential: c", "means nothing to a repository on this host"),
            (
                "'https://git.example.com/a', credential: c, host-key: ssh-rsa A",
                "means nothing to this remote"
            ),
        ])
    func badRemotes(remote: String, expected: String) throws {
        let (_, diagnostics) = Self.read(
            "workspace: {repository: /r}\nland: {mode: push, remote: \(remote)}")
        let first = try #require(diagnostics.first)
        #expect(first.line == 7 && first.message.contains(expected), "\(first)")
        #expect(!"\(diagnostics)".contains("user:"), "the record keeps what is said")
    }

    @Test(
        "a wrong value says where, and what was expected",
        arguments: [
            ("land: merge", "a.yaml:7:7", "one of `branch`, `merge-ff`, `push`"),
            ("land: push", "a.yaml:7:7", "a remote beside it"),
            ("land: {mode: branch, remote: /m}", "a.yaml:7:30", "means nothing to `branch`"),
            ("review: {rounds: 9}", "a.yaml:7:18", "0 to 5"),
            ("breaker: {failures: 0}", "a.yaml:7:21", "1 to 1_000"),
            ("breaker: {cool-down: soon}", "a.yaml:7:22", "breaker.cool-down"),
            ("escalate: strong", "a.yaml:7:11", "a list of reasoners"),
        ])
    func wrong(line: String, place: String, expected: String) throws {
        let (_, diagnostics) = Self.read("workspace: {repository: /r}\n" + line)
        let first = try #require(diagnostics.first)
        #expect("\(first.file):\(first.line):\(first.column)" == place, "\(first)")
        #expect(first.message.contains(expected), "\(first)")
    }

    @Test(
        "paths that lead out of the repository protect nothing, and are refused",
        arguments: ["/etc", "../x", "a/../../b"])
    func outside(glob: String) {
        #expect(Self.read("workspace: {repository: /r, protected: [\(glob)]}").0 == nil)
    }
}
