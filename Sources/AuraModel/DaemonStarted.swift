/// A start of the daemon: every one raises the epoch by one.
package struct DaemonStarted: Hashable, Sendable, Codable {
    package var epoch: Int
    package var version: String
    /// The kernel's boot id: tells a restart from a reboot.
    package var boot: String
    /// What this host does not enforce of a cage; nil: nothing is missing, or the entry is from before
    /// this was noted.
    package var weaknesses: [String]?

    /// A start.
    package init(epoch: Int, version: String, boot: String, weaknesses: [String] = []) {
        self.epoch = epoch
        self.version = version
        self.boot = boot
        self.weaknesses = weaknesses.isEmpty ? nil : weaknesses
    }
}
