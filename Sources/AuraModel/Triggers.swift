/// What makes an automaton fire beside clocks and chains: the keys `on-change` and `webhook` of
/// `schedule`.
package enum EventTrigger: Hashable, Sendable, Codable {
    case change(ChangeTrigger)
    case webhook(WebhookTrigger)

    /// When it fires, in plain words: `when /srv/in changes`.
    package func words(for automaton: AutomatonName) -> String {
        switch self {
        case .change(let change): change.words
        case .webhook: "on a delivery to \(WebhookTrigger.pathPrefix)\(automaton)"
        }
    }
}

/// Fires when something on this host is not what it was.
package struct ChangeTrigger: Hashable, Sendable, Codable {
    /// What is watched.
    package enum Subject: Hashable, Sendable, Codable {
        /// Files, directories with all that is below them, and patterns, by `PathPattern`.
        case paths([String])
        /// A branch of a git repository: it moves, appears or goes.
        case branch(String, repository: String)
    }

    package var subject: Subject
    /// How long nothing more has to change before it fires.
    package var settle: Milliseconds

    /// Two seconds: a build or a copy that goes on writes more often.
    package static let settleStandard = Milliseconds.seconds(2)
    /// 16 paths: each may be a directory or a pattern.
    package static let pathsMax = 16

    /// A watch on `subject`.
    package init(_ subject: Subject, settle: Milliseconds = Self.settleStandard) {
        self.subject = subject
        self.settle = settle
    }

    /// `when /srv/in changes`, `when branch main of /srv/app.git moves`.
    package var words: String {
        switch subject {
        case .paths(let paths) where paths.count > 3: "when one of \(paths.count) paths changes"
        case .paths(let paths): "when \(Wording.list(paths, "or")) changes"
        case .branch(let branch, let repository): "when branch \(branch) of \(repository) moves"
        }
    }

    /// Whether a run of the automaton itself may be what changed it.
    package var isBranch: Bool { if case .branch = subject { true } else { false } }
}

/// Fires for each delivery to `/hooks/NAME` that proves to know a secret.
package struct WebhookTrigger: Hashable, Sendable, Codable {
    /// How a delivery proves that its sender knows the secret.
    package enum Proof: String, Hashable, Sendable, Codable, CaseIterable {
        /// `X-Hub-Signature-256: sha256=HEX`, the HMAC-SHA256 of the body.
        case signature
        /// `Authorization: Bearer SECRET`.
        case bearer
    }

    /// The credential that holds the secret.
    package var secret: String
    package var proof: Proof
    /// Where in the delivered JSON the value of each input stands, by `JSONPointer`.
    package var inputs: [String: String]
    /// What has to stand at a pointer, one of the values; other deliveries are let go.
    package var when: [String: [JSONValue]]

    /// What the path of a hook begins with; the automaton's name follows.
    package static let pathPrefix = "/hooks/"
    /// 16 conditions: more are a program.
    package static let conditionsMax = 16

    /// A hook with the secret of that credential.
    package init(
        secret: String, proof: Proof = .signature, inputs: [String: String] = [:],
        when: [String: [JSONValue]] = [:]
    ) {
        self.secret = secret
        self.proof = proof
        self.inputs = inputs
        self.when = when
    }

    /// Why a delivery of `body` fires nothing, in words; nil when it fires.
    package func mismatch(in body: JSONValue) -> String? {
        for (pointer, values) in when.sorted(by: { $0.key < $1.key }) {
            let found = JSONPointer(pointer)?.value(in: body)
            guard found.map(values.contains) != true else { continue }
            return "\(pointer) is not \(HumanText.json(values))"
        }
        return nil
    }

    /// What the delivered JSON says of each input; what it does not hold is left out.
    package func values(in body: JSONValue) -> [String: JSONValue] {
        inputs.compactMapValues { JSONPointer($0)?.value(in: body) }
    }
}

/// What made a firing come that no clock planned.
package enum FiringCause: Hashable, Sendable, Codable {
    /// What changed, in a few words, and the mark of how it is now.
    case change(what: String, mark: String)
    case delivery(HookDelivery)

    /// What happened, for a sentence: `/srv/in/a.csv changed`, `delivery 72d3162e came`.
    package var words: String {
        switch self {
        case .change(let what, _): SafeText.brief(what)
        case .delivery(let delivery): "delivery \(SafeText.brief(delivery.id)) came"
        }
    }

    /// What a run of it is given; nil for nothing.
    package var inputs: [String: JSONValue]? {
        if case .delivery(let delivery) = self { delivery.inputs } else { nil }
    }

    /// The same without what the run's own row has.
    package var brief: Self {
        guard case .delivery(var delivery) = self else { return self }
        delivery.inputs = nil
        return .delivery(delivery)
    }
}

/// A delivery to a hook, proven and read.
package struct HookDelivery: Hashable, Sendable, Codable {
    /// What its sender calls it: the same id is the same delivery.
    package var id: String
    /// SHA-256 of its body, in hex.
    package var digest: String
    /// What the run is given, complete.
    package var inputs: [String: JSONValue]?

    /// 128 characters: GitHub's ids have 36.
    package static let idBytesMax = 128

    /// A delivery.
    package init(id: String, digest: String, inputs: [String: JSONValue]? = nil) {
        self.id = id
        self.digest = digest
        self.inputs = inputs
    }

    /// Whether `text` can be an id: printable ASCII without blanks, at most `idBytesMax`.
    package static func isID(_ text: String) -> Bool {
        (1...idBytesMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}

/// A delivery that was taken, so that it is never taken twice.
///
/// Key: automaton, slash, id.
package struct DeliveryRow: Hashable, Sendable, Codable {
    package var automaton: AutomatonName
    package var id: String
    package var digest: String
    /// The firing that it was, and what became of that.
    package var nominal: Instant
    package var decision: OccurrenceDecision
    package var sequence: Int

    /// 1000 of each automaton: GitHub offers a delivery again for three days; beyond that the oldest
    /// is forgotten.
    package static let countMax = 1000

    /// The delivery that the entry `sequence` took.
    package init(
        automaton: AutomatonName, delivery: HookDelivery, nominal: Instant,
        decision: OccurrenceDecision, sequence: Int
    ) {
        self.automaton = automaton
        id = delivery.id
        digest = delivery.digest
        self.nominal = nominal
        self.decision = decision
        self.sequence = sequence
    }

    /// The row's key.
    package static func key(_ automaton: AutomatonName, _ id: String) -> String {
        "\(automaton)/\(id)"
    }
}
