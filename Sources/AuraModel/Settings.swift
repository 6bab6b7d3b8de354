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

    /// 120: two a second is more than agents are worth watching, and a provider's limits bear it.
    package static let startsPerMinuteStandard = 120

    /// Settings with every part stated.
    package init(
        stateDirectory: String, socket: String, operatorGroup: String?, user: String?,
        definitionsDirectory: String, libexecDirectory: String, runsMax: Int,
        startsPerMinuteMax: Int = Settings.startsPerMinuteStandard,
        reasoners: [String: ReasonerSettings]
    ) {
        self.stateDirectory = stateDirectory
        self.socket = socket
        self.operatorGroup = operatorGroup
        self.user = user
        self.definitionsDirectory = definitionsDirectory
        self.libexecDirectory = libexecDirectory
        self.runsMax = runsMax
        self.startsPerMinuteMax = startsPerMinuteMax
        self.reasoners = reasoners
    }
}

/// A configured model at a provider.
package struct ReasonerSettings: Hashable, Sendable, Codable {
    /// Who answers.
    package enum Provider: Hashable, Sendable, Codable {
        /// The Anthropic Messages API at `baseURL`; the key stands in the credential called
        /// `credential`.
        case anthropic(baseURL: String, credential: String)
        /// Model turns played from a YAML file: for trials and tests, no network and no cost.
        case scripted(file: String)
    }

    package var provider: Provider
    package var model: String
    package var prices: PriceTable
    /// Longest silence in an answer's stream before it is given up.
    package var idleTimeout: Milliseconds
    /// Longest time from request to the end of the answer.
    package var totalTimeout: Milliseconds
    /// Top-level runs of this reasoner that may be under way at once; nil: as many as the host's.
    package var runsMax: Int?

    /// A reasoner's settings; a minute of silence and ten minutes in all unless given.
    package init(
        provider: Provider, model: String, prices: PriceTable = .free,
        idleTimeout: Milliseconds = .seconds(60), totalTimeout: Milliseconds = .minutes(10),
        runsMax: Int? = nil
    ) {
        self.provider = provider
        self.model = model
        self.prices = prices
        self.idleTimeout = idleTimeout
        self.totalTimeout = totalTimeout
        self.runsMax = runsMax
    }
}
