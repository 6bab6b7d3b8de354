import CLinux
import Glibc

/// Becomes an ordinary user for good: groups, group, user, in all threads.
///
/// Needs root. Throws before anything changed when the name is unknown (ENOENT) or names root
/// (EPERM); an error after that leaves the process half changed: it must end. Looks the name up in
/// `UserDatabase`, so it is not for the worker.
package func dropPrivileges(toUser name: String) throws(SystemError) {
    guard let account = try UserDatabase.account(named: name) else {
        throw SystemError("getpwnam_r", code: ENOENT, subject: name)
    }
    guard account.user != 0, account.group != 0 else {
        throw SystemError("setuid", code: EPERM, subject: name)
    }
    // Groups before the user: setting them needs the capability that the user change takes away.
    try checked("initgroups", subject: name) { initgroups(account.name, account.group) }
    try checked("setresgid", subject: name) { clinux_set_group(account.group) }
    try checked("setresuid", subject: name) { clinux_set_user(account.user) }

    // A securebit or a capability that survived would make the change reversible: prove it is not.
    guard clinux_is_exactly(account.user, account.group) == 1,
        setuid(0) == -1, setgid(0) == -1, seteuid(0) == -1
    else { throw SystemError("setuid", code: EPERM, subject: "root could be regained") }
}

/// Keeps this process's memory to itself: no core file, no ptrace, no /proc/PID/mem for others.
///
/// After `dropPrivileges`, because a change of user resets the mark; an exec does too. Needs no
/// privilege. See prctl(2) PR_SET_DUMPABLE and setrlimit(2) RLIMIT_CORE.
package func hardenProcess() throws(SystemError) {
    try checked("prctl") { clinux_clear_dumpable() }
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    try checked("setrlimit") { setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) }
    guard clinux_dumpable() == 0 else { throw SystemError("prctl", code: EPERM) }
}

/// Lets this process have as many descriptors open as the administrator allows, at most `count`.
package func raiseDescriptorLimit(to count: UInt) {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(count)))
    // Refused by nothing that this could meet; then the limit stays as it was.
    _ = setrlimit(resource, &limit)
}
