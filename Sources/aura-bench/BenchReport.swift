import AuraModel
import Glibc

/// What one subcommand measured, as printed by `-o json`.
struct BenchReport: Encodable {
    var bench: String
    var machine = Machine()
    var results: [BenchResult] = []

    /// Prints the report in `format`.
    func print(_ format: OutputFormat) throws {
        switch format {
        case .json: Swift.print(try JSON.text(self))
        case .text:
            Swift.print("\(machine.cpu), \(machine.cores) cores, Linux \(machine.kernel)")
            for result in results { Swift.print(result.line) }
        }
    }
}

/// One figure beside its baseline.
///
/// `ratio` is `value` to `baseline_value`, whatever the unit.
struct BenchResult: Encodable {
    var name: String
    var value: Double
    var unit: String
    var baseline: String
    var baselineValue: Double
    var ratio: Double

    private enum CodingKeys: String, CodingKey {
        case name, value, unit, baseline
        case baselineValue = "baseline_value"
        case ratio
    }

    /// A figure and its baseline, both in `unit`.
    init(name: String, value: Double, unit: String, baseline: String, baselineValue: Double) {
        self.name = name
        self.value = Self.rounded(value, 1000)
        self.unit = unit
        self.baseline = baseline
        self.baselineValue = Self.rounded(baselineValue, 1000)
        ratio = baselineValue > 0 ? Self.rounded(value / baselineValue, 1000) : 0
    }

    var line: String {
        "\(name): \(value) \(unit); \(baseline): \(baselineValue) \(unit); ratio \(ratio)"
    }

    /// Three decimals: more would be noise.
    private static func rounded(_ value: Double, _ scale: Double) -> Double {
        (value * scale).rounded() / scale
    }
}

/// What the figures were measured on: they mean nothing elsewhere.
struct Machine: Encodable {
    var kernel: String
    var cpu: String
    var cores: Int
    var memoryMiB: Int

    private enum CodingKeys: String, CodingKey {
        case kernel, cpu, cores
        case memoryMiB = "memory_mib"
    }

    init() {
        var name = utsname()
        uname(&name)
        kernel = withUnsafeBytes(of: &name.release) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        cpu = Self.processor() ?? "unknown processor"
        cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        memoryMiB = (sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))) >> 20
    }

    /// The first `model name` of /proc/cpuinfo, see proc(5).
    private static func processor() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let file = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let count = max(0, read(file, &bytes, bytes.count))
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("model name") }),
            let colon = line.firstIndex(of: ":")
        else { return nil }
        return String(line[line.index(after: colon)...].drop { $0 == " " })
    }
}

extension Array where Element: Comparable {
    /// The middle element in order, the upper one of two; nil of an empty array.
    var median: Element? { isEmpty ? nil : sorted()[count / 2] }
}
