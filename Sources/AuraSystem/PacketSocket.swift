import CLinux
import Glibc

/// A connected AF_UNIX socket of packets that carry descriptors.
///
/// See unix(7), SCM_RIGHTS.
package struct PacketSocket: ~Copyable {
    private let descriptor: OwnedDescriptor

    /// 8: of one message.
    package static let descriptorsMax = Int(CLINUX_MESSAGE_DESCRIPTORS_MAX)

    /// Takes over a connected socket of packets.
    package init(adopting descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// Connects to the socket `name` in `directory`; ECONNREFUSED when nobody listens there any more.
    package init(connectingTo name: String, in directory: String) throws(SystemError) {
        let opened = try FileSystem.openDirectory(directory)
        let raw = opened.raw
        descriptor = OwnedDescriptor(
            adopting: try checked("connect", subject: "\(directory)/\(name)") {
                clinux_connect_packets(raw, name)
            })
    }

    /// Listens at `name` in `directory`, in the place of whatever has the name.
    package static func listen(
        at name: String, in directory: String
    ) throws(SystemError) -> OwnedDescriptor {
        let opened = try FileSystem.openDirectory(directory)
        let raw = opened.raw
        return OwnedDescriptor(
            adopting: try checked("bind", subject: "\(directory)/\(name)") {
                clinux_listen_packets(raw, name)
            })
    }

    /// Takes nothing from the peer any more: what it sends is refused (EPIPE).
    package borrowing func refuse() throws(SystemError) {
        let raw = self.raw
        try checked("shutdown") { shutdown(raw, Int32(SHUT_RD)) }
    }

    /// The number to watch: readable also when the peer is gone.
    package var raw: Int32 { descriptor.raw }

    /// Sends one message; duplicates of `descriptors` are on their way when it returns, whatever
    /// becomes of this process.
    ///
    /// Waits for room, at most `milliseconds`; EAGAIN after that.
    package borrowing func send(
        _ bytes: [UInt8], _ descriptors: [Int32] = [], waitingMilliseconds milliseconds: Int32
    ) throws(SystemError) {
        precondition(descriptors.count <= Self.descriptorsMax, "more than \(Self.descriptorsMax)")
        let raw = self.raw
        let deadline = Deadline(inMilliseconds: milliseconds)
        while true {
            do throws(SystemError) {
                try checked("sendmsg") {
                    clinux_send_message(raw, bytes, bytes.count, descriptors, descriptors.count)
                }
                return
            } catch {
                // Too many descriptors of this user are under way (ETOOMANYREFS): as if it were full.
                guard error.code == EAGAIN || error.code == ETOOMANYREFS,
                    deadline.remainingMilliseconds > 0
                else { throw error }
                guard error.code == EAGAIN else {
                    usleep(Self.pauseMicroseconds)
                    continue
                }
                _ = try waitReady(raw, for: Int16(POLLOUT), until: deadline)
            }
        }
    }

    /// A millisecond between looks at whether others' descriptors have arrived.
    private static let pauseMicroseconds: UInt32 = 1000

    /// The next message, of at most `bytesMax` bytes, and the numbers of the descriptors that came
    /// with it, which are the caller's to close.
    ///
    /// Nil when the peer is gone. ETIMEDOUT when none has come within `milliseconds`.
    package borrowing func receive(
        bytesMax: Int, waitingMilliseconds milliseconds: Int32
    ) throws(SystemError) -> (bytes: [UInt8], descriptors: [Int32])? {
        let raw = self.raw
        guard
            try waitReady(raw, for: Int16(POLLIN), until: Deadline(inMilliseconds: milliseconds))
        else { throw SystemError("recvmsg", code: ETIMEDOUT) }
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        var descriptors = [Int32](repeating: -1, count: Self.descriptorsMax)
        var count = 0
        let size: Int
        do throws(SystemError) {
            size = try checked("recvmsg") {
                clinux_receive_message(raw, &bytes, bytesMax, &descriptors, &count)
            }
        } catch {
            guard error.code == ECONNRESET else { throw error }
            return nil
        }
        guard size > 0 else { return nil }
        return (Array(bytes.prefix(size)), Array(descriptors.prefix(count)))
    }
}
