import AuraConfiguration
import AuraModel
import Testing

@Suite struct SettingsReaderTests {
    @Test("every key arrives in the settings") func whole() {
        let (settings, diagnostics) = SettingsReader.read(
            file: "/etc/aura/aurad.yaml",
            text: """
                state: /srv/state
                socket: /srv/aurad.sock
                operator-group: null
                user: aura
                definitions: /srv/automata
                libexec: /opt/libexec
                runs-max: 2
                max-starts-per-minute: 30
                reasoners:
                  main:
                    provider: anthropic
                    model: model-1
                    base-url: http://127.0.0.1:8080/
                    credential: other-key
                    prices: {input: 3, output: 15, cache-write: 4, cache-read: 0.5}
                    idle-timeout: 5s
                    total-timeout: 1m
                  trial: {provider: scripted, file: scripts/trial.yaml, total-timeout: 30s, runs-max: 1}
                """)
        #expect(diagnostics == [])
        let expected = Settings(
            stateDirectory: "/srv/state", socket: "/srv/aurad.sock", operatorGroup: nil,
            user: "aura", definitionsDirectory: "/srv/automata", libexecDirectory: "/opt/libexec",
            runsMax: 2, startsPerMinuteMax: 30,
            reasoners: [
                "main": .init(
                    provider: .anthropic(
                        baseURL: "http://127.0.0.1:8080", credential: "other-key"),
                    model: "model-1",
                    prices: .init(
                        input: 3_000_000, cacheWrite: 4_000_000, cacheRead: 500_000,
                        output: 15_000_000),
                    idleTimeout: .seconds(5), totalTimeout: .minutes(1)),
                "trial": .init(
                    provider: .scripted(file: "/etc/aura/scripts/trial.yaml"), model: "scripted",
                    idleTimeout: .seconds(30), totalTimeout: .seconds(30), runsMax: 1),
            ])
        #expect(settings == expected)
    }

    @Test("what is left out is as an installed package has it") func defaults() {
        let (settings, diagnostics) = SettingsReader.read(
            file: "aurad.yaml",
            text: """
                reasoners:
                  main: {provider: anthropic, model: m, prices: {input: 3, output: 15}}
                  trial: {provider: scripted, file: trial.yaml}
                """)
        #expect(diagnostics == [])
        var expected = SettingsReader.standard
        expected.reasoners = [
            "main": .init(
                provider: .anthropic(
                    baseURL: "https://api.anthropic.com", credential: "anthropic-api-key"),
                model: "m",
                prices: .init(
                    input: 3_000_000, cacheWrite: 3_750_000, cacheRead: 300_000,
                    output: 15_000_000)),
            "trial": .init(provider: .scripted(file: "trial.yaml"), model: "scripted"),
        ]
        #expect(settings == expected)
        #expect(expected.stateDirectory == "/var/lib/aura")
    }

    @Test("each limit of the cages' proxies arrives where it belongs")
    func proxy() {
        let (settings, diagnostics) = SettingsReader.read(
            file: "aurad.yaml",
            text: """
                proxy:
                  connections: 1
                  connections-per-second: 2
                  requests: 3
                  requests-per-minute: 4
                  sent: 64KiB
                  received: 1TiB
                  head: 1KiB
                  timeouts: {head: 5s, connect: 6s, idle: 7s}
                """)
        #expect(diagnostics == [])
        var expected = ProxyLimits()
        expected.connections = 1
        expected.connectionsPerSecond = 2
        expected.requests = 3
        expected.requestsPerMinute = 4
        expected.sentBytes = 64 << 10
        expected.receivedBytes = 1 << 40
        expected.headBytes = 1 << 10
        expected.headTime = .seconds(5)
        expected.connectTime = .seconds(6)
        expected.idleTime = .seconds(7)
        #expect(settings?.proxy == expected)
    }

    @Test(
        "a key is sent to no host in the clear",
        arguments: [
            "http://127.0.0.1.example.com", "http://localhost.example.com", "http://10.0.0.1",
            "http://127.0.0.1@example.com", "http://user@127.0.0.1", "https://", "ftp://localhost",
            "http://localhost:", "http://localhost:80x",
        ])
    func cleartext(_ url: String) {
        let (settings, diagnostics) = SettingsReader.read(
            file: "aurad.yaml",
            text: """
                reasoners:
                  main:
                    provider: anthropic
                    model: m
                    prices: {input: 3, output: 15}
                    base-url: "\(url)"
                """)
        #expect(settings == nil)
        #expect(diagnostics.map(\.line) == [6])
    }
}
