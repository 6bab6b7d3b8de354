import AuraConfinement
import AuraModel
import AuraSupervision
import AuraSystem

/// What a cage serves: stands on its label, for the daemon that takes it over.
struct CageTag: Codable {
    /// How a command is bounded and what is kept of it, as it was when it began.
    struct Job: Codable {
        /// Monotonic milliseconds, which all processes of a boot share.
        var startedAt: Int
        var timeout: Milliseconds
        var limits: ResourceLimits
        var head: Int
        var tail: Int
        var diskPath: String?
        var diskMax: Int?
        var isInBackground: Bool
    }

    var run: RunID
    /// Of the worker; nil for a command.
    var generation: Generation?
    /// Nil for a worker.
    var command: CommandID?
    var job: Job?

    /// On a label.
    var text: String {
        guard let json = try? JSON.encode(self) else {
            preconditionFailure("a tag is always JSON")
        }
        return String(decoding: json, as: UTF8.self)
    }

    /// Nil for a tag of a version that had others.
    init?(_ text: String) {
        guard let tag = try? JSON.decode(CageTag.self, from: Array(text.utf8)) else { return nil }
        self = tag
    }

    /// The tag of a worker.
    init(_ key: AttemptKeeper.Key) {
        run = key.run
        generation = key.generation
    }

    /// The tag of a command that begins now.
    init(_ key: CageRunner.Key, _ plan: StepPlans.Plan, at now: Int, inBackground: Bool) {
        run = key.run
        command = key.command
        job = Job(
            startedAt: now, timeout: plan.timeout, limits: plan.limits, head: plan.output.headMax,
            tail: plan.output.tailMax, diskPath: plan.disk?.path, diskMax: plan.disk?.bytesMax,
            isInBackground: inBackground)
    }
}

/// A cage that an earlier daemon has handed over and that nobody has claimed yet.
struct KeptCage {
    let cage: Cage
    let tag: CageTag
    let descriptors: KeptDescriptors
}
