import AuraSystem

/// One direction of a connection that is passed on: from one socket to the other, never more than a
/// buffer of it here.
struct ProxyFlow {
    /// What is here and not sent yet.
    private(set) var pending: ArraySlice<UInt8> = []
    /// Whether nothing more will be read.
    private(set) var isEnded = false
    /// Bytes that went on.
    private(set) var moved = 0
    /// Bytes that may still be read; nil: as many as come.
    private var left: Int?

    /// 64 KiB: a read of one turn, and all that one direction holds.
    private static let bytesMax = 64 << 10

    /// A flow that begins with `pending`, of `left` bytes more; `isOurs`: what it begins with is not
    /// counted.
    init(beginning pending: [UInt8] = [], left: Int? = nil, isOurs: Bool = false) {
        self.pending = pending[...]
        self.left = left
        if isOurs { moved = -pending.count }
        if left == 0 { isEnded = true }
    }

    /// Whether there is room to read.
    var wantsRead: Bool { !isEnded && pending.isEmpty }
    /// Whether something waits to be sent.
    var wantsWrite: Bool { !pending.isEmpty }
    /// Whether all has gone on.
    var isDone: Bool { isEnded && pending.isEmpty }

    /// Reads what is there; false: the connection is gone.
    mutating func fill(from socket: Int32) -> Bool {
        guard wantsRead else { return true }
        switch StreamSocket.read(socket, bytesMax: min(left ?? Self.bytesMax, Self.bytesMax)) {
        case .bytes(let bytes):
            pending = bytes[...]
            left = left.map { $0 - bytes.count }
            if left == 0 { isEnded = true }
        case .nothing: break
        case .ended: isEnded = true
        case .lost: return false
        }
        return true
    }

    /// Sends what there is room for; false: the connection is gone.
    mutating func drain(to socket: Int32) -> Bool {
        guard wantsWrite else { return true }
        guard let count = StreamSocket.write(socket, pending) else { return false }
        pending = pending.dropFirst(count)
        moved += count
        return true
    }
}
