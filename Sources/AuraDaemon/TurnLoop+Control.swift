import AuraJournal
import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem
import Glibc

/// What the loop has to do with operators: their orders, and its state.
extension TurnLoop {
    func orders() -> [Event] {
        inbox.takeAll().compactMap { request in
            switch request {
            case .status(let continuation):
                continuation.resume(returning: .success(status()))
                return nil
            case .question(let ask):
                ask(kernel)
                return nil
            case .order(let order, let principal, let continuation):
                if let trouble = commits.trouble {
                    continuation.resume(returning: .failure(Self.refusal(by: trouble)))
                    return nil
                }
                let ticket = replies.take(continuation)
                return .ordered(order, by: principal, ticket: ticket)
            case .prune(let plan, let principal, let continuation):
                if let refusal = commits.trouble.map(Self.refusal) ?? care.take(plan) {
                    continuation.resume(returning: .failure(refusal))
                    return nil
                }
                let ticket = replies.take(continuation)
                return .ordered(.prune(plan.fact), by: principal, ticket: ticket)
            }
        }
    }

    private static func refusal(by trouble: RecordTrouble) -> APIError {
        APIError(
            .unavailable,
            "nothing new begins while the record is \(trouble.state): \(trouble.reason)",
            hint: trouble.state.remedy)
    }

    func startServer() {
        let server = Listeners(
            control: ControlServer(
                service: service, socket: settings.socket,
                operators: Operators(group: settings.operatorGroup)), hooks: hooks)
        let notifier = notifier
        let inbox = inbox
        unlink(settings.socket)
        self.server = Task.detached(executorPreference: PoolExecutor.shared) {
            do {
                try await server.run { notifier.ready(status: "serving") }
                inbox.fail("the control socket closed")
            } catch {
                inbox.fail("the control socket failed: \(error)")
            }
        }
    }

    private func status() -> DaemonStatus {
        let state = kernel.state
        let now = SystemClock.now()
        let queued = state.runs.values.count { $0.phase == .queued }
        let parked = state.index.parked.count
        return DaemonStatus(
            version: Release.version, epoch: state.daemon.epoch, pid: Int(getpid()),
            startedAt: state.daemon.startedAt, sequence: state.daemon.sequence,
            runsActive: state.runs.count - queued - parked, runsQueued: queued,
            runsParked: parked,
            automata: state.automata.values.filter(\.isLoaded).sorted { $0.name < $1.name }
                .compactMap { kernel.status(of: $0, at: now)?.noting(problem(of: $0.name)) },
            refused: kernel.refusedDefinitions, weaknesses: weaknesses,
            reasoners: kernel.reasoners(
                problems: calls.credentialProblems(of: settings.reasoners.keys)),
            trouble: commits.trouble, isPruning: care.isPruning ? true : nil,
            auditWaiting: audit.waiting(store.head.sequence),
            handover: kernel.handover == Handover() ? nil : kernel.handover)
    }

    private func problem(of name: AutomatonName) -> String? {
        guard let hook = kernel.hook(of: name) else { return changes.problem(of: name) }
        return hooks?.keys.problem(of: hook)
    }
}
