/// The daemon's own configuration, `aurad.yaml`, read once at start.
package struct Settings: Hashable, Sendable, Codable {
    /// Directory of the record, the workspaces and the sealed exit reports; 0700, owned by the
    /// daemon.
    package var stateDirectory: String
    /// The control socket; its directory must exist.
    package var socket: String
    /// Group whose members may give orders, besides root and the daemon's own user; nil: nobody
    /// else.
    package var operatorGroup: String?
    /// User to drop to when started as root; nil refuses to start as root.
    package var user: String?
    /// Directory of `*.yaml` definitions.
    package var definitionsDirectory: String
    /// Directory that holds `aura-cage` and `aura-worker`.
    package var libexecDirectory: String
    /// Top-level runs that may be under way at once; further ones wait, in order.
    package var runsMax: Int
    /// Runs that schedules may start within any minute; further firings wait their turn.
    package var startsPerMinuteMax: Int
    package var reasoners: [String: ReasonerSettings]
    /// What all automatons together may use on one date; nil parts are unbounded.
    package var dayBudget: BudgetLimits
    /// How much of the record is kept; nil: all of it.
    package var retention: PruneRule?
    /// Where deliveries to hooks are taken; nil: nowhere.
    package var hooks: HookSettings?
    /// What programs may do through the proxy of their cage.
    package var proxy = ProxyLimits()
    /// How long workers and commands go on without a daemon, where no service manager keeps them;
    /// zero: they end with it.
    package var handover = Settings.handoverStandard

    /// A minute: a restart takes a second; what nobody fetches within a minute nobody will.
    package static let handoverStandard = Milliseconds.minutes(1)
    /// An hour: what runs on unwatched for longer was not meant to.
    package static let handoverMax = Milliseconds.minutes(60)

    /// 120: two a second is more than agents are worth watching, and a provider's limits bear it.
    package static let startsPerMinuteStandard = 120

    /// Settings with every part stated.
    package init(
        stateDirectory: String, socket: String, operatorGroup: String?, user: String?,
        definitionsDirectory: String, libexecDirectory: String, runsMax: Int,
        startsPerMinuteMax: Int = Settings.startsPerMinuteStandard,
        reasoners: [String: ReasonerSettings], dayBudget: BudgetLimits = .none,
        retention: PruneRule? = nil, hooks: HookSettings? = nil
    ) {
        self.retention = retention
        self.stateDirectory = stateDirectory
        self.socket = socket
        self.operatorGroup = operatorGroup
        self.user = user
        self.definitionsDirectory = definitionsDirectory
        self.libexecDirectory = libexecDirectory
        self.runsMax = runsMax
        self.startsPerMinuteMax = startsPerMinuteMax
        self.reasoners = reasoners
        self.dayBudget = dayBudget
        self.hooks = hooks
    }
}

/// Where deliveries to hooks are taken, and how many.
package struct HookSettings: Hashable, Sendable, Codable {
    /// A loopback address.
    package var host: String
    package var port: Int
    /// Deliveries to one hook in a minute.
    package var deliveriesPerMinute: Int
    /// Requests in a minute, whoever they are from and whatever they are for.
    package var requestsPerMinute: Int

    /// 60: a push a second.
    package static let deliveriesStandard = 60
    /// 600: what ten such hooks bring.
    package static let requestsStandard = 600

    /// Hooks at `host`.
    package init(
        host: String, port: Int, deliveriesPerMinute: Int = Self.deliveriesStandard,
        requestsPerMinute: Int = Self.requestsStandard
    ) {
        self.host = host
        self.port = port
        self.deliveriesPerMinute = deliveriesPerMinute
        self.requestsPerMinute = requestsPerMinute
    }
}

/// A configured model at a provider.
package struct ReasonerSettings: Hashable, Sendable, Codable {
    /// Who answers.
    package enum Provider: Hashable, Sendable, Codable {
        /// A provider over HTTP.
        case http(ProviderSettings)
        /// Model turns played from a YAML file: for trials and tests, no network and no cost.
        case scripted(file: String)

        /// The Anthropic Messages API at `baseURL`, without a block of its own.
        package static func anthropic(baseURL: String, credential: String) -> Self {
            .http(
                ProviderSettings(
                    name: "anthropic", dialect: .anthropic, baseURL: baseURL,
                    credential: credential))
        }
    }

    package var provider: Provider
    package var model: String
    package var pricing: Pricing
    /// Tokens of the model's context; nil: not known.
    package var contextTokens: Int?
    /// The most that the model answers; nil: not known.
    package var answerTokensMax: Int?
    /// Longest time for name, connection and TLS.
    package var connectTimeout: Milliseconds
    /// Longest time from the request to the first byte of its answer.
    package var firstByteTimeout: Milliseconds
    /// Longest silence in an answer's stream before it is given up.
    package var idleTimeout: Milliseconds
    /// Longest time from request to the end of the answer.
    package var totalTimeout: Milliseconds
    /// Top-level runs of this reasoner that may be under way at once; nil: as many as the host's.
    package var runsMax: Int?
    /// Reasoners to ask in its place, in order, while it fails.
    package var fallbacks: [String]
    /// How it changes files; nil: as `EditForm.standard` has it for its model.
    package var edits: EditForm?

    /// 15 s: name resolution, TCP and TLS; a provider that needs longer is as good as absent.
    package static let connectStandard = Milliseconds.seconds(15)

    /// A reasoner's settings; a minute of silence and ten minutes in all unless given.
    ///
    /// The first byte may take as long as any silence unless it is given too.
    package init(
        provider: Provider, model: String, prices: PriceTable = .free,
        connectTimeout: Milliseconds = Self.connectStandard,
        firstByteTimeout: Milliseconds? = nil, idleTimeout: Milliseconds = .seconds(60),
        totalTimeout: Milliseconds = .minutes(10), runsMax: Int? = nil, fallbacks: [String] = []
    ) {
        self.provider = provider
        self.model = model
        pricing = .always(prices)
        self.connectTimeout = connectTimeout
        self.firstByteTimeout = firstByteTimeout ?? idleTimeout
        self.idleTimeout = idleTimeout
        self.totalTimeout = totalTimeout
        self.runsMax = runsMax
        self.fallbacks = fallbacks
    }

    /// The provider's block; nil for a script.
    package var block: ProviderSettings? {
        guard case .http(let block) = provider else { return nil }
        return block
    }

    /// What a circuit breaker watches: one model at one provider; nil for a script.
    package var route: String? { block.map { "\($0.name)/\(model)" } }
}
