import CLinux

/// Who is at the other end of a connected AF_UNIX socket, as the kernel saw it at connect time.
package struct UnixPeer: Equatable, Sendable {
    /// The peer's effective user.
    package let user: UInt32
    /// The peer's effective group.
    ///
    /// Its other groups are the user's, see `UserDatabase`.
    package let group: UInt32
    /// The peer's process, in our pid namespace: for showing only, it may have ended since.
    package let process: ProcessID

    /// Reads the credentials of the peer (SO_PEERCRED).
    ///
    /// See unix(7).
    package init(of socket: Int32) throws(SystemError) {
        var process: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
        try checked("getsockopt") { clinux_peer_credentials(socket, &process, &user, &group) }
        self.user = user
        self.group = group
        self.process = ProcessID(process)
    }
}
