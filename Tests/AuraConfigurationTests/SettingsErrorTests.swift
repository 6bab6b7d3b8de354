import AuraConfiguration
import Testing

/// What a user is told about `aurad.yaml`: whole texts.
@Suite struct SettingsErrorTests {
    @Test("a wrong setting says what was found and expected, and where", arguments: broken)
    func says(_ broken: Broken) {
        let (value, diagnostics) = SettingsReader.read(file: "etc/aurad.yaml", text: broken.text)
        #expect(value == nil)
        broken.check(diagnostics)
    }

    private static let broken = [
        Broken(
            "a mistyped key names the nearest one",
            text: """
                operator_group: aura
                """,
            says: """
                etc/aurad.yaml:1:1: error: unknown key `operator_group`, expected one of \
                `state`, `socket`, `operator-group`, `user`, `definitions`, `libexec`, \
                `runs-max`, `max-starts-per-minute`, `day-budget`, `record`, `providers`, \
                `reasoners`, `hooks`, `handover`, `proxy`
                  hint: did you mean `operator-group`?
                """),
        Broken(
            "a relative path and a long socket are refused",
            text: """
                state: var/lib/aura
                socket: \
                /run/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
                aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
                """,
            says: """
                etc/aurad.yaml:1:8: error: `state`: found `var/lib/aura`, expected an absolute \
                path without `..`, at most 4095 bytes
                etc/aurad.yaml:2:9: error: `socket`: found \
                `/run/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...`, expected an absolute path \
                without `..`, at most 107 bytes
                """),
        Broken(
            "root is no user to drop to",
            text: """
                user: root
                runs-max: 0
                """,
            says: """
                etc/aurad.yaml:1:7: error: `user`: found `root`, expected a user without \
                privileges
                etc/aurad.yaml:2:11: error: `runs-max`: found `0`, expected a whole number, 1 \
                to 256
                """),
        Broken(
            "a reasoner without its essentials says what is missing",
            text: """
                reasoners:
                  main:
                    provider: anthropic
                """,
            says: """
                etc/aurad.yaml:3:15: error: `reasoners.main.model` is missing, expected the \
                name of one of the provider's models
                etc/aurad.yaml:3:15: error: `reasoners.main.prices` is missing, expected what \
                tokens cost: budgets in dollars are counted with it
                  hint: prices: {input: 3, output: 15}
                """),
        Broken(
            "a key travels encrypted only",
            text: """
                reasoners:
                  main:
                    provider: anthropic
                    model: m
                    base-url: http://example.com
                    prices: {input: 3, output: 15}
                """,
            says: """
                etc/aurad.yaml:5:15: error: `reasoners.main.base-url`: found \
                `http://example.com`, expected a URL that begins with `https://`, or `http://` \
                and a loopback address
                  hint: the key is sent there, so it has to be encrypted on its way
                """),
        Broken(
            "each provider has its own keys",
            text: """
                reasoners:
                  main: {provider: scripted, credential: x}
                  Other: {provider: scripted, file: a.yaml}
                  third: {provider: openai}
                  fourth: main
                """,
            says: """
                etc/aurad.yaml:2:9: error: `reasoners.main.file` is missing, expected the \
                script to play
                etc/aurad.yaml:2:42: error: `reasoners.main.credential` means nothing to \
                provider `scripted`
                  hint: remove it
                etc/aurad.yaml:3:3: error: found `Other` as a reasoner's name, expected a \
                lower-case letter, then lower-case letters, digits or hyphens, at most 63 in all
                etc/aurad.yaml:4:21: error: `reasoners.third.provider`: found `openai`, \
                expected one of `anthropic`, `scripted`
                etc/aurad.yaml:5:11: error: `reasoners.fourth`: found `main`, expected a \
                mapping such as `{provider: anthropic, model: NAME}`
                """),
        Broken(
            "the limits of the cages' proxies have bounds",
            text: """
                proxy:
                  connections: 0
                  requests: many
                  sent: 1KiB
                  timeouts: {idle: 2d, total: 1s}
                """,
            says: """
                etc/aurad.yaml:2:16: error: `proxy.connections`: found `0`, expected a whole \
                number, 1 to 256
                etc/aurad.yaml:3:13: error: `proxy.requests`: found `many`, expected a whole \
                number, 1 to 1_000_000
                etc/aurad.yaml:4:9: error: `proxy.sent`: found `1KiB`, expected a size of \
                64KiB to 1TiB
                etc/aurad.yaml:5:20: error: `proxy.timeouts.idle`: found `2d`, expected a \
                duration of 1s to 1d
                etc/aurad.yaml:5:24: error: unknown key `total` in `proxy.timeouts`, expected \
                one of `head`, `connect`, `idle`
                """),
        Broken(
            "prices and deadlines are checked",
            text: """
                reasoners:
                  main:
                    provider: scripted
                    file: a.yaml
                    prices: {input: 3, outptu: 15}
                    idle-timeout: 5m
                    total-timeout: 2m
                """,
            says: """
                etc/aurad.yaml:5:24: error: unknown key `outptu` in `reasoners.main.prices`, \
                expected one of `input`, `output`, `cache-write`, `cache-read`
                  hint: did you mean `output`?
                etc/aurad.yaml:6:19: error: `reasoners.main.idle-timeout`: found `5m`, expected \
                no more than the `total-timeout` of 2m
                """),
    ]
}
