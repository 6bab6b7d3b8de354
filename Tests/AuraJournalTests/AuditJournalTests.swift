import AuraJournal
import AuraModel
import Glibc
import Testing

/// Entries in the journal: against fields, against the catalogue, and against a real journald.
@Suite(.timeLimit(.minutes(2)))
struct AuditJournalTests {
    @Test("every kind of entry has an id of its own and an explanation in the catalogue")
    func catalogue() throws {
        let catalogue = try text(of: "debian/aura.catalog")
        let ids = Fact.Kind.allCases.map { MessageID.of($0) }
        #expect(Set(ids).count == Fact.Kind.allCases.count)
        let sections = catalogue.components(between: "\n-- ")
        for (kind, id) in zip(Fact.Kind.allCases, ids) {
            #expect(id.utf8.count == 32 && UInt64(id.prefix(16), radix: 16) != nil, "\(kind)")
            let section = try #require(sections.first { $0.hasPrefix(id + "\n") }, "\(kind)")
            #expect(section.contains("\nSubject: "), "\(kind)")
            // A head of two lines, a blank one, and at least a line of explanation.
            #expect(section.split(separator: "\n").count > 4, "\(kind)")
        }
        #expect(sections.count == ids.count + 1)
    }

    @Test("a catalogue text names only fields that its kind has")
    func catalogueFields() throws {
        let automaton = try #require(AutomatonName("nightly"))
        let sections = try text(of: "debian/aura.catalog").components(between: "\n-- ")
        for kind in Fact.Kind.allCases {
            let entry = Samples.entry(
                1, Samples.fact(kind, automaton: automaton), automaton: automaton)
            let names = AuditFields.fields(of: entry, text: EntryText(entry)).map(\.name)
            let section = try #require(sections.first { $0.hasPrefix(MessageID.of(kind)) })
            for name in section.components(between: "@") where name.hasPrefix("AURA_") {
                #expect(names.contains(String(name)), "\(kind): \(name)")
            }
        }
    }

    @Test(
        "entries are read back from a real journald with their fields, one each, in order",
        .enabled(if: PrivateJournal.isPossible))
    func readBack() throws {
        let automaton = try #require(AutomatonName("nightly"))
        let entries = Fact.Kind.allCases.enumerated().map {
            Samples.entry(
                $0.offset + 1, Samples.fact($0.element, automaton: automaton), automaton: automaton)
        }
        let found = try PrivateJournal.with { daemon in
            var journal = AuditJournal()
            #expect(AuditJournal.isPresent)
            // A host without systemd lets ten datagrams wait: as the daemon does, try again later.
            for entry in entries { try eventually { journal.send(entry) } }
            return try daemon.entries(count: entries.count)
        }
        #expect(
            found.compactMap { $0["AURA_SEQ"]?.stringValue } == entries.map { "\($0.sequence)" })
        #expect(
            found.compactMap { $0["AURA_EVENT"]?.stringValue } == Fact.Kind.allCases.map(\.rawValue)
        )
        #expect(
            found.compactMap { $0["MESSAGE_ID"]?.stringValue }
                == Fact.Kind.allCases.map { MessageID.of($0) })
        #expect(found.allSatisfy { $0["AURA_RUN"] == .string(Samples.run.text) })
        let finished = try #require(found.first { $0["AURA_EVENT"] == .string("run-finished") })
        #expect(finished["PRIORITY"] == .string("3"))
        #expect(finished["AURA_OUTCOME"] == .string("budget"))
        #expect(finished["AURA_EXIT_STATUS"] == .string("16"))
        #expect(finished["MESSAGE"] == .string("finished after 1.5s: budget: tokens"))
        let stopped = try #require(found.first { $0["AURA_EVENT"] == .string("stop-requested") })
        #expect(stopped["PRIORITY"] == .string("5"), "text cannot add a field")
        let checkpoint = try #require(found.first { $0["AURA_EVENT"] == .string("checkpoint") })
        let signed = try #require(checkpoint["AURA_CHECKPOINT"]?.stringValue)
        #expect(CheckpointNote(signed)?.size == 12, "the journal's line is the whole note")
        let commanded = try #require(found.first { $0["AURA_EVENT"] == .string("commanded") })
        #expect(commanded["AURA_COMMAND"] == .array([.string("5"), .string("6")]))
    }

    @Test(
        "a journald that stands still makes send refuse, not wait; what was accepted is in the journal",
        .enabled(if: PrivateJournal.isPossible))
    func fullQueue() throws {
        let automaton = try #require(AutomatonName("nightly"))
        // 20,000: far above any queue of a datagram socket (net.unix.max_dgram_qlen is 10 to 512).
        let most = 20_000
        let (accepted, found) = try PrivateJournal.with { daemon in
            var journal = AuditJournal()
            var next = 1
            func send() -> Bool {
                journal.send(Samples.entry(next, .attemptStarted, automaton: automaton))
            }
            let isFirstAccepted = send()
            #expect(isFirstAccepted)
            next += 1
            daemon.signal(SIGSTOP)
            while next < most, send() { next += 1 }
            #expect(next < most, "the queue never filled")
            daemon.signal(SIGCONT)
            try eventually { send() }
            return (next, try daemon.entries(count: next))
        }
        #expect(
            found.compactMap { $0["AURA_SEQ"]?.stringValue } == (1...accepted).map { "\($0)" })
    }

    @Test("without a journald nothing is accepted", .enabled(if: !AuditJournal.isPresent))
    func absent() throws {
        var journal = AuditJournal()
        let automaton = try #require(AutomatonName("nightly"))
        let isAccepted = journal.send(Samples.entry(1, .attemptStarted, automaton: automaton))
        #expect(!isAccepted)
    }

    @Test("the line for stderr is one line with time, sequence and text")
    func plainLine() throws {
        let automaton = try #require(AutomatonName("nightly"))
        let entry = Samples.entry(
            7, Samples.fact(.stopRequested, automaton: automaton), automaton: automaton)
        #expect(
            AuditLine.text(entry)
                == "2023-11-14 22:13:20Z #7 nightly 000009 stop requested: line one\\nPRIORITY=0")
    }

    private func eventually(_ body: () -> Bool) throws {
        for _ in 0..<1000 {
            if body() { return }
            usleep(10_000)
        }
        throw PrivateJournal.Failure(what: "refused for ten seconds")
    }

    /// A file of the project, found from this source file; the sources may be reached by a link.
    private func text(of path: String) throws -> String {
        let here = try #require(realpath(#filePath, nil))
        defer { free(here) }
        let root = try #require(String(cString: here).components(between: "/Tests/").first)
        let file = try #require(fopen("\(root)/\(path)", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

extension StringProtocol where SubSequence == Substring {
    /// The parts between occurrences of `separator`.
    fileprivate func components(between separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
