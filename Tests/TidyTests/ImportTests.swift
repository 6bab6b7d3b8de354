import Testing

/// What may import what: the house plan, section 3.
@Suite struct ImportTests {
    /// Each target with everything that it may import.
    ///
    /// What is not here is forbidden. Beyond the plan's table: `AuraRecord` hashes with libcrypto,
    /// for its speed; `AuraDaemon` serves HTTP with Hummingbird over NIO, whose log it silences;
    /// `aura-ctl` reads that with NIO's codec, for libcurl takes ten milliseconds to load; `aurad`
    /// parses its command line and needs a few words of the model and the system for that;
    /// `aura-bench` measures what production runs.
    static let allowed: [String: Set<String>] = [
        "AuraModel": [],
        "AuraAutomata": ["AuraModel"],
        "AuraSupervision": ["AuraModel"],
        "AuraSystem": ["AuraModel", "CLinux", "Glibc"],
        "AuraRecord": ["AuraModel", "CCrypto", "CLMDB", "Crypto", "Glibc"],
        "AuraConfinement": [
            "AuraModel", "AuraSystem", "CLinux", "CSeccomp", "Synchronization", "Glibc",
        ],
        "AuraHTTP": ["AuraModel", "CCurl", "Glibc"],
        "AuraReasoner": ["AuraModel", "AuraHTTP", "CCurl"],
        "AuraJournal": ["AuraModel", "CSystemd", "Glibc"],
        "AuraConfiguration": ["AuraModel", "CYAML"],
        "AuraTools": ["AuraModel", "AuraSystem", "Glibc"],
        "AuraDaemon": [
            "AuraModel", "AuraSupervision", "AuraSystem", "AuraRecord", "AuraConfinement",
            "AuraHTTP", "AuraReasoner", "AuraJournal", "AuraConfiguration", "Crypto", "Hummingbird",
            "HummingbirdCore", "NIOCore", "NIOHTTP1", "NIOPosix", "Logging", "FoundationEssentials",
            "Synchronization", "Glibc",
        ],
        "aurad": ["AuraDaemon", "AuraModel", "AuraSystem", "ArgumentParser", "Glibc"],
        "aura-worker": ["AuraAutomata", "AuraTools", "AuraSystem", "AuraModel", "Glibc"],
        "aura-ctl": [
            "AuraModel", "CEdit", "ArgumentParser", "Crypto", "NIOCore", "NIOEmbedded", "NIOHTTP1",
            "Glibc", "Synchronization",
        ],
        "aura-bench": [
            "AuraAutomata", "AuraSupervision",
            "AuraModel", "AuraReasoner", "AuraRecord", "AuraConfinement", "AuraSystem",
            "CBenchBaseline",
            "ArgumentParser", "FoundationEssentials", "Glibc",
        ],
    ]

    /// The module that a line imports.
    static func module(_ line: String) -> String? {
        // Further in stand other languages, in strings.
        guard line.first?.isWhitespace == false else { return nil }
        let words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
        guard let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1,
            place == 0
                || ["package", "internal", "private", "fileprivate", "public"].contains(words[0])
        else { return nil }
        // `import struct Module.Name` names the module in its second word.
        let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let named =
            kinds.contains(String(words[place + 1])) ? words.dropFirst(place + 2).first : nil
        return (named ?? words[place + 1]).split(separator: ".").first.map(String.init)
    }

    @Test("no target imports what the plan does not allow it")
    func edges() throws {
        var seen: Set<String> = []
        for file in try SourceTree.swiftSources() {
            guard let allowed = Self.allowed[file.target] else {
                Issue.record("\(file.path): the table does not know this target")
                continue
            }
            seen.insert(file.target)
            for (index, line) in file.lines.enumerated() {
                guard let module = Self.module(line) else { continue }
                #expect(allowed.contains(module), "\(file.path):\(index + 1): \(line)")
            }
        }
        #expect(seen == Set(Self.allowed.keys), "the table names what is not there")
    }

    @Test("adapters and kernels do not know each other")
    func table() {
        let kernels: Set = ["AuraAutomata", "AuraSupervision"]
        let adapters: Set = [
            "AuraSystem", "AuraRecord", "AuraConfinement", "AuraHTTP", "AuraReasoner",
            "AuraJournal", "AuraConfiguration",
        ]
        let below = ["AuraConfinement": "AuraSystem", "AuraReasoner": "AuraHTTP"]
        for kernel in kernels { #expect(Self.allowed[kernel] == ["AuraModel"]) }
        for adapter in adapters {
            let others = (Self.allowed[adapter] ?? []).intersection(adapters.union(kernels))
            #expect(others == Set([below[adapter]].compactMap(\.self)), "\(adapter)")
        }
    }

    @Test("full Foundation is nowhere")
    func foundation() throws {
        for file in try SourceTree.swiftSources() {
            let modules = Set(file.lines.compactMap(Self.module))
            #expect(!modules.contains("Foundation"), "\(file.path)")
        }
    }

    @Test("the model and the kernels read no clock and draw no chance")
    func purity() throws {
        let impure = [
            "ContinuousClock", "SuspendingClock", "SystemClock", "SystemRandomNumberGenerator",
            "Date",
        ]
        for file in try SourceTree.swiftSources()
        where ["AuraModel", "AuraAutomata", "AuraSupervision"].contains(file.target) {
            for (index, line) in file.lines.enumerated() where !line.trimmed.hasPrefix("//") {
                for word in impure where line.hasWord(word) {
                    Issue.record("\(file.path):\(index + 1): \(word)")
                }
                #expect(!line.contains(".random("), "\(file.path):\(index + 1)")
            }
        }
    }

    @Test("an import line is read in each of its forms")
    func reading() {
        #expect(Self.module("import AuraModel") == "AuraModel")
        #expect(Self.module("package import AuraModel") == "AuraModel")
        #expect(Self.module("internal import CCurl") == "CCurl")
        #expect(Self.module("@preconcurrency import Foundation") == "Foundation")
        #expect(Self.module("@testable package import A.B") == "A")
        #expect(Self.module("import struct Foundation.Data") == "Foundation")
        #expect(Self.module("let a = import") == nil)
        #expect(Self.module("    import time, datetime") == nil)
        #expect(Self.module("// to import AuraModel") == nil)
    }
}
