import NIOCore
import NIOPosix

/// Runs tasks on NIO's pool of threads, which sleep for as long as there is nothing to run.
///
/// On Linux Swift's own pool is libdispatch's. Once that is used, and a `Task.sleep` uses it too, a
/// timer of it wakes the process each second to look at its threads, until the process ends. So each
/// task of aurad is begun here, and waits here.
final class PoolExecutor: TaskExecutor {
    static let shared = PoolExecutor()

    private init() {}

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        NIOThreadPool.singleton.submit { _ in
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }

    /// Waits for `span`, on the timer of an event loop.
    ///
    /// - Throws: when the task is cancelled.
    static func sleep(for span: Duration) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let timer = loop.scheduleTask(in: TimeAmount(span)) {}
        try await withTaskCancellationHandler {
            try await timer.futureResult.get()
        } onCancel: {
            timer.cancel()
        }
    }
}
