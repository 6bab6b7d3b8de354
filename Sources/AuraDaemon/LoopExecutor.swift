import NIOCore

/// Runs what a task does on a connection's own event loop.
///
/// Whoever relays to that connection wakes one thread and not two. Nothing that waits for a disk or
/// for long belongs there: the loop's other connections wait meanwhile.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    /// An executor on `loop`.
    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
