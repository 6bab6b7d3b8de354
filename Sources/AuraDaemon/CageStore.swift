import AuraConfinement
import AuraJournal
import AuraModel
import AuraSupervision
import AuraSystem
import Glibc

/// Where the descriptors of cages outlive this process: the service manager's store, or a keeper of
/// our own where there is no service manager.
///
/// Both close what they have when aurad stops for good; then the cages end by themselves.
final class CageStore {
    private enum Place {
        /// Cages end with this process.
        case nowhere
        case service(ServiceStore)
        case keeper(Keeper)
    }

    private let directory: String
    private let cagePath: String
    private let span: Milliseconds
    private var place: Place
    private var held: [String: [(KeptPart, Int32)]] = [:]
    private weak var watches: Watches?
    private var watch: UInt64?

    /// What an earlier daemon has left, until it is taken.
    private var found: [KeptDescriptors] = []

    /// Kept beside the cages.
    let beginnings: Beginnings
    private static let beginningsName = "begun"

    /// Opens the store of the daemon on `directory`; cages last `span` without a daemon.
    init(directory: String, cagePath: String, for span: Milliseconds) throws(SystemError) {
        self.directory = directory
        self.cagePath = cagePath
        self.span = span
        var place = Place.nowhere
        var found: [KeptDescriptors] = []
        if let service = ServiceStore() {
            place = .service(service)
            found = Self.sorted(service.take())
        } else if span > .zero {
            for _ in 0..<Self.triesMax {
                guard let keeper = Self.openKeeper(directory, cagePath, for: span) else { continue }
                (place, found) = (.keeper(keeper.keeper), keeper.all)
                break
            }
        }
        self.place = place
        beginnings = try Self.takeBeginnings(&found)
        for kept in found { held[kept.name] = [] }
        held[Self.beginningsName] = [(.begun, beginnings.raw)]
        if beginnings.earlier == nil { hold(Self.beginningsName, [(.begun, beginnings.raw)]) }
        self.found = found.filter(Self.isWhole)
        for kept in found where !Self.isWhole(kept) { drop(kept.name) }
    }

    /// Else the daemon before was killed while it kept it, before anything could begin in it, or while
    /// it dropped it.
    private static func isWhole(_ kept: KeptDescriptors) -> Bool { kept.raw(.process) != nil }

    /// `parts` in the order in which they are given to a store that takes them one by one.
    static func inOrder(_ parts: [(KeptPart, Int32)]) -> [(KeptPart, Int32)] {
        KeptPart.allCases.reversed().flatMap { part in parts.filter { $0.0 == part } }
    }

    private static func takeBeginnings(
        _ found: inout [KeptDescriptors]
    ) throws(SystemError) -> Beginnings {
        guard let index = found.firstIndex(where: { $0.name == beginningsName }) else {
            return try Beginnings()
        }
        let kept = found.remove(at: index)
        do throws(SystemError) { return try Beginnings(adopting: kept.take(.begun)) } catch {
            StandardError.write("aurad: warning: what has begun is not known: \(error)")
            return try Beginnings()
        }
    }

    /// 2: a keeper whose time was up while we connected; then a new one.
    private static let triesMax = 2

    private static func openKeeper(
        _ directory: String, _ cagePath: String, for span: Milliseconds
    ) -> (keeper: Keeper, all: [KeptDescriptors])? {
        do throws(SystemError) {
            let keeper = try Keeper(in: directory, cagePath: cagePath, for: span)
            return (keeper, try keeper.all())
        } catch {
            StandardError.write(
                "aurad: warning: nothing goes on without this process: the keeper: \(error)")
            return nil
        }
    }

    /// `NAME.p`: one name for each descriptor, because equal ones come back in no order.
    private static func sorted(_ all: [(name: String, descriptor: Int32)]) -> [KeptDescriptors] {
        var cages: [String: KeptDescriptors] = [:]
        for (name, descriptor) in all {
            let halves = name.split(separator: ".")
            guard halves.count == 2, let part = halves[1].utf8.first.flatMap(KeptPart.init) else {
                Glibc.close(descriptor)
                continue
            }
            let cage = String(halves[0])
            let kept = cages[cage] ?? KeptDescriptors(name: cage)
            kept.add(part, adopting: descriptor)
            cages[cage] = kept
        }
        return cages.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Whether the service manager decides if this is a stop or a restart.
    var isService: Bool { if case .service = place { true } else { false } }

    /// The control groups of the cages that an earlier daemon has left.
    var groups: Set<String> { Set(found.compactMap { Cage.group(of: $0) }) }

    /// Takes over what an earlier daemon has left; what cannot be read ends.
    func take(by launcher: Launcher) -> [KeptCage] {
        defer { found = [] }
        return found.compactMap { kept in
            do {
                let cage = try launcher.adopt(kept)
                if let tag = CageTag(cage.tag) {
                    return KeptCage(cage: cage, tag: tag, descriptors: kept)
                }
                try cage.kill()
            } catch {
                StandardError.write("aurad: warning: a cage cannot be taken over: \(error)")
            }
            drop(kept.name)
            return nil
        }
    }

    /// Keeps a cage, with a spool of its output, from now on.
    func keep(_ cage: Cage, spool: OutputSpool? = nil) {
        var parts = cage.parts
        if let spool { parts.append((.spool, spool.raw)) }
        let isKnown = held.updateValue(parts, forKey: cage.name) != nil
        if !isKnown { hold(cage.name, parts) }
    }

    /// A cage that has ended, or is of no use.
    func drop(_ name: String) {
        guard held.removeValue(forKey: name) != nil else { return }
        switch place {
        case .nowhere: break
        case .service(let service):
            for part in KeptPart.allCases { service.drop(Self.name(name, part)) }
        case .keeper(let keeper): try? keeper.drop(name)
        }
    }

    /// Watches the keeper, so that another one takes its place when it is killed.
    func watch(by watches: Watches) throws {
        self.watches = watches
        guard case .keeper(let keeper) = place else { return }
        watch = try watches.add(keeper.raw) { [weak self] _ in
            try self?.replaceKeeper()
            return []
        }
    }

    private func replaceKeeper() throws {
        guard case .keeper(let keeper) = place, let watches else { return }
        if let watch { watches.remove(watch) }
        keeper.collect()
        place = .nowhere
        StandardError.write("aurad: warning: the keeper has gone; another one takes its place")
        guard let keeper = Self.openKeeper(directory, cagePath, for: span)?.keeper else { return }
        place = .keeper(keeper)
        for (name, parts) in held { hold(name, parts) }
        try watch(by: watches)
    }

    /// Lets everything go: this was no restart.
    func letGo() {
        if case .keeper(let keeper) = place {
            if let watch { watches?.remove(watch) }
            keeper.stop()
        }
        place = .nowhere
    }

    private func hold(_ name: String, _ parts: [(KeptPart, Int32)]) {
        guard !parts.isEmpty else { return }
        switch place {
        case .nowhere: break
        case .service(let service):
            for (part, descriptor) in Self.inOrder(parts) {
                guard service.keep(descriptor, as: Self.name(name, part)) else {
                    StandardError.write(
                        "aurad: warning: the service manager keeps nothing; ignoring")
                    return
                }
            }
        case .keeper(let keeper):
            do throws(SystemError) { try keeper.hold(name, parts) } catch {
                StandardError.write("aurad: warning: the keeper: \(error); ignoring")
            }
        }
    }

    private static func name(_ cage: String, _ part: KeptPart) -> String {
        cage + "." + String(decoding: [part.rawValue], as: UTF8.self)
    }
}
