package import AuraModel
import CSystemd

/// Tells the service manager how the daemon is: sd_notify(3), sd_watchdog_enabled(3).
///
/// Without `NOTIFY_SOCKET` in the environment (no service manager listens) every message is a
/// no-op. A message that cannot be delivered is dropped: the service manager's own timeouts are the
/// answer to that.
package struct ServiceNotifier: Sendable {
    /// How long the daemon may be silent before it is killed; nil when no watchdog is set for it.
    package let watchdog: Milliseconds?

    /// Reads what the service manager asks for from the environment.
    package init() {
        var microseconds: UInt64 = 0
        let isEnabled = sd_watchdog_enabled(0, &microseconds) > 0
        watchdog = isEnabled ? Milliseconds(Int(clamping: microseconds / 1000)) : nil
    }

    /// How often to send `alive`: half of `watchdog`, as sd_watchdog_enabled(3) advises.
    package var beat: Milliseconds? { watchdog.map { Milliseconds(max(1, $0.count / 2)) } }

    /// Start-up is over: the daemon can take orders.
    package func ready(status: String) { send("READY=1\nSTATUS=\(SafeText.brief(status))") }

    /// The line that `systemctl status` shows.
    package func status(_ text: String) { send("STATUS=\(SafeText.brief(text))") }

    /// The turn loop turns.
    package func alive() { send("WATCHDOG=1") }

    /// Shutdown begins.
    package func stopping(status: String) { send("STOPPING=1\nSTATUS=\(SafeText.brief(status))") }

    private func send(_ state: String) { _ = sd_notify(0, state) }
}
