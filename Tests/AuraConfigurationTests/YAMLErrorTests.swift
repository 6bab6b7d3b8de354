import AuraConfiguration
import Testing

/// What a user is told about the YAML of a file: whole texts.
@Suite struct YAMLErrorTests {
    @Test("a file that is not plain YAML says why, and where", arguments: broken)
    func says(_ broken: Broken) {
        let (value, diagnostics) = DefinitionReader.read(file: "a.yaml", text: broken.text)
        #expect(value == nil)
        broken.check(diagnostics)
    }

    private static let broken = [
        Broken(
            "a repeated key names both places",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                limits: {turns: 3, turns: 4}
                reasoner: other
                """,
            says: """
                a.yaml:6:20: error: the key `turns` stands here a second time, the first is on \
                line 6, column 10
                  hint: keep one of the two
                a.yaml:7:1: error: the key `reasoner` stands here a second time, the first is \
                on line 3, column 1
                  hint: keep one of the two
                """),
        Broken(
            "anchors, aliases and tags are refused",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget:
                  run: &all {usd: 1}
                  day: *all
                enabled: !!bool true
                """,
            says: """
                a.yaml:6:8: error: found the anchor `&all`, expected a value without one
                  hint: write the value out wherever it is needed
                a.yaml:7:8: error: found the alias `*all`, expected the value itself
                  hint: write the value out: a file here means what it shows
                a.yaml:8:10: error: found the tag `!!bool`, expected a value without one
                  hint: remove it: the key decides what a value is
                """),
        Broken(
            "a second document is refused",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                ---
                automaton: other
                """,
            says: """
                a.yaml:6:1: error: a second document begins, expected one per file
                  hint: remove the `---`, or move what follows into a file of its own
                """),
        Broken(
            "a tab does not indent",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget:
                \trun: {usd: 1}
                """,
            says: """
                a.yaml:6:1: error: not YAML: while scanning for the next token: found character \
                that cannot start any token
                  hint: indent with spaces, never with tabs; quote a text that begins with @ ` \
                or %
                """),
        Broken(
            "a colon in a text needs quotes",
            text: """
                automaton: fixer
                kind: task-run
                description: note: this
                """,
            says: """
                a.yaml:3:18: error: not YAML: mapping values are not allowed in this context
                  hint: put quotes around a text that has a colon and a blank in it
                """),
        Broken(
            "a broken bracket is found",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}
                limits: {turns: 3}
                """,
            says: """
                a.yaml:6:1: error: not YAML: while parsing a flow mapping from line 5, column \
                9: did not find expected ',' or '}'
                """),
        Broken(
            "an empty file says what it should begin with",
            text: """
                # nothing
                """,
            says: """
                a.yaml:1:1: error: the file is empty, expected a mapping
                """),
        Broken(
            "a list is no definition",
            text: """
                - automaton: fixer
                """,
            says: """
                a.yaml:1:1: error: found a list, expected a mapping that begins with \
                `automaton: NAME`
                """),
        Broken(
            "a key is a name",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                ? [a, b]
                : 1
                """,
            says: """
                a.yaml:6:3: error: found a list as a key, expected a name
                """),
        Broken(
            "a control character has its place",
            text: """
                automaton: fixer
                kind: \u{7}
                """,
            says: """
                a.yaml:2:7: error: not YAML: control characters are not allowed
                """),
        Broken(
            "a deep nest is cut",
            text: """
                a: \
                [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
                """,
            says: """
                a.yaml:1:35: error: nested more than 32 levels deep
                """),
    ]
}
