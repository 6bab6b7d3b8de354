import Glibc

/// Work that may take long, on a thread of its own: what waits for a disk there holds up neither the
/// caller nor the few threads that tasks share.
package enum DetachedThread {
    private final class Work {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `work` and ends; false: there can be no more threads, and it is not run.
    package static func start(_ work: @escaping @Sendable () -> Void) -> Bool {
        let own = Unmanaged.passRetained(Work(work))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                // SAFETY: retained for this thread alone.
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, own.toOpaque())
        guard code == 0 else {
            own.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
