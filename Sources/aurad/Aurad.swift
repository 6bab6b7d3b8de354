import ArgumentParser
import AuraDaemon
import AuraModel
import AuraSystem

/// The supervisor daemon.
///
/// Started by systemd, or by hand in the foreground.
@main
struct Aurad: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aurad", abstract: "Supervise automatons.", version: Release.version)

    @Option(name: .long, help: "The daemon's configuration.")
    var config = "/etc/aura/aurad.yaml"

    @Flag(name: .long, help: "Check the configuration and all definitions, then exit.")
    var check = false

    @Flag(name: .long, help: "Write the audit to standard error even where journald listens.")
    var foreground = false

    @Flag(
        name: .long, help: "Replace the key that signs the record, endorsed by the old one; exit.")
    var rotateKey = false

    @Flag(
        name: .long,
        help: "Make the record anew from its log: indexes, tree and rows; exit. Keeps the old one.")
    var rebuild = false

    @Flag(
        name: .long,
        help: "Bring a record of an older format up to this one's; exit. Keeps the old one.")
    var migrate = false

    @Flag(name: .long, help: "With --migrate: do all but the last step, and leave nothing behind.")
    var dryRun = false

    @Flag(
        name: .long,
        help: "After a stop: let the service start again in a group where cages go on; exit.")
    var releaseGroup = false

    func validate() throws {
        guard !dryRun || migrate else { throw ValidationError("--dry-run goes with --migrate") }
    }

    func run() throws {
        // Before anything is read: whatever ended the daemon, this must not fail for it.
        if releaseGroup { return Daemon.releaseGroup() }
        do {
            let daemon = try Daemon(configuration: config, isForeground: foreground)
            if rotateKey {
                let key = try daemon.rotateKey()
                print("aurad: key \(key.id) of epoch \(key.epoch): \(key.key)")
                return
            }
            if rebuild {
                print("aurad: \(try daemon.rebuild())")
                return
            }
            if migrate {
                print("aurad: \(try daemon.migrate(isDryRun: dryRun))")
                return
            }
            guard check else { return try daemon.run() }
            let diagnostics = daemon.check()
            for diagnostic in diagnostics { print(diagnostic) }
            let isGood = diagnostics.allSatisfy { $0.isWarning == true }
            guard isGood else { throw ExitCode(AuraExit.badDefinition.rawValue) }
            print("aurad: the configuration and all definitions are good")
        } catch let error as Daemon.StartError {
            StandardError.write("aurad: \(error)")
            throw ExitCode(error.status.rawValue)
        } catch let code as ExitCode {
            throw code
        } catch {
            StandardError.write("aurad: \(error)")
            throw ExitCode(AuraExit.inputOutput.rawValue)
        }
    }
}
