import AuraModel

/// Everything that listens, as one task: ready when all of it is, and over when one part is.
struct Listeners: Sendable {
    let control: ControlServer
    let hooks: HookServer?

    /// Serves until its task is cancelled; `whenReady` is called once every address answers.
    func run(whenReady: @escaping @Sendable () -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let hooks {
                let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
                group.addTask {
                    // One that cannot listen is not waited for.
                    defer { isReady.finish() }
                    do {
                        try await hooks.run { isReady.finish() }
                    } catch {
                        let place = "\(hooks.settings.host):\(hooks.settings.port)"
                        throw Failure(description: "hooks cannot listen on \(place): \(error)")
                    }
                }
                for await _ in ready {}
            }
            group.addTask { try await control.run(whenReady: whenReady) }
            // Whichever is over first takes the others with it.
            try await group.next()
            group.cancelAll()
        }
    }

    /// Why something that listened does not any more.
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}
