import AuraConfiguration
import AuraConfinement
import AuraJournal
package import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem
import Glibc

/// The composition root: opens everything in order, runs the turn loop, closes everything in order.
package struct Daemon {
    /// 16,384: for 256 runs with a few commands each.
    private static let descriptorsMax: UInt = 16_384

    private let settings: Settings
    private let configurationDirectory: String
    private let scripts: [String: Script]
    private let isForeground: Bool

    /// Why the daemon does not start, with the exit status that says so.
    package struct StartError: Error, CustomStringConvertible {
        package var status: AuraExit
        package var description: String

        init(_ status: AuraExit, _ description: String) {
            self.status = status
            self.description = description
        }
    }

    /// Reads the configuration at `path` and the scripts that it names.
    ///
    /// - Throws: `StartError` with every diagnostic.
    package init(configuration path: String, isForeground: Bool) throws(StartError) {
        let absolute = CagePlan.canonicalPath(path) ?? path
        let text = try Self.text(of: absolute)
        let (settings, diagnostics) = SettingsReader.read(file: absolute, text: text)
        guard var settings, diagnostics.isEmpty else {
            throw StartError(
                .badConfiguration, diagnostics.map(\.description).joined(separator: "\n"))
        }
        var scripts: [String: Script] = [:]
        for (name, reasoner) in settings.reasoners {
            guard case .scripted(let file) = reasoner.provider else { continue }
            let (script, problems) = ScriptReader.read(file: file, text: try Self.text(of: file))
            guard let script, problems.isEmpty else {
                throw StartError(
                    .badConfiguration, problems.map(\.description).joined(separator: "\n"))
            }
            scripts[name] = script
        }
        settings.libexecDirectory =
            CagePlan.canonicalPath(settings.libexecDirectory) ?? settings.libexecDirectory
        self.settings = settings
        self.scripts = scripts
        self.isForeground = isForeground
        configurationDirectory =
            absolute.split(separator: "/").dropLast().map { "/" + $0 }.joined()
    }

    /// Every diagnostic of the definitions, as `aurad --check` prints them.
    package func check() -> [Diagnostic] {
        let loader = DefinitionLoader(settings: settings)
        return loader.read().refused.flatMap(\.diagnostics) + loader.warnings()
    }

    /// Runs until a signal or a fatal error ends it.
    ///
    /// Returns after everything it started is gone.
    ///
    /// - Throws: `StartError` when it cannot start; what the turn loop throws when it cannot go on.
    package func run() throws {
        // TLS libraries write without MSG_NOSIGNAL; a peer that is gone is an error of one call.
        signal(SIGPIPE, SIG_IGN)
        MapFault.endProcess()
        // What is made here is nobody else's; the control socket is opened up on purpose, later.
        umask(0o077)
        var settings = try prepareState()
        try hardenProcess()
        // A worker takes six, and a command as many.
        raiseDescriptorLimit(to: Self.descriptorsMax)
        settings.stateDirectory =
            CagePlan.canonicalPath(settings.stateDirectory) ?? settings.stateDirectory
        let store: RecordStore
        do {
            store = try RecordStore(directory: settings.stateDirectory + "/record")
        } catch {
            throw Self.refusal(error)
        }
        let cagePath = settings.libexecDirectory + "/aura-cage"
        // After the record, which only one daemon can hold: what another one keeps is not ours.
        let cageStore = try CageStore(
            directory: settings.stateDirectory, cagePath: cagePath, for: settings.handover)
        let launcher = try Launcher(
            cagePath: cagePath, workerPath: settings.libexecDirectory + "/aura-worker",
            groups: CageGroups.claim(keeping: cageStore.groups))
        let features = try HostFeatures.probe(
            launcher, workerArguments: [WorkerMode.selfCheck.rawValue])
        let fatal = features.missing.filter(\.isFatal)
        guard fatal.isEmpty else {
            let names = fatal.map { "  \($0.feature): \($0.detail)" }.joined(separator: "\n")
            throw StartError(
                .badConfiguration, "this host cannot confine workers; missing:\n\(names)")
        }
        let signer: CheckpointSigner
        do {
            signer = try CheckpointSigner(file: Self.keyFile(settings))
        } catch {
            throw StartError(.inputOutput, "the record's key cannot be opened: \(error)")
        }
        let loop = try TurnLoop(
            settings: settings, store: store, signer: signer, launcher: launcher,
            cageStore: cageStore, scripts: scripts,
            credentials: Credentials(configurationDirectory: configurationDirectory),
            weaknesses: features.missing.map { "\($0.feature): \($0.detail)" },
            isForeground: isForeground)
        try loop.run()
    }

    /// What the unit runs after the daemon has ended, see `CageGroups.release`.
    package static func releaseGroup() { CageGroups.release() }

    /// Replaces the key that signs the record by a new one, endorsed by the old one, and answers
    /// the new public key.
    ///
    /// - Throws: `StartError` when the state directory is not there, or a daemon runs: it reads its
    /// key at start only.
    package func rotateKey() throws -> RecordKey {
        umask(0o077)
        let settings = try prepareState()
        do {
            // Holding the record keeps a daemon from starting meanwhile.
            return try withExtendedLifetime(
                RecordStore(directory: settings.stateDirectory + "/record")
            ) { _ in try CheckpointSigner.rotate(file: Self.keyFile(settings)).key }
        } catch {
            throw StartError(.inputOutput, "the record's key cannot be replaced: \(error)")
        }
    }

    /// Makes the record anew from its log: see `RecordRemaking.rebuild`.
    ///
    /// - Throws: `StartError` when a daemon runs, the log itself is damaged, or there is no room.
    package func rebuild() throws -> String {
        try remade { try $0.rebuild() }
    }

    /// Brings a record of an older format up to this one's: see `RecordRemaking.migrate`.
    ///
    /// - Throws: `StartError` when a daemon runs, the log is damaged, its format is newer, or there
    /// is no room.
    package func migrate(isDryRun: Bool) throws -> String {
        try remade { try $0.migrate(isDryRun: isDryRun) }
    }

    private func remade(_ make: (RecordRemaking) throws -> String) throws -> String {
        umask(0o077)
        let settings = try prepareState()
        do {
            return try make(RecordRemaking(record: settings.stateDirectory + "/record"))
        } catch let error as RecordError {
            throw Self.refusal(error)
        }
    }

    /// Why the record cannot be opened, and with what exit status the service manager is to know
    /// whether another try could help.
    private static func refusal(_ error: RecordError) -> StartError {
        let what = "the record cannot be opened: \(error)"
        switch error {
        case .newerFormat, .olderFormat: return StartError(.badConfiguration, what)
        case .corrupt:
            return StartError(
                .badDefinition, "\(what)\n  hint: \(RecordTrouble.State.damaged.remedy)")
        default:
            let hint = error.trouble.map { "\n  hint: \($0.remedy)" } ?? ""
            return StartError(.inputOutput, what + hint)
        }
    }

    private static func keyFile(_ settings: Settings) -> String {
        settings.stateDirectory + "/record.key"
    }

    /// Makes the state directory and gives up root, if that is what started us.
    private func prepareState() throws -> Settings {
        if mkdir(settings.stateDirectory, 0o700) != 0, errno != EEXIST {
            throw StartError(
                .inputOutput,
                "the state directory cannot be made: "
                    + "\(SystemError("mkdir", code: errno, subject: settings.stateDirectory))")
        }
        guard geteuid() == 0 else { return settings }
        guard let user = settings.user, let account = try UserDatabase.account(named: user),
            account.user != 0
        else {
            throw StartError(
                .badConfiguration,
                "aurad does not run workers as root\n"
                    + "  hint: set 'user' in aurad.yaml to a system user of its own, or start it as one"
            )
        }
        guard chown(settings.stateDirectory, account.user, account.group) == 0 else {
            throw SystemError("chown", code: errno, subject: settings.stateDirectory)
        }
        try dropPrivileges(toUser: user)
        return settings
    }

    private static func text(of path: String) throws(StartError) -> String {
        do throws(SystemError) {
            let bytes = try FileSystem.readFile(path, bytesMax: ControlServer.bodyBytesMax)
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw StartError(.badConfiguration, "\(path) cannot be read: \(error)")
        }
    }
}
