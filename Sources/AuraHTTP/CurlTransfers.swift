import AuraModel
internal import CCurl

/// What a multi handle drives.
protocol CurlTransfer {
    /// Leaves the multi handle before it is destroyed.
    var easy: UnsafeMutableRawPointer { get }
}

/// Transfers of one multi handle, each known by a number of the caller's, and what came of those
/// that are over.
///
/// Everything happens on the thread that calls in; `watch` is called back during that and must not
/// call in itself.
final class CurlTransfers<Transfer: CurlTransfer, Answer> {
    typealias ID = UInt64

    /// A clock that only goes forward.
    let now: () -> Milliseconds
    private let multi: CurlMulti?
    private var transfers: [ID: Transfer] = [:]
    private var finished: [(ID, Result<Answer, FetchFailure>)] = []

    init(
        now: @escaping () -> Milliseconds,
        watch: @escaping (_ descriptor: Int32, _ read: Bool, _ write: Bool) -> Void
    ) {
        self.now = now
        multi = CurlMulti(now: now, watch: watch)
    }

    deinit {
        // A handle must leave the multi handle before either is destroyed.
        for transfer in transfers.values { multi?.remove(transfer.easy) }
    }

    /// Those that are under way.
    var count: Int { transfers.count }

    /// When `timerFired` wants to be called, by the clock of `now`; nil: never.
    var due: Milliseconds? {
        // What failed at once is to be collected like the rest.
        finished.isEmpty ? multi?.due : now()
    }

    /// Begins a transfer; nil is one that libcurl refused to set up, which fails.
    func start(_ id: ID, _ transfer: Transfer?) {
        if let multi, let transfer, multi.add(transfer.easy, of: id) {
            transfers[id] = transfer
        } else {
            end(id, .failure(.failed("libcurl cannot be set up")))
        }
    }

    /// Tells what came of it.
    func end(_ id: ID, _ result: Result<Answer, FetchFailure>) { finished.append((id, result)) }

    /// Closes a transfer: nothing more is heard of it.
    func drop(_ id: ID) {
        if let transfer = transfers.removeValue(forKey: id) { multi?.remove(transfer.easy) }
    }

    /// Tells nobody what came of it.
    func forget(_ id: ID) { finished.removeAll { $0.0 == id } }

    /// Lets libcurl work on a descriptor that is ready.
    func socketReady(_ descriptor: Int32, readable: Bool, writable: Bool) {
        multi?.socketReady(descriptor, readable: readable, writable: writable)
    }

    /// Lets libcurl work because its timer is due.
    func timerFired() { multi?.timerFired() }

    /// Hands over each transfer that is over, while it still has its connection; then it is closed.
    func collect(_ take: (ID, Transfer, CURLcode) -> Void) {
        while let done = multi?.takeDone() {
            guard let transfer = transfers[done.owner] else { continue }
            take(done.owner, transfer, done.code)
            drop(done.owner)
        }
    }

    /// What has ended since the last call, in the order in which it did.
    func takeFinished() -> [(ID, Result<Answer, FetchFailure>)] {
        defer { finished = [] }
        return finished
    }
}
