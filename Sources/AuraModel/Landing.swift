extension Definition {
    /// How a verified result is handed over.
    package struct Landing: Hashable, Sendable, Codable {
        /// The ways there are.
        package enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
            /// A branch of its own for each task, one upon the other.
            case branch
            /// The base branch itself goes forward. It must not be checked out anywhere.
            case mergeFF = "merge-ff"
            /// As `branch`, and each branch is also pushed to `remote`.
            case push
        }

        package var mode: Mode
        /// push: the absolute path of a repository on this host, or an `https` or `ssh` URL without
        /// a secret in it.
        package var remote: String?
        /// push to a URL: the name of the token, or of the private key.
        package var credential: String?
        /// push to `ssh`: the server's own public key, as `ssh-ed25519 AAAA...`: no other is talked to.
        package var hostKey: String?
        /// push to `https`: the file of those who may vouch for the server; nil: the host's own.
        package var authorities: String?

        /// A way of landing.
        package init(
            _ mode: Mode, remote: String? = nil, credential: String? = nil, hostKey: String? = nil,
            authorities: String? = nil
        ) {
            self.mode = mode
            self.remote = remote
            self.credential = credential
            self.hostKey = hostKey
            self.authorities = authorities
        }

        /// The remote, if it is beyond this host: the cage of that one step has the host's network.
        package var networkRemote: String? {
            mode == .push ? remote.flatMap { $0.hasPrefix("/") ? nil : $0 } : nil
        }
    }

    /// A separate run that reads a verified result, with another prompt and read-only tools.
    package struct Review: Hashable, Sendable, Codable {
        /// The reviewer's model; nil: the definition's own.
        package var reasoner: String?
        /// What the reviewer is told beside the task; empty: nothing more.
        package var prompt: String
        /// How often a task may be sent back.
        package var rounds: Int

        /// A review; two rounds unless given.
        package init(reasoner: String? = nil, prompt: String = "", rounds: Int = 2) {
            self.reasoner = reasoner
            self.prompt = prompt
            self.rounds = rounds
        }
    }

    /// When a loop that burns without landing stops itself.
    package struct Breaker: Hashable, Sendable, Codable {
        /// So many tasks failed in a row open it.
        package var failures: Int
        /// Spending more than so many times the median of a landed task since the last one opens it.
        package var spendFactor: Int
        /// After so long the schedule is in force again; nil: an operator resumes it.
        package var coolDown: Milliseconds?

        /// A breaker.
        package init(failures: Int = 3, spendFactor: Int = 3, coolDown: Milliseconds?) {
            self.failures = failures
            self.spendFactor = spendFactor
            self.coolDown = coolDown
        }

        /// Three failures, three times the median, half an hour: what a definition gets that says
        /// nothing.
        package static let standard = Self(coolDown: .minutes(30))

        /// That it is open, for an operator.
        static func text(_ reason: String, until: Instant?) -> String {
            "breaker open: \(SafeText.brief(reason)); firings are skipped until "
                + (until.map { "\(HumanText.dateTime($0))Z" } ?? "it is resumed")
        }
    }

    /// The ways of landing that are in force.
    package var landing: Landing { land ?? Landing(.branch) }

    /// Every reasoner that a run of this definition may use.
    package var reasoners: [String] {
        Self.distinct([reasoner] + [review?.reasoner].compactMap { $0 } + taskReasoners)
    }

    /// Those that a task of a dev-loop may name for itself.
    package var taskReasoners: [String] {
        Self.distinct([reasoner] + (escalate ?? []) + (models ?? []))
    }

    private static func distinct(_ names: [String]) -> [String] {
        names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// The branch on which the work of a failed task is kept.
    package func failedBranch(_ task: String) -> String { "aura-failed/\(name.text)/\(task)" }
}
