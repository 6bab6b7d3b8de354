import AuraModel
import Glibc

/// What a shell offers when an operator presses the tabulator.
///
/// Asked anew each time; where nothing can be found out, nothing is offered.
enum Completions {
    /// A second: a shell that hangs is worse than one that offers nothing.
    private static let patience = Milliseconds.seconds(1)

    /// The automata that the daemon knows.
    @Sendable static func automata(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        let client = Client(
            socket: CommonOptions.socket(in: words) ?? CommonOptions.socketOfEnvironment)
        let rows = try? client.get(
            ControlPath.automata, as: [AutomatonStatus].self, patience: patience)
        return rows?.map(\.row.name.text) ?? []
    }

    /// The newest runs, in their short form, and the automata.
    @Sendable static func targets(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        automata(words, index, prefix) + runs(words, index, prefix)
    }

    /// The newest runs, in their short form.
    @Sendable static func runs(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        let client = Client(
            socket: CommonOptions.socket(in: words) ?? CommonOptions.socketOfEnvironment)
        let rows = try? client.get(
            ControlPath.runs, [("limit", "20")], as: [RunRow].self, patience: patience)
        return rows?.map(\.id.short) ?? []
    }

    /// The zones as tzdata's own table lists them.
    @Sendable static func zones(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        guard
            let bytes = try? InputFile.read(
                "/usr/share/zoneinfo/tzdata.zi", bytesMax: zonesBytesMax)
        else { return ["UTC"] }
        // `Z NAME ...` is a zone, `L TARGET NAME` another name of one.
        let names = String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap {
            line -> String? in
            let words = line.split(separator: " ", maxSplits: 3)
            switch (words.first, words.count) {
            case ("Z", 2...): return String(words[1])
            case ("L", 3...): return String(words[2])
            default: return nil
            }
        }
        return names.filter { $0.hasPrefix(prefix) }
    }

    /// 1 MiB: tzdata.zi has about 110 KiB.
    private static let zonesBytesMax = 1 << 20
}
