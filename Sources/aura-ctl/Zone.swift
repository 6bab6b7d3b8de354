import AuraModel
import Glibc

/// A time zone with its name, read from the system's own files: an upgraded tzdata is obeyed at
/// once.
struct Zone {
    var name: String
    var rules: ZoneRules

    static let utc = Zone(name: "UTC", rules: .utc)

    /// Where the zones are: tzset(3) honours TZDIR, and so does this.
    private static var directory: String { Environment.value("TZDIR") ?? "/usr/share/zoneinfo" }

    /// The zone that the operator names.
    static func named(_ name: String) throws -> Self {
        // A name is never a way out of the directory.
        let isName = name.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "_+-/".contains($0))
        }
        guard isName, !name.isEmpty, !name.hasPrefix("/") else { throw unknown(name) }
        do {
            return Zone(name: name, rules: try rules(at: "\(directory)/\(name)"))
        } catch is Failure {
            if name == "UTC" { return .utc }
            throw unknown(name)
        }
    }

    /// The zone of this process: TZ, else /etc/localtime, else universal time, as tzset(3) has it.
    static func local() -> Self {
        if let text = Environment.value("TZ") {
            let name = text.hasPrefix(":") ? String(text.dropFirst()) : text
            if let zone = try? named(name) { return zone }
            if name.hasPrefix("/"), let rules = try? rules(at: name) {
                return Zone(name: name, rules: rules)
            }
            // A rule such as `CET-1CEST`: the C library knows it; today's offset is what is left of it here.
            return Zone(
                name: name, rules: ZoneRules(fixedOffset: Clock.localOffset(at: Clock.now())))
        }
        guard let rules = try? rules(at: localtime) else { return .utc }
        return Zone(name: linkedName() ?? "local time", rules: rules)
    }

    /// The zone that an option names, or the local one.
    static func chosen(_ name: String?) throws -> Self { try name.map { try named($0) } ?? local() }

    private static let localtime = "/etc/localtime"

    /// `Europe/Berlin`, where /etc/localtime is a link into the zones.
    private static func linkedName() -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(localtime, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let target = String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let parts = target.split(separator: "/")
        guard let root = parts.lastIndex(of: "zoneinfo"), root + 1 < parts.count else { return nil }
        return parts[(root + 1)...].joined(separator: "/")
    }

    private static func rules(at path: String) throws -> ZoneRules {
        let bytes = try InputFile.read(path, bytesMax: ZoneRules.fileBytesMax)
        do {
            return try ZoneRules(tzif: bytes)
        } catch {
            throw Failure(.inputOutput, .badRequest, "\(path) is no time zone: \(error)")
        }
    }

    private static func unknown(_ name: String) -> Failure {
        Failure(
            .usage, .badRequest,
            "there is no time zone `\(SafeText.brief(name, max: 60))` in \(directory)",
            hint: "timedatectl list-timezones")
    }
}
