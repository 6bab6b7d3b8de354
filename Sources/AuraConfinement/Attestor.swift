package import AuraModel
package import AuraSystem
import Glibc

/// Compares what a worker says of its confinement with what the kernel says of it.
package struct Attestor: Sendable {
    private let own: [String: UInt64]

    /// Reads the daemon's own namespaces, from which every worker's must differ.
    package init() throws(ConfinementError) {
        do throws(SystemError) {
            own = try Attestation.reading(nil).namespaces
        } catch { throw .system(error) }
    }

    /// Throws `.gone` when the process has ended, and `.attestation` unless it is confined and its
    /// claim is exactly so.
    ///
    /// `process` is `Cage.programID()`; call while the cage lives, or the number may be another's.
    package func verify(
        _ claim: Attestation, of process: ProcessID
    ) throws(ConfinementError) {
        let seen: Attestation
        do throws(SystemError) {
            seen = try Attestation.reading(process)
        } catch {
            // Its directory is empty, or gone: it has ended, and its exit says how.
            guard error.code != ENOENT, error.code != ESRCH else { throw .gone }
            throw .attestation("\(error)")
        }
        guard seen.isConfined else { throw .attestation("not confined: \(seen)") }
        guard claim == seen else { throw .attestation("claimed \(claim), found \(seen)") }
        for name in Attestation.namespaceNames where seen.namespaces[name] == own[name] {
            throw .attestation("shares the daemon's \(name) namespace")
        }
    }
}
