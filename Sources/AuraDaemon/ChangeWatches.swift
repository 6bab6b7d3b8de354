import AuraModel
import AuraSupervision
import AuraSystem

/// Watches what automatons fire on, and looks at it when it has settled.
///
/// Looking decides: inotify(7) only says when. It is done by threads of its own; one that takes too
/// long is told as a problem of its automaton. What cannot be watched, because the kernel has no
/// watch left or the directories are too many, is looked at every minute.
final class ChangeWatches {
    /// One automaton's.
    private struct Item {
        var trigger: ChangeTrigger
        var mark: String?
        var files: [String: ChangeScan.Stamp]?
        var directories: Set<String> = []
        var problem: String?
        /// Whether the first look is still to come: it says how it is, not that it changed.
        var isNew = true
        /// When it will have settled, and since when it has not; nil: nothing happened.
        var settledAt: Int?
        var restlessSince: Int?
        /// When it is looked at because it cannot be watched.
        var pollAt: Int?
    }

    /// A look that is under way.
    private struct Look {
        var number: Int
        var round: Int
        var since: Int
    }

    private let watches: Watches
    private let wake: WakeDescriptor
    private let threads: ScanThreads
    private let changes: ChangeDescriptor?
    /// Why nothing can be watched on this host; nil when it can.
    private let refusal: String?
    private var items: [AutomatonName: Item] = [:]
    /// Those with a deadline: the others cost nothing however many they are.
    private var restless: Set<AutomatonName> = []
    private var looks: [AutomatonName: Look] = [:]
    private var lastLook = 0
    /// The kernel's number of each directory, and who wants it.
    private var numbers: [String: Int32] = [:]
    private var owners: [Int32: [AutomatonName: Set<String>]] = [:]

    /// 4096 directories of all automatons: half of the least that kernels allow a user.
    static let directoriesMax = 4096
    /// A minute: what is looked at because it cannot be watched is found by then.
    private static let pollMilliseconds = 60_000
    /// Twenty times as long as it is to settle: what never rests is looked at all the same.
    private static let restlessFactor = 20
    /// 30 s: ten thousand files take some 20 ms; what takes so long hangs.
    private static let hangMilliseconds = 30_000
    /// 3: a directory that appears while one looks is looked at too; after that it is a change.
    private static let roundsMax = 3

    /// Nothing is watched yet; `look` may take as long as it likes.
    init(
        watches: Watches,
        look: @escaping @Sendable (ChangeTrigger.Subject) -> ScanThreads.Scan = { .init($0) }
    ) throws(SystemError) {
        self.watches = watches
        wake = try WakeDescriptor()
        threads = ScanThreads(wake: wake, look: look)
        do throws(SystemError) {
            changes = try ChangeDescriptor()
            refusal = nil
        } catch {
            changes = nil
            refusal = "it is looked at every minute: \(error)"
        }
    }

    /// Begins to listen; once, before anything is watched.
    func start() throws(SystemError) {
        _ = try watches.add(wake.raw) { [unowned self] _ in
            // `due` takes what was found.
            _ = try wake.acknowledge()
            return []
        }
        guard let raw = changes?.raw else { return }
        _ = try watches.add(raw) { [unowned self] _ in
            notice()
            return []
        }
    }

    /// Watches this for the automaton from now on; nil: nothing any more.
    ///
    /// At once it is only looked at for the first time; what changed while nobody watched has to
    /// settle like everything else.
    func set(_ name: AutomatonName, _ watch: ChangeWatch?) {
        if let look = looks.removeValue(forKey: name) { threads.forget(look.number) }
        restless.remove(name)
        guard let watch else {
            items[name] = nil
            claim([], for: name)
            return
        }
        items[name] = Item(trigger: watch.trigger, mark: watch.mark)
        beginLook(at: name)
    }

    /// Takes what was found, and has looked at what has settled.
    func due() -> [Event] {
        let events = threads.takeDone().compactMap { take($0) }
        let now = SystemClock.monotonicMilliseconds()
        for name in restless.sorted() where looks[name] == nil {
            guard let item = items[name], let at = Self.deadline(of: item), at <= now else {
                continue
            }
            restless.remove(name)
            items[name]?.settledAt = nil
            items[name]?.restlessSince = nil
            beginLook(at: name)
        }
        for (name, look) in looks where look.since + Self.hangMilliseconds <= now {
            items[name]?.problem =
                "looking at it takes more than \(Self.hangMilliseconds / 1000) s: does its file "
                + "system answer?"
        }
        return events
    }

    /// When `due` has something to do, in milliseconds of the monotonic clock.
    var nextDeadline: Int? {
        let settled = restless.lazy.filter { self.looks[$0] == nil }
            .compactMap { self.items[$0].flatMap { Self.deadline(of: $0) } }
        let now = SystemClock.monotonicMilliseconds()
        let hanging = looks.values.lazy.map { $0.since + Self.hangMilliseconds }.filter { $0 > now }
        return [settled.min(), hanging.min()].compactMap { $0 }.min()
    }

    /// Whether something is being looked at.
    var isLooking: Bool { !looks.isEmpty }

    /// What is not as it should be with the automaton's watch, in a few words.
    func problem(of name: AutomatonName) -> String? { items[name]?.problem }

    private static func deadline(of item: Item) -> Int? {
        [item.settledAt, item.pollAt].compactMap { $0 }.min()
    }

    // MARK: What happens

    private func notice() {
        do throws(SystemError) {
            guard let news = try changes?.read() else { return }
            for number in news.watches { touch(number) }
            for number in news.gone {
                touch(number)
                owners[number] = nil
                numbers = numbers.filter { $0.value != number }
            }
            if news.isStale { beginAnew() }
        } catch {
            beginAnew()
        }
    }

    /// Anything may have changed, and any directory be another one: all is watched and looked at
    /// again.
    private func beginAnew() {
        for number in owners.keys { changes?.forget(number) }
        (numbers, owners) = ([:], [:])
        for name in items.keys { touch(name) }
    }

    private func touch(_ number: Int32) {
        for name in (owners[number] ?? [:]).keys { touch(name) }
    }

    private func touch(_ name: AutomatonName) {
        guard let item = items[name] else { return }
        let now = SystemClock.monotonicMilliseconds()
        let since = item.restlessSince ?? now
        let settle = item.trigger.settle.count
        restless.insert(name)
        items[name]?.restlessSince = since
        items[name]?.settledAt = min(now + settle, since + settle * Self.restlessFactor)
    }

    // MARK: Looking

    private func beginLook(at name: AutomatonName, round: Int = 1, since: Int? = nil) {
        guard let item = items[name] else { return }
        lastLook += 1
        looks[name] = Look(
            number: lastLook, round: round, since: since ?? SystemClock.monotonicMilliseconds())
        threads.begin(lastLook, item.trigger.subject)
    }

    /// What came of a look: whether it is as it was, or which event that is.
    private func take(_ done: ScanThreads.Done) -> Event? {
        guard let (name, look) = looks.first(where: { $0.value.number == done.number }),
            let item = items[name]
        else { return nil }
        looks[name] = nil
        // A directory that appeared meanwhile is watched from now on: what is in it by now counts.
        if claim(done.scan.directories, for: name), look.round < Self.roundsMax {
            beginLook(at: name, round: look.round + 1, since: look.since)
            return nil
        }
        conclude(name, done.scan.problem)
        guard let found = found(done.scan, item) else { return nil }
        items[name]?.isNew = false
        if case .paths(let scan) = done.scan { items[name]?.files = scan.files }
        guard found.mark != item.mark else { return nil }
        if item.isNew, item.mark != nil {
            // What it was before nobody here has seen.
            items[name]?.files = nil
            touch(name)
            return nil
        }
        items[name]?.mark = found.mark
        return .changed(name, found)
    }

    /// How it is now; nil when that cannot be told.
    private func found(_ scan: ScanThreads.Scan, _ item: Item) -> ChangeLook? {
        switch (scan, item.trigger.subject) {
        case (.branch(let scan), .branch(let branch, _)):
            guard scan.problem == nil else { return nil }
            return ChangeLook(
                trigger: item.trigger, mark: scan.mark,
                what: Self.move(of: branch, from: item.mark, to: scan.mark))
        case (.paths(let scan), .paths):
            let what =
                item.files.map { scan.difference(from: $0) }
                ?? "something changed while nobody watched"
            return ChangeLook(trigger: item.trigger, mark: scan.mark, what: what)
        case (.branch, _), (.paths, _): return nil
        }
    }

    private static func move(of branch: String, from old: String?, to new: String) -> String {
        let name = "branch \(branch)"
        if new == "none" { return "\(name) went" }
        guard let old, old != "none" else { return "\(name) appeared at \(new.prefix(12))" }
        return "\(name) moved from \(old.prefix(12)) to \(new.prefix(12))"
    }

    private func conclude(_ name: AutomatonName, _ problem: String?) {
        guard let item = items[name] else { return }
        let isWhole = item.directories.allSatisfy { numbers[$0] != nil }
        let late = isWhole ? nil : refusal ?? "too many directories: it is looked at every minute"
        items[name]?.problem = problem ?? late
        items[name]?.pollAt = nil
        guard items[name]?.problem != nil else { return }
        restless.insert(name)
        items[name]?.pollAt = SystemClock.monotonicMilliseconds() + Self.pollMilliseconds
    }

    /// Watches these directories for the automaton, and no others; whether one of them is new.
    @discardableResult
    private func claim(_ directories: Set<String>, for name: AutomatonName) -> Bool {
        let before = items[name]?.directories ?? []
        for number in owners.keys {
            guard let mine = owners[number]?[name] else { continue }
            let kept = mine.intersection(directories)
            guard kept != mine else { continue }
            owners[number]?[name] = kept.isEmpty ? nil : kept
            for path in mine.subtracting(kept) { release(path, number) }
        }
        items[name]?.directories = directories
        var isNew = false
        for directory in directories.sorted() {
            let known = numbers[directory]
            guard let number = known ?? watch(directory) else { continue }
            if owners[number]?[name]?.contains(directory) != true {
                owners[number, default: [:]][name, default: []].insert(directory)
                isNew = isNew || !before.contains(directory) || known == nil
            }
        }
        return isNew
    }

    private func watch(_ directory: String) -> Int32? {
        guard numbers.count < Self.directoriesMax,
            let number = try? changes?.watch(directory)
        else { return nil }
        numbers[directory] = number
        return number
    }

    /// Nobody wants `path` any more, unless somebody does.
    private func release(_ path: String, _ number: Int32) {
        let wanted = (owners[number] ?? [:]).values
        guard !wanted.contains(where: { $0.contains(path) }) else { return }
        numbers[path] = nil
        guard wanted.isEmpty else { return }
        owners[number] = nil
        changes?.forget(number)
    }
}
