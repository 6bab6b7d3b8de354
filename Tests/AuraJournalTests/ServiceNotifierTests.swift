import AuraJournal
import AuraModel
import Glibc
import Testing

/// Messages to the service manager, against a datagram socket in its place.
struct ServiceNotifierTests {
    @Test("messages reach the service manager, each as one datagram, and text adds no assignments")
    func messages() throws {
        let path = "/tmp/aura-notify-\(getpid()).socket"
        let receiver = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        defer {
            close(receiver)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(receiver, $0, length) }
        }
        try #require(status == 0)

        // Without a service manager: no watchdog, and no message goes anywhere.
        let alone = ServiceNotifier()
        #expect(alone.watchdog == nil && alone.beat == nil)
        alone.ready(status: "nobody listens")

        setenv("NOTIFY_SOCKET", path, 1)
        setenv("WATCHDOG_USEC", "30000000", 1)
        setenv("WATCHDOG_PID", "\(getpid())", 1)
        defer { for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) } }
        let notifier = ServiceNotifier()
        #expect(notifier.watchdog == .seconds(30) && notifier.beat == .seconds(15))
        notifier.ready(status: "2 automata")
        notifier.status("one\nWATCHDOG=trigger")
        notifier.alive()
        notifier.stopping(status: "bye")
        let received = (0..<4).map { _ in
            var bytes = [UInt8](repeating: 0, count: 1000)
            let count = recv(receiver, &bytes, bytes.count, CInt(MSG_DONTWAIT))
            return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
        }
        #expect(
            received == [
                "READY=1\nSTATUS=2 automata", "STATUS=one\\nWATCHDOG=trigger", "WATCHDOG=1",
                "STOPPING=1\nSTATUS=bye",
            ])
    }
}
