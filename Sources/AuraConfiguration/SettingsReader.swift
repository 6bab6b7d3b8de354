package import AuraModel

/// Reads `aurad.yaml`: strict keys, every error at once, each with its place.
///
/// Every key has a default.
///
///     state: /var/lib/aura
///     socket: /run/aura/aurad.sock
///     operator-group: aura               # null: nobody besides root and the daemon's user
///     user: aura                         # absent: refuses to start as root
///     definitions: /etc/aura/automata
///     libexec: /usr/libexec/aura
///     runs-max: 4
///     max-starts-per-minute: 120         # by schedules; further firings wait
///     handover: 60s                      # how long cages wait for a next aurad; 0s: they do not
///     day-budget: {usd: 20}              # all automatons together, on one date
///     record: {keep: 90d, size: 20GiB}   # absent: everything is kept
///     hooks:                             # absent: no deliveries are taken
///       listen: 127.0.0.1:9180           # a loopback address
///       deliveries-per-minute: 60        # to one hook
///       requests-per-minute: 600         # all together
///     proxy: {requests: 5_000}           # what cages may do through theirs, see ProxyFields
///     providers:
///       local:
///         dialect: openai-chat           # anthropic | openai-chat | openai-responses
///         base-url: http://127.0.0.1:8000/v1
///         credential: null               # absent: anthropic-api-key or openai-api-key
///         headers: {x-title: aura}
///         server: vllm                   # llama-cpp, ollama, litellm, deepseek, openrouter
///         quirks: [no-done]              # what else it departs from the dialect in
///         limits: {requests-per-minute: 50, tokens-per-minute: 400_000, concurrency: 4}
///         timeouts: {connect: 15s, first-byte: 60s, idle: 60s, total: 10m}
///         retries: 10
///         models:
///           NAME:
///             context: 200_000
///             answer-tokens: 64_000
///             prices: tokens-only        # or {input: 3, output: 15}, or a list with `from` days
///     reasoners:
///       large: {provider: local, model: NAME, fallback: [main]}
///       main:
///         provider: anthropic            # without a block of its own
///         model: claude-example
///         base-url: https://api.anthropic.com
///         credential: anthropic-api-key
///         prices: {input: 3, output: 15, cache-write: 3.75, cache-read: 0.30}   # a million
///         idle-timeout: 60s
///         total-timeout: 10m
///         runs-max: 2                    # absent: as many as the host's
///       trial: {provider: scripted, file: trial.yaml}
package enum SettingsReader {
    /// The settings in `text`, or every reason why there are none.
    ///
    /// `file` names it in the diagnostics, and scripts are found relative to its directory.
    package static func read(file: String, text: String) -> (Settings?, [Diagnostic]) {
        var report = Report(file)
        let settings = read(text, &report)
        return (report.isEmpty ? settings : nil, report.sorted)
    }

    /// The settings of an installed package, without a reasoner.
    package static let standard = Settings(
        stateDirectory: "/var/lib/aura", socket: "/run/aura/aurad.sock", operatorGroup: "aura",
        user: nil, definitionsDirectory: "/etc/aura/automata",
        libexecDirectory: "/usr/libexec/aura", runsMax: 4, reasoners: [:])

    /// 107 bytes: `sun_path` of unix(7) without its NUL.
    private static let socketBytesMax = 107

    /// 256 runs: each is a worker with its own cage; 200 at once, and their restart, were measured
    /// (`takeover-test`), and a keeper holds as many.
    static let runsRange = 1...256

    /// 10,000: each start within the last minute is remembered.
    private static let startsRange = 1...10_000

    private static let keys = [
        "state", "socket", "operator-group", "user", "definitions", "libexec", "runs-max",
        "max-starts-per-minute", "day-budget", "record", "providers", "reasoners", "hooks",
        "handover", "proxy",
    ]

    private static func read(_ text: String, _ report: inout Report) -> Settings? {
        guard let root = YAMLTree.read(text, &report),
            let fields = Fields(
                Field(path: "", node: root), keys: keys,
                expected: "a mapping such as `runs-max: 4`", &report)
        else { return nil }
        var settings = standard
        settings.stateDirectory =
            fields["state"]?.absolutePath(&report) ?? settings.stateDirectory
        settings.socket =
            fields["socket"]?.absolutePath(max: socketBytesMax, &report) ?? settings.socket
        if let group = fields["operator-group"] {
            settings.operatorGroup = group.isWrittenNull ? nil : group.account(&report)
        }
        if let user = fields["user"] {
            settings.user = user.isWrittenNull ? nil : user.account(&report)
            if settings.user == "root" {
                user.refuse(&report, expected: "a user without privileges")
            }
        }
        settings.definitionsDirectory =
            fields["definitions"]?.absolutePath(&report) ?? settings.definitionsDirectory
        settings.libexecDirectory =
            fields["libexec"]?.absolutePath(&report) ?? settings.libexecDirectory
        settings.runsMax = fields["runs-max"]?.whole(runsRange, &report) ?? settings.runsMax
        settings.startsPerMinuteMax =
            fields["max-starts-per-minute"]?.whole(startsRange, &report)
            ?? settings.startsPerMinuteMax
        settings.handover =
            fields["handover"]?.duration(.zero...Settings.handoverMax, &report)
            ?? settings.handover
        if let budget = fields["day-budget"] {
            settings.dayBudget = BudgetFields.limits(budget, &report) ?? .none
            if settings.dayBudget.wall != nil {
                budget.refuse(
                    &report, expected: "`tokens`, `usd` or `calls`: time is each run's own")
            }
        }
        settings.retention = fields["record"].flatMap { retention($0, &report) }
        settings.hooks = fields["hooks"].flatMap { HookFields.read($0, &report) }
        settings.proxy = fields["proxy"].flatMap { ProxyFields.read($0, &report) } ?? settings.proxy
        let providers = fields["providers"].map { ProviderFields.readAll($0, &report) } ?? [:]
        if let reasoners = fields["reasoners"] {
            settings.reasoners = ReasonerFields.readAll(reasoners, providers, &report)
        }
        return settings
    }

    /// A day to a century.
    private static let keepRange = PruneRule.ageMin...Milliseconds.minutes(60 * 24 * 36_525)
    /// 16 MiB: what a record has at its very least once a week has passed.
    private static let recordRange = (16 << 20)...(1 << 40)

    private static func retention(_ field: Field, _ report: inout Report) -> PruneRule? {
        guard
            let fields = Fields(
                field, keys: ["keep", "size"], expected: "a mapping such as `{keep: 90d}`", &report)
        else { return nil }
        let rule = PruneRule(
            olderThan: fields["keep"]?.duration(keepRange, &report),
            toBytes: fields["size"]?.size(recordRange, &report))
        return rule == PruneRule() ? nil : rule
    }
}
