import AuraConfiguration
import AuraModel
import AuraSupervision
import AuraSystem
import Crypto
import FoundationEssentials
import Glibc

/// Reads the definitions' directory: each file for itself, so that a broken one stops only itself.
struct DefinitionLoader: Sendable {
    let settings: Settings

    /// 20,000: twice what one host is known to bear; a larger directory is a mistake.
    static let filesMax = 20_000

    /// Everything in the directory, read now, and the rules of the zones named there and in
    /// `zonesInForce`.
    func read(zonesInForce: Set<String> = []) -> DefinitionsRead {
        let directory = settings.definitionsDirectory
        do throws(SystemError) {
            let files = try Self.files(in: directory)
            let texts = Dictionary(files.map { ($0.file, $0.text) }) { first, _ in first }
            var zones = ZoneShelf()
            let result = DefinitionDirectory.read(files)
            var read = DefinitionsRead(loaded: [], refused: [])
            var broken = Dictionary(grouping: result.diagnostics, by: \.file)
            for (file, definition) in result.definitions {
                let text = texts[file] ?? ""
                if let problem = problem(with: definition, in: file, text, &zones) {
                    broken[file, default: []].append(problem)
                } else if let loaded = load(definition, file: file, text, &zones) {
                    read.loaded.append(loaded)
                }
            }
            if files.count == Self.filesMax {
                broken[directory, default: []].append(Self.tooMany(in: directory))
            }
            read.refused = broken.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            for zone in zonesInForce { _ = zones.rules(zone) }
            read.zones = zones.all
            return read
        } catch {
            let problem = Diagnostic(
                file: directory, line: 0, column: 0, message: "cannot be read: \(error)",
                hint: "create it, or set 'definitions' in aurad.yaml")
            return DefinitionsRead(loaded: [], refused: [(directory, [problem])])
        }
    }

    /// What is doubtful in the good files of the directory, read now.
    func warnings() -> [Diagnostic] {
        let files = (try? Self.files(in: settings.definitionsDirectory)) ?? []
        let texts = Dictionary(files.map { ($0.file, $0.text) }) { first, _ in first }
        return DefinitionDirectory.read(files).definitions.flatMap { file, definition in
            ServerWarnings.of(definition, in: file, texts[file] ?? "")
        }
    }

    /// The diagnostics of one definition's text, warnings as well, as if it and the texts `besides` it stood in the
    /// directory.
    func check(file: String, text: String, besides: [String] = []) -> [Diagnostic] {
        let (definition, diagnostics) = DefinitionReader.read(file: file, text: text)
        guard let definition, diagnostics.isEmpty else { return diagnostics }
        var zones = ZoneShelf()
        if let problem = problem(with: definition, in: file, text, &zones) { return [problem] }
        let warnings = ServerWarnings.of(definition, in: file, text)
        guard definition.firing?.after != nil else { return warnings }
        let files = (try? Self.files(in: settings.definitionsDirectory)) ?? []
        let others = besides.enumerated().map { (file: "\($0.offset)", text: $0.element) }
        var leaders: [AutomatonName: AutomatonName?] = [:]
        // What is checked goes before what is there already under the same name.
        for source in [files, others, [(file, text)]] {
            for (_, other) in DefinitionDirectory.read(source).definitions {
                leaders[other.name] = .some(other.firing?.after?.automaton)
            }
        }
        guard let fault = ChainFault(of: definition.name, among: leaders) else { return warnings }
        let place = DefinitionPlace.of(Self.chainPath, in: text)
        return [
            Diagnostic(
                file: file, line: place.line, column: place.column, message: fault.message,
                hint: fault.hint)
        ]
    }

    private static let chainPath = ["schedule", "after", "automaton"]

    private static func tooMany(in directory: String) -> Diagnostic {
        Diagnostic(
            file: directory, line: 0, column: 0,
            message: "holds \(filesMax) definitions or more; further ones are not read",
            hint: "move some away")
    }

    /// What only the daemon can see to be wrong.
    private func problem(
        with definition: Definition, in file: String, _ text: String, _ zones: inout ZoneShelf
    ) -> Diagnostic? {
        func diagnostic(_ path: [String], _ message: String, hint: String) -> Diagnostic {
            let place = DefinitionPlace.of(path, in: text)
            return Diagnostic(
                file: file, line: place.line, column: place.column, message: message, hint: hint)
        }
        // A list of commands needs none.
        let named = definition.reasoners.filter { !$0.isEmpty }
        if let name = named.first(where: { settings.reasoners[$0] == nil }) {
            let known = settings.reasoners.keys.sorted().joined(separator: ", ")
            return diagnostic(
                Self.path(of: name, in: definition), "there is no reasoner '\(name)' in aurad.yaml",
                hint: known.isEmpty ? "add one under 'reasoners'" : "one of: \(known)")
        }
        if case .webhook? = definition.firing?.trigger, settings.hooks == nil {
            return diagnostic(
                ["schedule", "webhook"], "nobody could deliver: aurad.yaml has no `hooks`",
                hint: "hooks: {listen: \"127.0.0.1:9180\"} in aurad.yaml, then restart aurad")
        }
        guard let zone = zones.rules(definition.zone) else {
            return diagnostic(
                ["schedule", "zone"],
                "the zone '\(definition.zone)' is not in the system's zoneinfo",
                hint: "timedatectl list-timezones")
        }
        guard !definition.schedule.isAlwaysSkipped(in: zone) else {
            return diagnostic(
                ["schedule"],
                "`\(definition.schedule)` never fires in \(definition.zone): "
                    + "the clocks there skip every time that it names",
                hint: "aura-ctl calendar EXPRESSION --zone \(definition.zone) shows what fires when"
            )
        }
        return nil
    }

    /// Where a definition names a reasoner.
    private static func path(of reasoner: String, in definition: Definition) -> [String] {
        if definition.reasoner == reasoner { return ["reasoner"] }
        if definition.review?.reasoner == reasoner { return ["review", "reasoner"] }
        return [definition.escalate?.contains(reasoner) == true ? "escalate" : "models"]
    }

    private func load(
        _ definition: Definition, file: String, _ text: String, _ zones: inout ZoneShelf
    ) -> DefinitionsRead.Loaded? {
        guard let zone = zones.rules(definition.zone), let json = try? JSON.encode(definition)
        else { return nil }
        let digest = SHA256.hash(data: json).map { String(byte: $0) }.joined()
        var loaded = DefinitionsRead.Loaded(
            digest: digest, definition: definition, zone: zone, file: file)
        if definition.firing?.after != nil {
            let place = DefinitionPlace.of(Self.chainPath, in: text)
            (loaded.chainLine, loaded.chainColumn) = (place.line, place.column)
        }
        return loaded
    }

    private static func files(
        in directory: String
    ) throws(SystemError) -> [(file: String, text: String)] {
        guard let handle = opendir(directory) else {
            throw SystemError("opendir", code: errno, subject: directory)
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle), names.count < filesMax {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".yaml"), !name.hasPrefix(".") { names.append(name) }
        }
        var texts: [(file: String, text: String)] = []
        for name in names.sorted() {
            let path = "\(directory)/\(name)"
            let bytes = try FileSystem.readFile(path, bytesMax: ControlServer.bodyBytesMax)
            texts.append((path, String(decoding: bytes, as: UTF8.self)))
        }
        return texts
    }
}

/// The rules of zones from the system's own files, so that an upgraded tzdata is obeyed; each is
/// read once in a reading of the definitions.
struct ZoneShelf {
    private var known: [String: ZoneRules?] = [:]

    /// Those that were asked for and are there.
    var all: [String: ZoneRules] { known.compactMapValues { $0 } }

    /// The rules of the zone; nil when the system has none of that name.
    mutating func rules(_ name: String) -> ZoneRules? {
        if let rules = known[name] { return rules }
        let rules = Self.read(name)
        known.updateValue(rules, forKey: name)
        return rules
    }

    private static func read(_ name: String) -> ZoneRules? {
        // 1 MiB: the largest zone file is some 4 KB.
        guard let bytes = try? FileSystem.readFile(ZoneStamps.path(of: name), bytesMax: 1 << 20)
        else { return name == "UTC" ? .utc : nil }
        return try? ZoneRules(tzif: bytes)
    }
}

extension String {
    /// Two lower-case hexadecimal digits.
    init(byte: UInt8) {
        let digits = String(byte, radix: 16)
        self = digits.count == 1 ? "0" + digits : digits
    }
}
