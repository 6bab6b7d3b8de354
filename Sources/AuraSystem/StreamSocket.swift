import CLinux
import Glibc

/// Steps over stream sockets that never wait.
package enum StreamSocket {
    /// What a read brought.
    package enum Read: Equatable, Sendable {
        case bytes([UInt8])
        /// Nothing is there now.
        case nothing
        /// The other side sends no more.
        case ended
        /// The connection is gone.
        case lost
    }

    /// A duplicate of the descriptor in the first message on `channel`, which stays there; nil while
    /// there is none.
    ///
    /// ENODATA: none will come.
    package static func peekDescriptor(
        _ channel: Int32
    ) throws(SystemError) -> OwnedDescriptor? {
        do throws(SystemError) {
            return OwnedDescriptor(
                adopting: try checked("recvmsg") { clinux_peek_descriptor(channel) })
        } catch {
            guard error.code == EAGAIN else { throw error }
            return nil
        }
    }

    /// The next connection that waits at `listener`, non-blocking; nil when none does.
    ///
    /// One that was gone before it was taken is skipped.
    package static func accept(_ listener: Int32) throws(SystemError) -> OwnedDescriptor? {
        while true {
            let descriptor = clinux_accept(listener)
            let code = descriptor < 0 ? errno : 0
            switch code {
            case 0: return OwnedDescriptor(adopting: descriptor)
            case EAGAIN: return nil
            case EINTR, ECONNABORTED: continue
            default: throw SystemError("accept4", code: code)
            }
        }
    }

    /// Reads at most `bytesMax` bytes.
    package static func read(_ socket: Int32, bytesMax: Int) -> Read {
        while true {
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
                let result = recv(socket, buffer.baseAddress, bytesMax, Int32(MSG_DONTWAIT))
                if result < 0 { code = errno }
                count = max(0, result)
            }
            switch code {
            case 0: return bytes.isEmpty ? .ended : .bytes(bytes)
            case EAGAIN: return .nothing
            case EINTR: continue
            default: return .lost
            }
        }
    }

    /// Sends as much of `bytes` as there is room for; how much that was, nil when the connection is
    /// gone.
    package static func write(_ socket: Int32, _ bytes: ArraySlice<UInt8>) -> Int? {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        while true {
            let (count, code) = bytes.withUnsafeBytes { buffer in
                let count = send(socket, buffer.baseAddress, buffer.count, flags)
                return (count, count < 0 ? errno : 0)
            }
            switch code {
            case 0: return count
            case EAGAIN: return 0
            case EINTR: continue
            default: return nil
            }
        }
    }

    /// Says that nothing more is sent.
    package static func endWriting(_ socket: Int32) { _ = shutdown(socket, Int32(SHUT_WR)) }
}
