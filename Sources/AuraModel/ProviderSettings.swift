/// A provider: where it answers, in which dialect, and how much may be asked of it.
///
/// All reasoners of one name share its limits.
package struct ProviderSettings: Hashable, Sendable, Codable {
    /// The form of requests and answers.
    package enum Dialect: String, Hashable, Sendable, Codable, CaseIterable {
        case anthropic
        case openaiChat = "openai-chat"
        case openaiResponses = "openai-responses"
    }

    /// A way in which a server departs from the API that it is modelled on.
    ///
    /// Declared, never guessed: each gives a meaning to what is an error of the plain dialect.
    package enum Quirk: String, Hashable, Sendable, Codable, CaseIterable {
        /// Tool calls have no index, or all the same one: a new id begins a new call.
        case looseToolIndex = "loose-tool-index"
        /// The arguments of a tool call may be an object in place of its text.
        case objectArguments = "object-arguments"
        /// `stop` also ends an answer that calls tools.
        case stopAfterTools = "stop-after-tools"
        /// The reason to stop may be missing at `[DONE]`.
        case noFinishReason = "no-finish-reason"
        /// The stream may end without `[DONE]`.
        case noDone = "no-done"
        /// The bound on the answer is called `max_tokens`, as it was before reasoning models.
        case maxTokens = "max-tokens"
        /// Refuses `stream_options`, so usage comes unasked or not at all.
        case noStreamOptions = "no-stream-options"
        /// Wants the reasoning of its own answers back, as `reasoning_content`.
        case sendReasoning = "send-reasoning"
        /// Gives its reasoning out encrypted when asked, and wants it back.
        case encryptedReasoning = "encrypted-reasoning"
    }

    /// How much may be asked of a provider, over all runs; nil: without bound.
    package struct Limits: Hashable, Sendable, Codable {
        package var requestsPerMinute: Int?
        package var tokensPerMinute: Int?
        /// Calls under way at once.
        package var concurrency: Int?

        /// Limits; none unless given.
        package init(
            requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, concurrency: Int? = nil
        ) {
            self.requestsPerMinute = requestsPerMinute
            self.tokensPerMinute = tokensPerMinute
            self.concurrency = concurrency
        }
    }

    package var name: String
    package var dialect: Dialect
    /// With `/v1` for the OpenAI dialects, without for Anthropic's: as each SDK has it.
    package var baseURL: String
    /// The credential that holds the key; nil: the server asks for none.
    package var credential: String?
    /// Sent with each request, beside those of the dialect.
    package var headers: [String: String]
    package var quirks: Set<Quirk>
    package var limits: Limits
    /// How often a failed call is made again before it is given up.
    package var retriesMax: Int

    /// 10 retries: with the waits between them some five minutes, and each may bring its own,
    /// longer one.
    package static let retriesStandard = 10

    /// A provider without limits unless they are given.
    package init(
        name: String, dialect: Dialect, baseURL: String, credential: String?,
        headers: [String: String] = [:], quirks: Set<Quirk> = [], limits: Limits = Limits(),
        retriesMax: Int = Self.retriesStandard
    ) {
        self.name = name
        self.dialect = dialect
        self.baseURL = baseURL
        self.credential = credential
        self.headers = headers
        self.quirks = quirks
        self.limits = limits
        self.retriesMax = retriesMax
    }
}

/// What a model costs, and since when.
package enum Pricing: Hashable, Sendable, Codable {
    /// Prices by the instant at which each came into force, oldest first.
    case table([Dated])
    /// The price is not known, and that is accepted: budgets in tokens bind, those in dollars
    /// cannot.
    case tokensOnly

    /// A price table with the beginning of its time.
    package struct Dated: Hashable, Sendable, Codable {
        package var from: Instant
        package var prices: PriceTable

        /// Prices that hold from an instant on.
        package init(from: Instant, prices: PriceTable) {
            self.from = from
            self.prices = prices
        }
    }

    /// Prices that always held.
    package static func always(_ prices: PriceTable) -> Self {
        .table([Dated(from: Instant(milliseconds: Int.min), prices: prices)])
    }

    /// What holds at `now`; free where only tokens count, nil where nothing is known yet.
    package func prices(at now: Instant) -> PriceTable? {
        switch self {
        case .tokensOnly: .free
        case .table(let dated): dated.last { $0.from <= now }?.prices
        }
    }
}
