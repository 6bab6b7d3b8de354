import ArgumentParser
import AuraModel
import Glibc

/// Writes a definition to begin with.
struct New: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Write a definition to begin with.",
        discussion: """
            The definition is commented and valid as it stands, and plays the trial reasoner until you name another. \
            For a dev-loop a task list, for a spec-gen a file of requirements is written too, where there is none. \
            Nothing that exists is written over.

              aura-ctl new dev-loop fixer --repository ~/project --verify 'make test'
            """)

    @Argument(help: "chat, dev-loop, spec-gen or task-run.", completion: .list(Self.kinds))
    var kind: String
    @Argument(help: "Its name; the kind's, if left out.") var name: String?
    @Option(help: "The git repository that it works on.", completion: .directory)
    var repository: String?
    @Option(help: "The command that proves a result; found out from the repository if left out.")
    var verify: String?
    @Option(
        help: ArgumentHelp("Where the definition goes; `-` prints it.", valueName: "directory"),
        completion: .directory)
    var to: String?
    @OptionGroup var common: CommonOptions

    private static let kinds = AutomatonKind.allCases.map(\.rawValue).sorted()

    func perform(_ session: Session) throws -> Int32 {
        guard let kind = AutomatonKind(rawValue: kind) else {
            throw Failure(
                .usage, .badRequest, "there is no kind `\(SafeText.brief(self.kind))`",
                hint: "aura-ctl new \(Self.kinds.joined(separator: "|")) NAME")
        }
        let name = try Target.automaton(name ?? kind.rawValue)
        let place = try repository.map { try Checkout(path: $0) }
        var template = try DefinitionTemplate(kind)
        template.rename(to: name)
        if let place { template.use(place, verify: verify ?? place.proof) }
        if to == "-" {
            Output.write(template.text)
            return AuraExit.success.rawValue
        }
        let directory = to ?? Self.standardDirectory
        let file = "\(directory)/\(name).yaml"
        try NewFile.write(template.text, to: file)
        var written = [file]
        if let place, let (path, text) = place.material(for: kind) {
            try NewFile.write(text, to: path)
            written.append(path)
        }
        try session.show(written) {
            written.map { "wrote \(SafeText.line($0))" }
                + next(kind, name, place, file: file, material: written.dropFirst().first)
        }
        return AuraExit.success.rawValue
    }

    /// Where aurad looks, for whoever may write there; else where one stands.
    private static var standardDirectory: String {
        let installed = "/etc/aura/automata"
        return access(installed, W_OK) == 0 ? installed : "."
    }

    /// The commands with which it goes on.
    private func next(
        _ kind: AutomatonKind, _ name: AutomatonName, _ place: Checkout?, file: String,
        material: String?
    ) -> [String] {
        var lines = ["", "next:"]
        if let place, let material {
            let path = material.dropFirst(place.path.count + 1)
            lines.append(
                "  git -C \(place.path) add \(path) && git -C \(place.path) commit -m '\(path)'")
        }
        if let place {
            let git = place.gitDirectory
            lines.append(
                "  git -C \(place.path) config core.sharedRepository group && "
                    + "sudo chgrp -R aura \(git) && sudo chmod -R g+rwXs \(git)")
        }
        let copy = file.hasPrefix("/etc/") ? "" : "sudo cp \(file) /etc/aura/automata/ && "
        lines.append("  \(copy)sudo systemctl reload aurad")
        lines.append(
            kind == .chat ? "  aura-ctl chat \(name)" : "  aura-ctl run \(name) --wait")
        return lines
    }
}

/// A definition as it is installed, to be made one's own.
struct DefinitionTemplate {
    private(set) var text: String
    private let kind: AutomatonKind

    /// 64 KiB: a commented definition has a few.
    private static let bytesMax = 64 << 10

    /// The installed definition of a kind, beside this program.
    init(_ kind: AutomatonKind) throws {
        self.kind = kind
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let program = String(
            decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let directory = program.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
        let file = "\(directory)/share/aura/automata/\(kind.rawValue).yaml"
        text = String(
            decoding: try InputFile.read(file, bytesMax: Self.bytesMax), as: UTF8.self)
    }

    /// Gives it a name, also where its comments speak of it.
    mutating func rename(to name: AutomatonName) {
        text = text.replacing("automaton: \(kind.rawValue)\n", with: "automaton: \(name)\n")
        for verb in ["start", "run", "chat"] {
            text = text.replacing(
                "aura-ctl \(verb) \(kind.rawValue)", with: "aura-ctl \(verb) \(name)")
        }
        text = text.replacing("aura/\(kind.rawValue)/", with: "aura/\(name)/")
        text = text.replacing("/hooks/\(kind.rawValue)", with: "/hooks/\(name)")
        text = text.replacing("automaton: \(kind.rawValue),", with: "automaton: \(name),")
        text = text.replacing("builds-on: [\(kind.rawValue)]", with: "builds-on: [\(name)]")
    }

    /// Points it at a repository.
    mutating func use(_ place: Checkout, verify: String) {
        text = text.replacing("/srv/example.git", with: Self.quoted(place.path))
        text = text.replacing("base: main", with: "base: \(Self.quoted(place.branch))")
        text = text.replacing("- make test\n", with: "- \(Self.quoted(verify))\n")
        guard kind == .taskRun || kind == .chat else { return }
        // What stands there behind a `#` for whoever has a repository.
        text = text.replacing("# workspace:", with: "workspace:")
        text = text.replacing("# verify:\n#   -", with: "verify:\n  -")
    }

    /// A text as YAML takes it, plain where it can be.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || "/._- ".utf8.contains($0)
        }
        guard !isPlain || text.isEmpty || text.hasPrefix("-") || text.hasSuffix(" ") else {
            return text
        }
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }
}

/// A repository that somebody works in.
struct Checkout {
    let path: String
    /// Where its references are: `.git`, or the repository itself when it is bare.
    let gitDirectory: String
    let branch: String

    init(path: String) throws {
        guard let whole = realpath(path, nil) else {
            throw Failure(
                .inputOutput, .badRequest,
                "there is no \(SafeText.brief(path)): \(String(cString: strerror(errno)))",
                hint: "git init \(SafeText.brief(path))")
        }
        defer { free(whole) }
        self.path = String(cString: whole)
        let inner = self.path + "/.git"
        gitDirectory = access(inner, F_OK) == 0 ? inner : self.path
        guard
            let head = try? InputFile.read(gitDirectory + "/HEAD", bytesMax: Self.headBytesMax)
        else {
            throw Failure(
                .usage, .badRequest, "\(SafeText.brief(path)) is no git repository",
                hint: "git init \(SafeText.brief(path))")
        }
        let text = String(decoding: head, as: UTF8.self)
        let mark = "ref: refs/heads/"
        branch =
            text.hasPrefix(mark)
            ? text.dropFirst(mark.count).split(whereSeparator: \.isNewline).first.map(String.init)
                ?? "main" : "main"
    }

    /// 4 KiB: a reference's name and no more.
    private static let headBytesMax = 4096

    /// The command that most probably proves a result.
    var proof: String {
        let known = [
            ("Makefile", "make test"), ("Package.swift", "swift test"),
            ("Cargo.toml", "cargo test --offline"), ("package.json", "npm test"),
            ("go.mod", "go test ./..."), ("pyproject.toml", "python3 -m pytest"),
            ("test.sh", "sh test.sh"),
        ]
        // Proves nothing, and is the place to put something that does.
        return known.first { access("\(path)/\($0.0)", F_OK) == 0 }?.1
            ?? "true"
    }

    /// What the kind needs in the repository, where it is not there.
    func material(for kind: AutomatonKind) -> (path: String, text: String)? {
        guard gitDirectory != path else { return nil }
        let (name, text): (String, String)
        switch kind {
        case .devLoop: (name, text) = ("tasks.md", Self.tasks)
        case .specGen: (name, text) = ("requirements.md", Self.requirements)
        case .chat, .taskRun: return nil
        }
        let file = "\(path)/\(name)"
        return access(file, F_OK) == 0 ? nil : (file, text)
    }

    private static let tasks = """
        # Tasks

        A line with a box and an id is a task; indented lines below it say more.

        - [ ] T001 Write a note into aura-was-here.md
              verify: test -s aura-was-here.md

        """

    private static let requirements = """
        # Requirements

        Whoever looks at this repository can see that a run was here.

        """
}

/// Files that are not there yet.
enum NewFile {
    /// Writes a file that must not exist.
    static func write(_ text: String, to path: String) throws {
        func failed() -> Failure {
            let isThere = errno == EEXIST
            return Failure(
                .inputOutput, .badRequest,
                "cannot write \(SafeText.brief(path)): \(String(cString: strerror(errno)))",
                hint: isThere
                    ? "choose another name, or another directory with --to" : "use --to DIRECTORY")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failed() }
        defer { close(descriptor) }
        Output.write(text, to: descriptor)
    }
}
