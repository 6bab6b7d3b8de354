package import AuraModel
package import AuraSystem
import Glibc

/// The daemon's side of the keeper: a process that holds duplicates of what the daemon holds of its
/// cages, for the next daemon on the same record.
///
/// Where a service manager keeps descriptors there is no need of it. See keep.c in aura-cage.
package final class Keeper {
    private let socket: PacketSocket
    /// Ours to collect, unless an earlier daemon has started it.
    private let process: ProcessDescriptor?
    private let directory: String

    /// Its socket, in the state directory, which nobody else may enter.
    private static let socketName = "keeper"
    /// A second: it answers in microseconds; one that does not is of no use.
    private static let answerMilliseconds: Int32 = 1000
    /// Five seconds for the keeper to find that the daemon before has gone.
    private static let firstAnswerMilliseconds: Int32 = 5000

    /// Twin of `enum keep_word` in keep.c.
    private enum Word: UInt32 {
        case hold = 1
        case drop, give, wait, stop, none
    }

    /// Twin of `struct keep_message`: two words, a name with its NUL, a byte for each descriptor.
    private static let messageBytes = 8 + nameBytes + PacketSocket.descriptorsMax
    private static let nameBytes = 64

    /// The keeper of an earlier daemon on `directory`, or a new one, which outlives this process by
    /// `span` unless another daemon comes.
    package init(
        in directory: String, cagePath: String, for span: Milliseconds
    ) throws(SystemError) {
        self.directory = directory
        if let socket = try? PacketSocket(connectingTo: Self.socketName, in: directory) {
            self.socket = socket
            process = nil
        } else {
            let listener = try PacketSocket.listen(at: Self.socketName, in: directory)
            process = try Spawn(
                executable: cagePath, arguments: [cagePath, "keep"],
                descriptors: [Spawn.Descriptor(child: 3, parent: listener.raw)]
            ).start()
            socket = try PacketSocket(connectingTo: Self.socketName, in: directory)
        }
        guard try UnixPeer(of: socket.raw).user == geteuid() else {
            throw SystemError("connect", code: EPERM, subject: "a keeper of another user's")
        }
        try say(.wait, value: UInt32(clamping: span.count))
    }

    /// Readable when the keeper has gone.
    package var raw: Int32 { socket.raw }

    /// What an earlier daemon has left.
    ///
    /// The keeper holds it on; `drop` what is of no use.
    package func all() throws(SystemError) -> [KeptDescriptors] {
        var all: [KeptDescriptors] = []
        var timeout = Self.firstAnswerMilliseconds
        while true {
            try say(.give, value: UInt32(all.count))
            guard
                let answer = try socket.receive(
                    bytesMax: Self.messageBytes, waitingMilliseconds: timeout)
            else { throw SystemError("receive", code: EPIPE, subject: "the keeper") }
            timeout = Self.answerMilliseconds
            let name = answer.bytes.dropFirst(8).prefix(Self.nameBytes)
            let kept = KeptDescriptors(
                name: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
            let kinds = answer.bytes.dropFirst(8 + Self.nameBytes)
            for (kind, number) in zip(kinds, answer.descriptors) {
                if let part = KeptPart(rawValue: kind) {
                    kept.add(part, adopting: number)
                } else {
                    close(number)
                }
            }
            guard answer.bytes.first == UInt8(Word.hold.rawValue) else { return all }
            all.append(kept)
        }
    }

    /// Holds these from now on, whatever becomes of this process.
    package func hold(_ name: String, _ parts: [(KeptPart, Int32)]) throws(SystemError) {
        try say(
            .hold, name: name, kinds: parts.map(\.0.rawValue), descriptors: parts.map(\.1))
    }

    /// Holds them no more.
    package func drop(_ name: String) throws(SystemError) { try say(.drop, name: name) }

    /// Ends it, and with it every cage that this process has no hold of; returns when it is gone.
    package func stop() {
        try? say(.stop)
        _ = try? socket.receive(
            bytesMax: Self.messageBytes, waitingMilliseconds: Self.answerMilliseconds)
        collect()
        unlink("\(directory)/\(Self.socketName)")
    }

    /// Collects one that has gone by itself.
    package func collect() {
        switch process {
        case .some(let process):
            _ = try? process.reap(waitingMilliseconds: Self.answerMilliseconds)
        case nil: break
        }
    }

    private func say(
        _ word: Word, value: UInt32 = 0, name: String = "", kinds: [UInt8] = [],
        descriptors: [Int32] = []
    ) throws(SystemError) {
        precondition(name.utf8.count < Self.nameBytes, "a name of \(name.utf8.count) bytes")
        var bytes: [UInt8] = []
        for number in [word.rawValue, value] {
            withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
        }
        bytes += Array(name.utf8)
        bytes += Array(repeating: 0, count: 8 + Self.nameBytes - bytes.count) + kinds
        bytes += Array(repeating: 0, count: Self.messageBytes - bytes.count)
        try socket.send(bytes, descriptors, waitingMilliseconds: Self.answerMilliseconds)
    }
}
