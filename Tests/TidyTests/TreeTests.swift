import Testing

/// What holds of the project as a whole.
@Suite struct TreeTests {
    @Test("the version that the programs tell is the changelog's")
    func version() throws {
        let files = try SourceTree.all()
        let changelog = files.first { $0.path == "debian/changelog" }?.lines.first ?? ""
        let version = try #require(changelog.split { "()".contains($0) }.dropFirst().first)
        let release = files.first { $0.path == "Sources/AuraModel/Release.swift" }?.lines ?? []
        #expect(release.contains { $0.hasSuffix("static let version = \"\(version)\"") })
    }

    /// Each target of Package.swift with the targets that it depends on.
    struct Manifest {
        var dependencies: [String: Set<String>] = [:]
        var tests: Set<String> = []

        init(_ lines: [String]) throws {
            let text = lines.map { line in
                line.trimmed.hasPrefix("//") ? "" : line
            }.joined(separator: "\n")
            guard let start = text.firstRange(of: "    targets: [") else {
                throw SourceTree.Failure(what: "no targets in Package.swift")
            }
            var strings: [String: [String]] = [:]
            for declaration in Self.calls(text[start.upperBound...]) {
                let parts = declaration.split(separator: "\"", omittingEmptySubsequences: false)
                let quoted = parts.enumerated().filter { $0.offset % 2 == 1 }
                    .map { String($0.element) }
                guard let name = quoted.first else { continue }
                strings[name] = Array(quoted.dropFirst())
                if declaration.hasPrefix("tests") { tests.insert(name) }
            }
            for (name, quoted) in strings {
                dependencies[name] = Set(quoted).intersection(strings.keys)
            }
        }

        /// The calls at the first level of an array, each up to its closing parenthesis.
        private static func calls(_ text: Substring) -> [Substring] {
            var calls: [Substring] = []
            var depth = 0
            var start = text.startIndex
            for index in text.indices {
                switch text[index] {
                case "(", "[":
                    depth += 1
                case ")":
                    depth -= 1
                    guard depth == 0 else { continue }
                    calls.append(text[start...index])
                    start = text.index(after: index)
                case "]":
                    depth -= 1
                    if depth < 0 { return calls.map(Self.bare) }
                default: continue
                }
            }
            return calls.map(Self.bare)
        }

        private static func bare(_ text: Substring) -> Substring {
            text.drop { $0.isWhitespace || $0 == "," }
        }

        /// Everything that `target` is linked with, itself included.
        func reach(_ target: String) -> Set<String> {
            var found: Set<String> = [target]
            var waiting = [target]
            while let next = waiting.popLast() {
                for name in dependencies[next] ?? [] where found.insert(name).inserted {
                    waiting.append(name)
                }
            }
            return found
        }
    }

    /// What tests alone are linked with: it stands below `Tests`.
    private static let support: Set = ["CDiskFaults"]

    private func manifest() throws -> Manifest {
        let file = try SourceTree.all().first { $0.path == "Package.swift" }
        return try Manifest(try #require(file).lines)
    }

    @Test("every target is in a program that is installed or measures one that is")
    func reachable() throws {
        let manifest = try manifest()
        let programs = ["aurad", "aura-worker", "aura-ctl", "aura-bench"]
        let used = programs.reduce(into: Set<String>()) { $0.formUnion(manifest.reach($1)) }
        let unused = Set(manifest.dependencies.keys).subtracting(used).subtracting(manifest.tests)
        #expect(unused == Self.support)
        for program in programs { #expect(manifest.dependencies[program] != nil, "\(program)") }
        #expect(manifest.reach("aura-ctl").isDisjoint(with: ["AuraDaemon", "AuraRecord"]))
        #expect(manifest.reach("aura-worker").isDisjoint(with: ["AuraDaemon", "AuraConfinement"]))
    }

    @Test("every directory of code is a target, every target has a directory, both ways imported")
    func directories() throws {
        let manifest = try manifest()
        let files = try SourceTree.all()
        for (place, known) in [
            (
                "Sources",
                Set(manifest.dependencies.keys).subtracting(manifest.tests)
                    .subtracting(Self.support)
            ),
            ("Tests", manifest.tests.union(Self.support)),
        ] {
            let code = files.filter { file in
                file.path.hasPrefix(place + "/")
                    && [".swift", ".c", ".modulemap"].contains { file.path.hasSuffix($0) }
            }
            // Built by the Makefile: one static program in C, and what attacks it in tests.
            let others: Set = ["aura-cage", "Probe"]
            #expect(Set(code.map(\.target)).subtracting(others) == known)
        }
        for file in files where file.isSwift && file.path != "Package.swift" {
            let declared = manifest.dependencies[file.target] ?? []
            let imported = Set(file.lines.compactMap(ImportTests.module))
                .intersection(manifest.dependencies.keys)
            #expect(
                imported.isSubset(of: declared), "\(file.path): Package.swift lacks a dependency")
        }
    }

    @Test("the tree names no directory of the machine it was written on")
    func paths() throws {
        // In pieces, or this file would be the one that does.
        let machine = ["/wo" + "rk/", "/tmp/" + "mini"]
        for file in try SourceTree.all() {
            for (index, line) in file.lines.enumerated() {
                for path in machine where line.contains(path) {
                    Issue.record("\(file.path):\(index + 1): \(path)")
                }
            }
        }
    }

    @Test("the tree leads to no host but those of this list")
    func hosts() throws {
        let known: Set = [
            "localhost", "127.0.0.1", "aurad", "github.com", "api.anthropic.com",
            "docs.anthropic.com", "api.openai.com", "platform.openai.com", "systemd.io",
            "www.debian.org",
            // In tests of what is refused.
            "10.0.0.1", "169.254.169.254", "user",
        ]
        let registries = ["pypi", "npmjs", "pythonhosted", "crates", "golang", "rubygems", "maven"]
        for file in try SourceTree.all() {
            for (index, line) in file.lines.enumerated() {
                for scheme in ["http" + "://", "https" + "://"] {
                    for range in line.ranges(of: scheme) {
                        let host = String(
                            line[range.upperBound...].prefix {
                                $0.isLetter || $0.isNumber || $0 == "." || $0 == "-"
                            })
                        // Reserved by RFC 2606: neither leads anywhere.
                        let isExample =
                            host == "example.com" || host.hasSuffix(".example.com")
                            || host.lowercased().hasSuffix(".test")
                        #expect(
                            host.isEmpty || isExample || known.contains(host),
                            "\(file.path):\(index + 1): \(host)")
                    }
                }
                for name in registries {
                    for end in [".org", ".com", ".io"] where line.contains(name + end) {
                        Issue.record("\(file.path):\(index + 1): \(name + end)")
                    }
                }
            }
        }
    }
}
