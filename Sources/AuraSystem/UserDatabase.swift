import Glibc

/// Users and groups by name, as the system's name service knows them.
///
/// See nsswitch.conf(5).
///
/// The name service loads shared objects, which a static program cannot: nothing that the worker
/// links may call this file.
package enum UserDatabase {
    /// What is known of a user.
    package struct Account: Equatable, Sendable {
        /// The user's name.
        package let name: String
        /// The user's number.
        package let user: UInt32
        /// The number of the user's primary group.
        package let group: UInt32
    }

    /// The account of a user's number, nil when there is none.
    package static func account(ofUser user: UInt32) throws(SystemError) -> Account? {
        try lookUp("getpwuid_r") { buffer, size in
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let failure = getpwuid_r(user, &entry, buffer, size, &found)
            return (failure, found == nil ? nil : account(entry))
        }
    }

    /// The account of a user's name, nil when there is none.
    package static func account(named name: String) throws(SystemError) -> Account? {
        try lookUp("getpwnam_r") { buffer, size in
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let failure = getpwnam_r(name, &entry, buffer, size, &found)
            return (failure, found == nil ? nil : account(entry))
        }
    }

    /// The number of a group, nil when there is none of that name.
    package static func group(named name: String) throws(SystemError) -> UInt32? {
        try lookUp("getgrnam_r") { buffer, size in
            var entry = Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            let failure = getgrnam_r(name, &entry, buffer, size, &found)
            return (failure, found == nil ? nil : entry.gr_gid)
        }
    }

    /// Every group of an account: its primary one and those that list it.
    ///
    /// See getgrouplist(3).
    package static func groups(of account: Account) throws(SystemError) -> [UInt32] {
        var capacity: Int32 = 32
        while capacity <= groupsMax {
            var groups = [gid_t](repeating: 0, count: Int(capacity))
            var count = capacity
            if getgrouplist(account.name, account.group, &groups, &count) != -1 {
                return Array(groups.prefix(Int(count)))
            }
            capacity = max(capacity * 2, count)
        }
        throw SystemError("getgrouplist", code: ERANGE, subject: account.name)
    }

    /// Whether a user belongs to a group, by the database of this moment.
    ///
    /// A user or a group that does not exist belongs to nothing.
    package static func isUser(
        _ user: UInt32, inGroup name: String
    ) throws(SystemError) -> Bool {
        guard let account = try account(ofUser: user), let group = try group(named: name) else {
            return false
        }
        return try groups(of: account).contains(group)
    }

    /// 65536: NGROUPS_MAX of Linux, see getgroups(2).
    private static let groupsMax: Int32 = 65536

    /// 1 KiB: a usual passwd entry fits, and one with a long group list takes a few doublings.
    private static let bufferBytesMin = 1 << 10

    /// 1 MiB: a group of some fifty thousand names; more is taken for a broken database.
    private static let bufferBytesMax = 1 << 20

    /// Repeats a look-up with a growing buffer.
    ///
    /// The body returns the call's error number and what it found, copied out of the buffer.
    private static func lookUp<Found>(
        _ operation: String,
        _ call: (UnsafeMutablePointer<CChar>, Int) -> (failure: Int32, found: Found?)
    ) throws(SystemError) -> Found? {
        var size = bufferBytesMin
        while size <= bufferBytesMax {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            let (failure, found) = call(buffer, size)
            switch failure {
            case 0, ENOENT, ESRCH:
                // "The given name or uid was not found" has several faces: see getpwnam(3).
                return found
            case ERANGE: size *= 2
            case EINTR: continue
            default: throw SystemError(operation, code: failure)
            }
        }
        throw SystemError(operation, code: ERANGE)
    }

    private static func account(_ entry: passwd) -> Account {
        Account(name: String(cString: entry.pw_name), user: entry.pw_uid, group: entry.pw_gid)
    }
}
