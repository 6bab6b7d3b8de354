import Glibc
import Testing

@testable import AuraSystem

@Suite("Descriptors that wake a reactor")
struct ReadinessTests {
    @Test("a socket is writable, then readable, then hung up, under its token")
    func socketReadiness() throws {
        var pair = try DescriptorPair.sockets(.stream)
        let ours = pair.takeFirst()
        let theirs = pair.takeSecond()
        let reactor = try Reactor()
        try reactor.add(ours.raw, interest: [.readable, .writable], token: 0xfeed_0000_0001)
        func ready(_ readable: Bool, _ writable: Bool, _ hungUp: Bool) -> [Reactor.Readiness] {
            [
                Reactor.Readiness(
                    token: 0xfeed_0000_0001, readable: readable, writable: writable, hungUp: hungUp)
            ]
        }
        #expect(try reactor.wait(timeoutMilliseconds: nil) == ready(false, true, false))
        try reactor.modify(ours.raw, interest: .readable, token: 0xfeed_0000_0001)
        #expect(try reactor.wait(timeoutMilliseconds: 0) == [])
        #expect(write(theirs.raw, "x", 1) == 1)
        #expect(try reactor.wait(timeoutMilliseconds: nil) == ready(true, false, false))
        // Level-triggered: still there.
        #expect(try reactor.wait(timeoutMilliseconds: nil) == ready(true, false, false))
        _ = close(theirs.take())
        #expect(try reactor.wait(timeoutMilliseconds: nil) == ready(true, false, true))
        try reactor.remove(ours.raw)
        #expect(try reactor.wait(timeoutMilliseconds: 0) == [])
        #expect(throws: SystemError("epoll_ctl", code: ENOENT)) { try reactor.remove(ours.raw) }
    }

    @Test("one wait returns at most a batch, and the next ones return the rest")
    func batch() throws {
        let reactor = try Reactor()
        let bells = try (0..<(Reactor.eventBatchMax + 7)).map { _ in try WakeDescriptor() }
        for (index, bell) in bells.enumerated() {
            try reactor.add(bell.raw, interest: .readable, token: UInt64(index))
            bell.wake()
        }
        var seen: Set<UInt64> = []
        let first = try reactor.wait(timeoutMilliseconds: 0)
        #expect(first.count == Reactor.eventBatchMax)
        seen.formUnion(first.map(\.token))
        seen.formUnion(try reactor.wait(timeoutMilliseconds: 0).map(\.token))
        #expect(seen.count == bells.count)
    }

    @Test("a wake from another thread ends a wait without timeout")
    func wakeFromThread() throws {
        let reactor = try Reactor()
        let bell = try WakeDescriptor()
        try reactor.add(bell.raw, interest: .readable, token: 9)
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(bell).toOpaque()
        let failure = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<WakeDescriptor>.fromOpaque(argument).takeRetainedValue().wake()
                return nil
            }, argument)
        try #require(failure == 0)
        #expect(try reactor.wait(timeoutMilliseconds: nil).map(\.token) == [9])
        #expect(pthread_join(thread, nil) == 0)
        #expect(try bell.acknowledge())
        #expect(try bell.acknowledge() == false)
    }

    @Test("a timer is silent before its deadline and readable after it", arguments: [true, false])
    func timer(realtime: Bool) throws {
        let timer = try TimerDescriptor(realtime ? .realtime : .monotonic)
        let now = {
            realtime ? SystemClock.realtimeMilliseconds() : SystemClock.monotonicMilliseconds()
        }
        let reactor = try Reactor()
        try reactor.add(timer.raw, interest: .readable, token: 1)

        try timer.arm(atMilliseconds: now() + 3_600_000)
        #expect(try reactor.wait(timeoutMilliseconds: 0) == [])
        #expect(try timer.acknowledge() == false)

        let deadline = now() + 20
        try timer.arm(atMilliseconds: deadline)
        #expect(try reactor.wait(timeoutMilliseconds: nil).map(\.token) == [1])
        #expect(now() >= deadline)
        #expect(try timer.acknowledge())
        #expect(try reactor.wait(timeoutMilliseconds: 0) == [])

        // The past, and instants before the epoch, are due at once.
        for past in [-5, 0, 1] {
            try timer.arm(atMilliseconds: past)
            #expect(try reactor.wait(timeoutMilliseconds: nil).map(\.token) == [1])
            #expect(try timer.acknowledge())
        }
        try timer.arm(atMilliseconds: 1)
        try timer.disarm()
        #expect(try reactor.wait(timeoutMilliseconds: 0) == [])
    }

    @Test("a blocked signal is read as a number and has no other effect")
    func signal() throws {
        var before = sigset_t()
        try #require(pthread_sigmask(SIG_BLOCK, nil, &before) == 0)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let signals = try SignalDescriptor([SIGUSR1, SIGUSR2])
        #expect(try signals.read() == [])
        // To this thread alone: the other threads of a test run do not block them.
        #expect(pthread_kill(pthread_self(), SIGUSR2) == 0)
        #expect(pthread_kill(pthread_self(), SIGUSR1) == 0)
        #expect(try signals.read().sorted() == [SIGUSR1, SIGUSR2].sorted())
        #expect(try signals.read() == [])
    }

    @Test("the boot has an identity, and chance does not repeat itself")
    func clockAndEntropy() throws {
        #expect(try SystemClock.bootID().utf8.count == 36)
        #expect(try SystemClock.bootID() == SystemClock.bootID())
        #expect(try Entropy.bytes(1000).count == 1000)
        #expect(try Entropy.word() != Entropy.word())
    }
}
