import AuraHTTP
import AuraModel
import AuraSystem

/// One connection of a program in a cage to the cage's proxy: one request, or one tunnel.
///
/// What it holds is bounded: a head, or a buffer each way.
final class ProxyClient {
    /// What there is to do outside after something happened.
    enum Step {
        case wait
        /// It asks for this, and waits for `grant` or `refuse`.
        case ask(ProxyHead)
        /// It is over, and why it did not come to its own end.
        case end(failure: String?)
    }

    private enum Phase {
        case asking, waiting, greeting, passing
        /// It has its refusal and is to hang up.
        case refused
    }

    /// 2 s to read a refusal; who does not loses it.
    private static let refusalMilliseconds = 2_000
    /// 16 KiB of a read before there is a connection.
    private static let readBytesMax = 16 << 10

    private let socket: OwnedDescriptor
    private let limits: ProxyLimits
    private var server: OwnedDescriptor?
    private var phase = Phase.asking
    private var head: ProxyHead?
    private var heard: [UInt8] = []
    private var up = ProxyFlow()
    private var down = ProxyFlow()
    private var hasEndedUp = false
    private let startedAt: Int
    /// Monotonic milliseconds at which it is over.
    private(set) var deadline: Int
    /// What the server answered; nil before, and of a tunnel.
    private(set) var status: Int?

    /// A connection that was just accepted.
    init(_ socket: consuming OwnedDescriptor, _ limits: ProxyLimits) {
        self.socket = socket
        self.limits = limits
        startedAt = SystemClock.monotonicMilliseconds()
        deadline = startedAt + limits.headTime.count
    }

    var socketRaw: Int32 { socket.raw }
    var serverRaw: Int32? { server?.raw }

    /// Bytes that went to the server and that came from it.
    var sent: Int { max(0, up.moved) }
    var received: Int { max(0, down.moved) }
    var took: Milliseconds { Milliseconds(SystemClock.monotonicMilliseconds() - startedAt) }

    /// What to watch the program's end for.
    var socketInterest: Reactor.Interest {
        switch phase {
        case .asking, .refused: return .readable
        case .waiting: return []
        case .greeting: return down.wantsWrite ? [.readable, .writable] : .readable
        case .passing:
            var interest: Reactor.Interest = []
            if up.wantsRead { interest.insert(.readable) }
            if down.wantsWrite { interest.insert(.writable) }
            return interest
        }
    }

    /// What to watch the server's end for.
    var serverInterest: Reactor.Interest {
        guard phase == .passing else { return [] }
        var interest: Reactor.Interest = []
        if down.wantsRead { interest.insert(.readable) }
        if up.wantsWrite { interest.insert(.writable) }
        return interest
    }

    /// Does what can be done now.
    func work() -> Step {
        switch phase {
        case .asking: return hear()
        case .waiting: return .wait
        case .greeting: return greet()
        case .passing: return pass()
        case .refused:
            switch StreamSocket.read(socket.raw, bytesMax: Self.readBytesMax) {
            case .bytes, .nothing: return .wait
            case .ended, .lost: return .end(failure: nil)
            }
        }
    }

    /// What its time being over means.
    func expire() -> Step {
        switch phase {
        case .asking:
            refuse(408, "no whole request within \(DurationText.format(limits.headTime.count))")
            return .wait
        case .refused: return .end(failure: nil)
        case .waiting, .greeting: return .end(failure: "nothing came of it in time")
        case .passing:
            let time = DurationText.format(limits.idleTime.count)
            return .end(failure: "nothing went either way for \(time)")
        }
    }

    /// Goes on over the connection to the server.
    func connect(_ server: consuming OwnedDescriptor) -> Step {
        guard let head else { return .end(failure: nil) }
        self.server = consume server
        if head.method == nil {
            phase = .greeting
            deadline = SystemClock.monotonicMilliseconds() + limits.headTime.count
            let answer = "HTTP/1.1 200 Connection established\r\n\r\n"
            down = ProxyFlow(beginning: Array(answer.utf8), isOurs: true)
        } else {
            phase = .passing
            up = ProxyFlow(
                beginning: head.forwarded + heard, left: head.bodyBytes - heard.count)
            heard = []
        }
        return work()
    }

    /// Says why not, and after how long it may be asked again, which pip, npm and curl obey; it ends
    /// when the program has read that.
    func refuse(_ status: Int, _ text: String, retryAfter: Milliseconds? = nil) {
        // Also in the first line: many programs show no more of a refusal.
        let line = String(SafeText.line(text).unicodeScalars.filter(\.isASCII).map(Character.init))
        let body = "aurad: \(text)\n"
        let again = retryAfter.map { "Retry-After: \(Self.wholeSeconds($0))\r\n" } ?? ""
        let answer =
            "HTTP/1.1 \(status) \(line.prefix(Self.lineMax))\r\nContent-Type: text/plain\r\n"
            + again + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n" + body
        _ = StreamSocket.write(socket.raw, Array(answer.utf8)[...])
        StreamSocket.endWriting(socket.raw)
        phase = .refused
        heard = []
        deadline = SystemClock.monotonicMilliseconds() + Self.refusalMilliseconds
    }

    /// Rounded up: who comes a moment too early is refused again.
    private static func wholeSeconds(_ time: Milliseconds) -> Int { (time.count + 999) / 1000 }

    /// 200 characters in an answer's first line.
    private static let lineMax = 200

    private func hear() -> Step {
        let searched = heard.count
        switch StreamSocket.read(socket.raw, bytesMax: Self.readBytesMax) {
        case .bytes(let bytes): heard += bytes
        case .nothing: return .wait
        case .ended, .lost: return .end(failure: nil)
        }
        guard let count = ProxyHead.count(in: heard, searched: searched) else {
            if heard.count >= limits.headBytes { refuseHead() }
            return .wait
        }
        guard count <= limits.headBytes else {
            refuseHead()
            return .wait
        }
        do throws(ProxyHead.Flaw) {
            let head = try ProxyHead(heard.prefix(count))
            heard.removeFirst(count)
            guard head.method == nil || heard.count <= head.bodyBytes else {
                refuse(400, "one request a connection")
                return .wait
            }
            self.head = head
            phase = .waiting
            deadline = .max
            return .ask(head)
        } catch {
            refuse(error.status, error.text)
            return .wait
        }
    }

    private func refuseHead() {
        refuse(431, "a head of more than \(SizeText.format(limits.headBytes))")
    }

    /// A tunnel: nothing goes on before it is TLS for the very host.
    private func greet() -> Step {
        guard down.drain(to: socket.raw), let host = head?.url.origin else {
            return .end(failure: nil)
        }
        switch StreamSocket.read(socket.raw, bytesMax: Self.readBytesMax) {
        case .bytes(let bytes): heard += bytes
        case .nothing: break
        case .ended, .lost: return .end(failure: nil)
        }
        let (refusal, isComplete) = ClientHello.refusal(
            of: heard, to: host.host, isAddress: host.address != nil)
        if let refusal { return .end(failure: "refused: \(refusal)") }
        guard isComplete else { return .wait }
        up = ProxyFlow(beginning: heard)
        heard = []
        phase = .passing
        return pass()
    }

    private func pass() -> Step {
        guard let server = server?.raw else { return .end(failure: nil) }
        let before = up.moved + down.moved
        guard up.fill(from: socket.raw) else { return .end(failure: nil) }
        guard up.drain(to: server), down.fill(from: server) else {
            return .end(failure: "the server closed the connection in between")
        }
        if status == nil, head?.method != nil, down.wantsWrite {
            status = CurlContext.status(of: Array(down.pending.prefix(Self.statusBytesMax)))
        }
        guard down.drain(to: socket.raw) else { return .end(failure: nil) }
        if up.moved + down.moved != before || deadline == .max {
            deadline = SystemClock.monotonicMilliseconds() + limits.idleTime.count
        }
        // A server takes the end of what a tunnel brings for its own end; a request has a length.
        if up.isDone, !hasEndedUp, head?.method == nil {
            hasEndedUp = true
            StreamSocket.endWriting(server)
        }
        return down.isDone ? .end(failure: nil) : .wait
    }

    /// 64 bytes: a version and a status.
    private static let statusBytesMax = 64
}
