import CSystemd
import Glibc

/// The service manager's store of descriptors: what is put there comes back with the next start of
/// the service, and is closed when the service stops for good.
///
/// See sd_pid_notify_with_fds(3), sd_listen_fds_with_names(3), `FileDescriptorStoreMax=`.
package struct ServiceStore: Sendable {
    /// Nil where no service manager listens.
    package init?() {
        guard getenv("NOTIFY_SOCKET") != nil else { return nil }
    }

    /// What the service was started with: each descriptor, close-on-exec and the caller's to close,
    /// with its name.
    ///
    /// Once only.
    package func take() -> [(name: String, descriptor: Int32)] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        guard count > 0, let names else { return [] }
        defer { free(names) }
        return (0..<Int(count)).map { index in
            defer { free(names[index]) }
            let name = names[index].map { String(cString: $0) } ?? ""
            return (name, Self.first + Int32(index))
        }
    }

    /// SD_LISTEN_FDS_START.
    private static let first: Int32 = 3

    /// Keeps a descriptor under a name, which others may share.
    ///
    /// Not watched for hang-ups: a pidfd of a process that has ended is still wanted.
    ///
    /// In the order of these calls, whatever becomes of this process. False when the service manager
    /// cannot be told.
    package func keep(_ descriptor: Int32, as name: String) -> Bool {
        var descriptor = descriptor
        let state = "FDSTORE=1\nFDPOLL=0\nFDNAME=\(name)"
        return sd_pid_notify_with_fds(0, 0, state, &descriptor, 1) > 0
    }

    /// Closes the store's descriptors of this name.
    package func drop(_ name: String) {
        _ = sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=\(name)")
    }
}
