import AuraModel
import Glibc

/// What becomes of aurad when a page of the record, which it maps, cannot be read: the kernel then
/// sends SIGBUS, and nothing that was read through the map can be believed.
///
/// It ends with the status of a record that is damaged at a start: another start would not help, and
/// the service manager does not try it.
enum MapFault {
    private static let message: StaticString = """
        aurad: a page of the record cannot be read: its disk failed there, or its file was cut off
          hint: look at the disk (dmesg); then try aurad --rebuild or put a backup back

        """

    /// From now on such a page ends the process, with a sentence on standard error.
    static func endProcess() {
        // Made here: a handler may neither allocate nor wait.
        _ = message.utf8CodeUnitCount
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            _ = write(
                STDERR_FILENO, MapFault.message.utf8Start, MapFault.message.utf8CodeUnitCount)
            _exit(AuraExit.badDefinition.rawValue)
        }
        sigaction(SIGBUS, &action, nil)
    }
}
