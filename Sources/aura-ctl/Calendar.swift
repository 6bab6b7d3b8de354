import ArgumentParser
import AuraModel
import Glibc

/// When expressions fire: without a daemon.
struct Calendar: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Say what a schedule means, and when it fires next.",
        discussion: """
            An expression is what stands under `cron:` in a definition (crontab(5): minute, hour, day of month, month, \
            day of week; or six fields with leading seconds; or @daily and the like), with --every a span such as \
            10m, with --systemd what OnCalendar= takes. \
            `-` reads expressions from standard input, one a line; blank lines and lines that begin with # are left \
            out. No daemon is needed.

            TIME is 02:00, `yesterday 02:00`, `2026-11-20 02:00`, 2026-11-20T02:00:00Z or -2h.

            Exit status 65 when an expression has an error.

              aura-ctl calendar '30 2 * * mon-fri'
              aura-ctl calendar '0 2 * * *' --zone America/New_York --from 2026-10-30
              aura-ctl calendar -o json - < expressions
            """)

    @Argument(help: "Expressions, each in quotes; - for standard input.") var expressions: [String]
    @Option(
        help: ArgumentHelp(
            "The time zone, such as Europe/Berlin; the local one if left out.", valueName: "zone"),
        completion: .custom(Completions.zones))
    var zone: String?
    @Option(
        help: ArgumentHelp(
            "Firings from this time on; from now on if left out.", valueName: "time"))
    var from: String?
    @Option(name: [.customShort("n"), .long], help: "How many firings of each.") var count = 5
    @Flag(help: "Expressions are spans: fire every so often.") var every = false
    @Flag(help: "Expressions are systemd's, see systemd.time(7).") var systemd = false
    @Option(
        help: "Whose cron it is: \(Self.words(CronDialect.self)); as `dialect:` in a definition.")
    var dialect: CronDialect?
    @Option(
        help: "A time that the clocks skip: \(Self.words(TransitionRule.Gap.self)); as `gap:`.")
    var gap: TransitionRule.Gap?
    @Option(
        help: "A time that comes twice: \(Self.words(TransitionRule.Overlap.self)); as `overlap:`.")
    var overlap: TransitionRule.Overlap?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if every, systemd { throw ValidationError("--every and --systemd exclude each other") }
        if every || systemd, dialect != nil {
            throw ValidationError("--dialect is for cron expressions only")
        }
        if every, gap != nil || overlap != nil {
            throw ValidationError(
                "a span follows elapsed time: --gap and --overlap say nothing to it")
        }
        guard (1...CalendarAnswer.firingsMax).contains(count) else {
            throw ValidationError("-n is 1 to \(HumanText.count(CalendarAnswer.firingsMax))")
        }
    }

    func perform(_ session: Session) throws -> Int32 {
        let zone = try Zone.chosen(zone)
        let now = Clock.now()
        let from = try from.map { try TimePoint.read($0, now: now, in: zone) } ?? now
        let reading = ScheduleReading(
            form: every ? .every : systemd ? .systemd : .cron, dialect: dialect ?? .ocps,
            transitions: TransitionRule(gap: gap, overlap: overlap))
        var reader = Reader(
            session: session, reading: reading, zone: zone, from: from, count: count)
        for expression in Self.joined(expressions) {
            guard expression == "-" else {
                try reader.read(expression, line: nil)
                continue
            }
            for (index, line) in InputLines().enumerated() {
                let text = line.hasSuffix("\r") ? String(line.dropLast()) : line
                guard let first = text.first(where: { $0 != " " && $0 != "\t" }), first != "#"
                else { continue }
                try reader.read(text, line: index + 1)
            }
        }
        return (reader.hasErrors ? AuraExit.badDefinition : .success).rawValue
    }

    private static func words<Word: CaseIterable & RawRepresentable<String>>(
        _ type: Word.Type
    ) -> String {
        let words = type.allCases.map(\.rawValue)
        return words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
    }

    /// Five or six words without blanks are one expression whose quotes were forgotten.
    static func joined(_ words: [String]) -> [String] {
        let isBare = words.allSatisfy { !$0.contains(" ") && !$0.hasPrefix("@") && $0 != "-" }
        return isBare && (5...6).contains(words.count) ? [words.joined(separator: " ")] : words
    }

    /// Takes expressions one by one and prints what each gives at once.
    private struct Reader {
        let session: Session
        let reading: ScheduleReading
        let zone: Zone
        let from: Instant
        let count: Int
        var hasErrors = false
        private var hasPrinted = false

        init(
            session: Session, reading: ScheduleReading, zone: Zone, from: Instant, count: Int
        ) {
            self.session = session
            self.reading = reading
            self.zone = zone
            self.from = from
            self.count = count
        }

        /// Prints the answer for one expression; a bad one is told and counted.
        mutating func read(_ text: String, line: Int?) throws {
            do throws(TextError) {
                let schedule = try reading.read(text)
                let answer = CalendarAnswer(
                    text, schedule, zone: zone, from: from, count: count)
                show(answer)
            } catch {
                hasErrors = true
                if session.isJSON {
                    show(CalendarAnswer(text, error, zone: zone, from: from))
                } else {
                    let lines = CalendarText.lines(
                        of: error, in: text, line: line, hint: reading.hint(for: text),
                        width: Terminal.width(of: STDERR_FILENO),
                        Terminal.style(of: STDERR_FILENO))
                    Output.write(lines.map { $0 + "\n" }.joined(), to: STDERR_FILENO)
                }
            }
        }

        private mutating func show(_ answer: CalendarAnswer) {
            if session.isJSON {
                // A closed set of numbers and texts: there is nothing in it that cannot be encoded.
                if let text = try? JSON.text(answer) { Output.write(text + "\n") }
                return
            }
            let lines = CalendarText.lines(
                of: answer, width: session.width, session.style, now: Clock.now())
            Output.write((hasPrinted ? "\n" : "") + lines.map { $0 + "\n" }.joined())
            hasPrinted = true
        }
    }
}

extension CronDialect: ExpressibleByArgument {}
extension TransitionRule.Gap: ExpressibleByArgument {}
extension TransitionRule.Overlap: ExpressibleByArgument {}
