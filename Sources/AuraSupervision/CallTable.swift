import AuraModel

/// A model call of this process's lifetime: what is asked, and how far it is.
struct ModelCall: Sendable {
    /// As the run's kernel wants it; each try has its own bound on the answer.
    var request: ModelRequest
    var bytes: Int
    /// Who is asked, now or next.
    var reasoner: String
    /// The order in which calls came.
    var number: Int
    var isUnderWay = false
    /// What the provider said of its input at the beginning of its answer.
    var begun: TokenUsage?
}

/// Model calls, and which of them wait: those are looked at in every turn, and no others.
struct CallTable: Sendable {
    private var calls: [CallKey: ModelCall] = [:]
    private var open: Set<CallKey> = []

    var keys: some Collection<CallKey> { calls.keys }
    var values: some Collection<ModelCall> { calls.values }

    /// The call of that name; nil when there is none.
    subscript(key: CallKey) -> ModelCall? {
        get { calls[key] }
        set {
            calls[key] = newValue
            if newValue?.isUnderWay == false { open.insert(key) } else { open.remove(key) }
        }
    }

    /// Those that nobody was asked yet, in the order in which they came.
    var waiting: [(key: CallKey, call: ModelCall)] {
        guard !open.isEmpty else { return [] }
        return open.compactMap { key in calls[key].map { (key, $0) } }
            .sorted { $0.call.number < $1.call.number }
    }
}
