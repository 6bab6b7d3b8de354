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

    /// 1000: more files than one host runs automatons; a larger directory is a mistake.
    static let filesMax = 1000

    /// Everything in the directory, read now, with the rules of `zones` beside those that it names.
    func read(zones: Set<String>) -> DefinitionsRead {
        var read = read()
        for name in zones { read.zones[name] = Self.zone(name) }
        return read
    }

    /// Everything in the directory, read now.
    func read() -> DefinitionsRead {
        let directory = settings.definitionsDirectory
        do throws(SystemError) {
            let texts = try Self.files(in: directory)
            let result = DefinitionDirectory.read(texts)
            var read = DefinitionsRead(loaded: [], refused: [])
            var broken = Dictionary(grouping: result.diagnostics, by: \.file)
            for (file, definition) in result.definitions {
                if let problem = problem(with: definition, in: file) {
                    broken[file, default: []].append(problem)
                } else if let loaded = load(definition, file: file) {
                    read.loaded.append(loaded)
                }
            }
            read.refused = broken.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            return read
        } catch {
            let problem = Diagnostic(
                file: directory, line: 0, column: 0, message: "cannot be read: \(error)",
                hint: "create it, or set 'definitions' in aurad.yaml")
            return DefinitionsRead(loaded: [], refused: [(directory, [problem])])
        }
    }

    /// The diagnostics of one definition's text, as if it stood in the directory.
    func check(file: String, text: String) -> [Diagnostic] {
        let (definition, diagnostics) = DefinitionReader.read(file: file, text: text)
        guard let definition, diagnostics.isEmpty else { return diagnostics }
        return problem(with: definition, in: file).map { [$0] } ?? []
    }

    /// What only the daemon can see to be wrong.
    private func problem(with definition: Definition, in file: String) -> Diagnostic? {
        // A list of commands needs none.
        let named = definition.reasoners.filter { !$0.isEmpty }
        if let name = named.first(where: { settings.reasoners[$0] == nil }) {
            let known = settings.reasoners.keys.sorted().joined(separator: ", ")
            return Diagnostic(
                file: file, line: 0, column: 0,
                message: "there is no reasoner '\(name)' in aurad.yaml",
                hint: known.isEmpty ? "add one under 'reasoners'" : "one of: \(known)")
        }
        guard Self.zone(definition.zone) != nil else {
            return Diagnostic(
                file: file, line: 0, column: 0,
                message: "the zone '\(definition.zone)' is not in the system's zoneinfo",
                hint: "timedatectl list-timezones")
        }
        return nil
    }

    private func load(_ definition: Definition, file: String) -> DefinitionsRead.Loaded? {
        guard let zone = Self.zone(definition.zone), let json = try? JSON.encode(definition)
        else { return nil }
        let digest = SHA256.hash(data: json).map { String(byte: $0) }.joined()
        return DefinitionsRead.Loaded(
            digest: digest, definition: definition, zone: zone, file: file)
    }

    /// The rules of a zone from the system's own files, so that an upgraded tzdata is obeyed.
    private static func zone(_ name: String) -> ZoneRules? {
        // 1 MiB: the largest zone file is some 4 KB.
        guard let bytes = try? FileSystem.readFile(ZoneStamps.path(of: name), bytesMax: 1 << 20)
        else { return name == "UTC" ? .utc : nil }
        return try? ZoneRules(tzif: bytes)
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

extension String {
    /// Two lower-case hexadecimal digits.
    init(byte: UInt8) {
        let digits = String(byte, radix: 16)
        self = digits.count == 1 ? "0" + digits : digits
    }
}
