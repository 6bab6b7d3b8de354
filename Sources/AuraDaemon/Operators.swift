import AuraModel
import AuraSystem
import Glibc

/// Who may give orders: root, the daemon's own user, and the members of the operators' group.
struct Operators: Sendable {
    let group: String?

    /// The principal of a connected uid, or nil when it is not an operator's.
    func principal(of user: UInt32) -> Principal? {
        guard user == 0 || user == geteuid() || isMember(user) else { return nil }
        return Principal(Self.name(of: user))
    }

    /// What a refused peer is told.
    func refusal(of user: UInt32) -> APIError {
        let name = Self.name(of: user)
        guard let group else {
            return APIError(.denied, "\(name) may not give orders to aurad")
        }
        return APIError(
            .denied, "\(name) is not a member of the group '\(group)'",
            hint: "sudo adduser \(name) \(group), then log in again")
    }

    private func isMember(_ user: UInt32) -> Bool {
        guard let group else { return false }
        return (try? UserDatabase.isUser(user, inGroup: group)) ?? false
    }

    private static func name(of user: UInt32) -> String {
        ((try? UserDatabase.account(ofUser: user)) ?? nil)?.name ?? "uid \(user)"
    }
}
