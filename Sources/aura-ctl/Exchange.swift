import Glibc

/// One request to the daemon over its unix socket, and the answer to it.
///
/// A connection each: the socket is local. Nothing here waits but `wait`.
final class Exchange {
    /// Why there is no answer.
    enum Trouble: Error, Equatable {
        /// The socket cannot be connected to: an `errno`.
        case unreachable(CInt)
        /// The connection broke: an `errno`.
        case broken(CInt)
        case answer(HTTPTalk.Damage)
    }

    private let descriptor: CInt
    private let address: sockaddr_un
    private var isConnected = false
    private var unsent: ArraySlice<UInt8>
    private var chunk = [UInt8](repeating: 0, count: chunkBytes)
    private let method: String
    private let answerBytesMax: Int
    /// Made when the request is on its way: that takes as long as the daemon needs to hear it.
    private var talk: HTTPTalk?

    /// 64 KiB: what a socket holds, more or less.
    private static let chunkBytes = 64 << 10
    /// 10 ms: how soon to try again where the daemon has more callers than it takes at once.
    private static let crowdMilliseconds: CInt = 10

    /// Connects to `socket`, to ask for `target` with `body`, if any.
    init(
        _ method: String, _ target: String, body: [UInt8]?, at socket: String, answerBytesMax: Int
    ) throws(Trouble) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(socket.utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .unreachable(ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        self.address = address
        self.method = method
        self.answerBytesMax = answerBytesMax
        unsent = HTTPTalk.request(method, target, body: body)[...]
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        descriptor = Glibc.socket(AF_UNIX, CInt(kind), 0)
        guard descriptor >= 0 else { throw .unreachable(errno) }
        try connect()
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    /// The answer's status; 0 until its head is there.
    var status: Int { talk?.status ?? 0 }

    /// Whether the answer is whole.
    var isWhole: Bool { talk?.isWhole ?? false }

    /// Does what can be done without waiting; whether the answer is whole.
    func advance() throws(Trouble) -> Bool {
        if !isConnected { try connect() }
        guard isConnected else { return false }
        try send()
        try receive()
        return isWhole
    }

    /// What came of the body since it was last taken.
    func takeBody() -> [UInt8] { talk?.takeBody() ?? [] }

    /// Waits until something can be done, at most so long.
    func wait(milliseconds: CInt) {
        guard isConnected else {
            _ = poll(nil, 0, min(milliseconds, Self.crowdMilliseconds))
            return
        }
        let events = unsent.isEmpty ? POLLIN : POLLIN | POLLOUT
        var ready = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        _ = poll(&ready, 1, milliseconds)
    }

    // MARK: The socket

    private func connect() throws(Trouble) {
        let code = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                    == 0 ? 0 : errno
            }
        }
        switch code {
        case 0: isConnected = true
        // The queue of those who want in is full, unix(7).
        case EAGAIN, EINTR: break
        default: throw .unreachable(code)
        }
    }

    private func send() throws(Trouble) {
        while !unsent.isEmpty {
            let count = unsent.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            let code = count < 0 ? errno : 0
            if count > 0 {
                unsent = unsent.dropFirst(count)
            } else if code == EAGAIN {
                return
            } else if code == EPIPE || code == ECONNRESET {
                // Refused before all of it was there: the answer says why.
                unsent = []
            } else if code != EINTR {
                throw .broken(code)
            }
        }
    }

    private func receive() throws(Trouble) {
        let talk = try answer()
        while !talk.isWhole {
            let count = chunk.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            let code = count < 0 ? errno : 0
            do throws(HTTPTalk.Damage) {
                if count > 0 {
                    try talk.take(chunk[..<count])
                } else if count == 0 {
                    try talk.close()
                }
            } catch {
                throw .answer(error)
            }
            if code == EAGAIN { return }
            guard code == 0 || code == EINTR else { throw .broken(code) }
        }
    }

    private func answer() throws(Trouble) -> HTTPTalk {
        if let talk { return talk }
        do throws(HTTPTalk.Damage) {
            let new = try HTTPTalk(to: method, bodyBytesMax: answerBytesMax)
            talk = new
            return new
        } catch {
            throw .answer(error)
        }
    }
}
