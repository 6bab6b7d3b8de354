import Glibc
import Testing

@testable import AuraSystem

@Suite("Peers, users and privileges")
struct PeerTests {
    @Test("a socket pair's peer is this very process")
    func peer() throws {
        var pair = try DescriptorPair.sockets(.packets)
        let end = pair.takeFirst()
        let peer = try UnixPeer(of: end.raw)
        #expect(peer.user == geteuid())
        #expect(peer.group == getegid())
        #expect(peer.process == ProcessID(getpid()))
    }

    @Test("root is a user and in its group; unknown names are nobody's")
    func users() throws {
        #expect(try UserDatabase.account(ofUser: 0)?.name == "root")
        #expect(try UserDatabase.account(named: "root")?.user == 0)
        #expect(try UserDatabase.group(named: "root") == 0)
        #expect(try UserDatabase.isUser(0, inGroup: "root"))
        #expect(try UserDatabase.isUser(0, inGroup: "nogroup") == false)
        #expect(try UserDatabase.isUser(0, inGroup: "no-such-group") == false)
        #expect(try UserDatabase.isUser(4_123_456_789, inGroup: "root") == false)
        #expect(try UserDatabase.account(named: "no-such-user") == nil)
    }

    @Test("dropped privileges do not come back", .enabled(if: getuid() == 0))
    func drop() async {
        await #expect(processExitsWith: .exitCode(43)) {
            try dropPrivileges(toUser: "nobody")
            try hardenProcess()
            var limit = rlimit()
            guard getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0,
                limit.rlim_max == 0, setuid(0) == -1, getuid() != 0, getgroups(0, nil) == 1
            else { exit(1) }
            exit(43)
        }
    }

    @Test("dropping to root or to nobody known changes nothing")
    func dropRefused() {
        #expect(throws: SystemError("setuid", code: EPERM, subject: "root")) {
            try dropPrivileges(toUser: "root")
        }
        #expect(throws: SystemError("getpwnam_r", code: ENOENT, subject: "no-such-user")) {
            try dropPrivileges(toUser: "no-such-user")
        }
    }
}
