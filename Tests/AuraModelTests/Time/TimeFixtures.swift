import AuraModel
import FoundationEssentials
import Glibc
import Testing

/// The zones of this system.
enum SystemZones {
    /// Half an hour of daylight saving, none at all, changes by date of the moon, and two ordinary
    /// ones.
    static let names = [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
        "Africa/Casablanca", "UTC",
    ]

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try #require(FileManager.default.contents(atPath: "/usr/share/zoneinfo/" + name)))
    }

    static func rules(_ name: String) throws -> ZoneRules { try ZoneRules(tzif: bytes(name)) }

    /// `names` with their rules.
    static func named() throws -> [NamedZone] {
        try names.map { NamedZone(name: $0, rules: try rules($0)) }
    }

    /// Every name in the system's table of inhabited zones.
    static func inhabited() throws -> [String] {
        String(decoding: try bytes("zone1970.tab"), as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .map { String($0.split(separator: "\t")[2]) }
    }

    /// The instants at both sides of every change up to `year`, with their offsets, as the C
    /// library reads the zone.
    static func dump(_ name: String, through year: Int) throws -> [(at: Int, offset: Int)] {
        let pipe = try #require(popen("zdump -v -c 1800,\(year) '\(name)'", "r"))
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 {
            output += buffer[..<count]
        }
        try #require(pclose(pipe) == 0)
        // Bytes, as splitting strings takes most of the time of a test over all zones.
        return output.split(separator: 0x0A).compactMap { line in
            // Zone  Sun Mar 28 01:00:00 1976 UT = Sun Mar 28 03:00:00 1976 CEST isdst=1 gmtoff=7200
            let words = line.split(separator: 0x20)
            guard words.count == 16, let month = months.firstIndex(of: Array(words[2])),
                let date = CivilDate(
                    year: number(words[5]), month: month + 1, day: number(words[3]))
            else { return nil }
            let clock = words[4].split(separator: 0x3A).map(number)
            let time = CivilTime(date, hour: clock[0], minute: clock[1], second: clock[2])
            let offset = words[15].dropFirst("gmtoff=".utf8.count)
            return time.map { (at: $0.reading, offset: number(offset)) }
        }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ].map { Array($0.utf8) }

    private static func number(_ text: ArraySlice<UInt8>) -> Int {
        var value = 0
        for byte in text where byte != 0x2D { value = value * 10 + Int(byte) - 0x30 }
        return text.first == 0x2D ? -value : value
    }
}

/// Conformance data, which may stand beside the checkout.
enum Conformance {
    static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"

    /// `AURA_CONFORMANCE`, or the nearest `shared/conformance` beside a directory above this file.
    static let directory: String? = {
        if let given = ProcessInfo.processInfo.environment["AURA_CONFORMANCE"] { return given }
        var path = #filePath.split(separator: "/")
        while !path.isEmpty {
            path.removeLast()
            let candidate = "/" + (path + ["shared", "conformance"]).joined(separator: "/")
            if FileManager.default.fileExists(atPath: candidate) { return candidate }
        }
        return nil
    }()

    /// Absent data is a failure in CI, and elsewhere a test that says why it did not run.
    static let canRun = directory != nil || isCI
}

/// Seconds since the epoch of an RFC 3339 time without fraction.
func instant(_ text: String) throws -> Int {
    let parts = text.split { !"0123456789".contains($0) }.compactMap { Int($0) }
    try #require(parts.count == (text.hasSuffix("Z") ? 6 : 8))
    let date = try #require(CivilDate(year: parts[0], month: parts[1], day: parts[2]))
    let time = try #require(
        CivilTime(date, hour: parts[3], minute: parts[4], second: parts[5]))
    guard !text.hasSuffix("Z") else { return time.reading }
    let offset = parts[6] * 3_600 + parts[7] * 60
    return time.reading - (text.dropLast(5).hasSuffix("-") ? -offset : offset)
}
