import AuraModel

/// Zones with rules that shift, and the definitions that a simulated world plays with.
enum SimulatedFiles {
    /// What a zone file may say, before and after an upgrade of tzdata: changes of an hour and of
    /// half of one, on both hemispheres, and none.
    static let rules: [ZoneRules] = [
        "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "<+0545>-5:45", "IST-1GMT0,M10.5.0,M3.5.0/1", "CET-1CEST,M4.1.0,M9.5.0/3",
    ].map { zone($0) ?? .utc }

    static let zones = ["Here", "There"]

    /// A TZif file of version 2 that has nothing but its footer: RFC 9636, section 3.3.
    private static func zone(_ footer: String) -> ZoneRules? {
        func header(types: UInt8, characters: UInt8) -> [UInt8] {
            Array("TZif2".utf8) + Array(repeating: 0, count: 15 + 19)
                + [types, 0, 0, 0, characters]
        }
        let type: [UInt8] = [0, 0, 0, 0, 0, 0]
        let bytes =
            header(types: 0, characters: 0) + header(types: 1, characters: 4) + type
            + Array("LMT\0".utf8) + Array("\n\(footer)\n".utf8)
        return try? ZoneRules(tzif: bytes)
    }

    /// How many editions each definition file has.
    static let editions = 5

    /// Each automaton's file in its editions: as it begins, with another prompt, another schedule,
    /// another policy, in another zone.
    static func definitions() throws -> [[Definition]] {
        try [minutely(), quarterly(), nightly(), hourly(), often(), windowed(), chained()]
    }

    private static func make(
        _ name: String, _ schedule: Schedule, other: Schedule, _ policy: FiringPolicy,
        _ otherPolicy: FiringPolicy
    ) throws -> [Definition] {
        guard let name = AutomatonName(name) else { return [] }
        let first = Definition(
            name: name, kind: .taskRun, schedule: schedule, firing: policy, zone: zones[0],
            // Runs end by their time: what follows a crash is another story than that of firings.
            reasoner: "main", budget: .init(run: BudgetLimits(wall: .seconds(65))),
            supervision: Supervision(workerAttempts: .max))
        var list = Array(repeating: first, count: editions)
        list[1].prompt = "otherwise"
        list[2].schedule = other
        list[3].firing = otherPolicy
        list[4].zone = zones[1]
        list[4].enabled = false
        return list
    }

    private static func minutely() throws -> [Definition] {
        try make(
            "minutely", .every(try Interval("1m")), other: .every(try Interval("90s")), .standard,
            FiringPolicy(catchUp: .all(most: 10), jitter: .minutes(5)))
    }

    private static func quarterly() throws -> [Definition] {
        try make(
            "quarterly", .cron(try CronExpression("*/15 * * * *")),
            other: .cron(try CronExpression("*/20 1-3 * * *")),
            FiringPolicy(overlap: .queueOne, catchUp: .latest, jitter: .minutes(2)),
            FiringPolicy(overlap: .allow(most: 2), catchUp: .latest))
    }

    private static func nightly() throws -> [Definition] {
        try make(
            "nightly", .cron(try CronExpression("30 2 * * *")),
            other: .calendar(try CalendarExpression("Mon..Fri 02:00")),
            FiringPolicy(catchUp: .all(most: 3), expect: .minutes(26 * 60)),
            FiringPolicy(catchUp: .latest, jitter: .minutes(90)))
    }

    private static func hourly() throws -> [Definition] {
        let both = TransitionRule(gap: .skip, overlap: .both)
        return try make(
            "hourly", .every(try Interval("1h")),
            other: .cron(try CronExpression("15 * * * *", transitions: both)),
            FiringPolicy(
                overlap: .allow(most: 2), catchUp: .all(most: 5), startingDeadline: .minutes(150)),
            FiringPolicy(catchUp: .all(most: 2), startingDeadline: .minutes(1)))
    }

    private static func often() throws -> [Definition] {
        try make(
            "often", .every(try Interval("10m")), other: .every(try Interval("7m")),
            FiringPolicy(overlap: .cancelOther), FiringPolicy(overlap: .queueOne))
    }

    private static func windowed() throws -> [Definition] {
        try make(
            "windowed", .cron(try CronExpression("*/20 * * * *")),
            other: .cron(try CronExpression("5,45 22-23,0-5 * * *")),
            FiringPolicy(
                overlap: .allow(most: 3), catchUp: .all(most: 4),
                window: .init(from: 22 * 60, to: 6 * 60), jitter: .minutes(10)),
            FiringPolicy(window: .init(from: 60, to: 180), jitter: .minutes(30)))
    }

    private static func chained() throws -> [Definition] {
        guard let first = AutomatonName("minutely"), let second = AutomatonName("often")
        else { return [] }
        var list = try make(
            "chained", .manual, other: .every(try Interval("3h")),
            FiringPolicy(overlap: .queueOne, after: .init(automaton: first, on: .any)),
            FiringPolicy(after: .init(automaton: second, on: .success)))
        list[2].firing = nil
        return list
    }
}
