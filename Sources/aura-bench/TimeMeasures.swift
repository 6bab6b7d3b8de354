import AuraModel
import Glibc

/// What `aura-bench time` measures.
enum TimeMeasures {
    /// Twenty expressions of every kind, each with croniter's writing of the same.
    static let expressions: [(text: String, croniter: String)] =
        [
            "* * * * *", "*/5 * * * *", "0 * * * *", "30 2 * * *", "0 0 * * *",
            "15 9-17 * * mon-fri",
            "*/10 8-18 * * 1-5", "0 6,12,18 * * *", "0 4 1 * *", "0 4 1,15 * *", "0 0 1 1 *",
            "0 12 13 * fri", "45 23 * * sat", "5 0 * 8 *", "0 22 * * 1-5", "23 0-20/2 * * *",
            "0 0 29 2 *",
        ].map { ($0, $0) } + [
            ("0 17 L * *", "0 17 L * *"), ("0 9 * * mon#1", "0 9 * * mon#1"),
            ("30 17 * * 5L", "30 17 * * L5"),
        ]

    /// 2026-11-21 00:00:00 UTC, and 2100-01-01: where a chain of firings begins and begins again.
    static let start = 1_795_219_200
    private static let end = 4_102_444_800

    /// Each expression in each zone asked for `firings` in a row; the median of five rounds.
    static func firingsPerSecond(_ zones: [ZoneRules], firings: Int) throws -> Double {
        let crons = try expressions.map { try CronExpression($0.text) }
        let clock = ContinuousClock()
        var speeds: [Double] = []
        for _ in 0..<5 {
            let began = clock.now
            var sum = 0
            for zone in zones {
                for cron in crons {
                    var last = start
                    for _ in 0..<firings {
                        let next = cron.next(after: last, in: zone) ?? end
                        sum &+= next
                        last = next < end ? next : start
                    }
                }
            }
            let span = clock.now - began
            guard sum != 0 else { throw BenchFailure("nothing fires") }
            speeds.append(Double(zones.count * crons.count * firings) / span.inSeconds)
        }
        return speeds.median ?? 0
    }

    /// The slowest proof of never, each the median of 101: by the months, by the years, and by the
    /// zone's clocks.
    static func neverMilliseconds(_ zone: ZoneRules) throws -> Double {
        let clock = ContinuousClock()
        let skipped = try CronExpression("* 2 31 3 +sun")
        let refused = ["0 0 31 2,4,6,9,11 *", "0 0 0 29 2 +sun 2001-9999/4", "0 0 30 2 *"]
        var slowest = 0.0
        for text in refused + [skipped.text] {
            let spans = try (0..<101).map { _ in
                let began = clock.now
                let isNever =
                    text == skipped.text
                    ? skipped.next(after: start, in: zone) == nil
                    : (try? CronExpression(text)) == nil
                let span = clock.now - began
                guard isNever else { throw BenchFailure("`\(text)` is not never") }
                return span.inSeconds * 1e3
            }
            slowest = max(slowest, spans.median ?? 0)
        }
        return slowest
    }
}

/// croniter of PyPI, asked for the same firings.
struct CroniterBaseline {
    let environment: String

    /// Firings of each expression in each zone: croniter is slow.
    private static let firings = 50

    /// Firings in a second, or why there is no figure.
    func measure(zones: [String]) -> Result<Double, BenchFailure> {
        let python = "\(environment)/bin/python3"
        let make =
            "test -x '\(python)' || python3 -m venv '\(environment)'; "
            + "'\(python)' -c 'import croniter' 2>/dev/null "
            + "|| '\(python)' -m pip install -q croniter >/dev/null 2>&1; "
        let texts = TimeMeasures.expressions.map { "'\($0.croniter)'" }.joined(separator: ",")
        let names = zones.map { "'\($0)'" }.joined(separator: ",")
        let program = """
            import time, datetime, zoneinfo
            from croniter import croniter
            count = 0
            began = time.perf_counter()
            for name in [\(names)]:
                start = datetime.datetime(2026, 11, 21, tzinfo=zoneinfo.ZoneInfo(name))
                for text in [\(texts)]:
                    walk = croniter(text, start)
                    for _ in range(\(Self.firings)):
                        walk.get_next(datetime.datetime)
                        count += 1
            print(count / (time.perf_counter() - began))
            """
        let command = make + "'\(python)' - 2>&1 <<'PROGRAM'\n\(program)\nPROGRAM\n"
        guard let pipe = popen(command, "r") else {
            return .failure(BenchFailure("no shell"))
        }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 {
            output += buffer[..<count]
        }
        let status = pclose(pipe)
        let text = String(decoding: output, as: UTF8.self)
        let lastLine = text.split(separator: "\n").last.map(String.init) ?? ""
        guard status == 0, let speed = Double(lastLine) else {
            return .failure(BenchFailure("no croniter and no network for it? \(lastLine)"))
        }
        return .success(speed)
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
