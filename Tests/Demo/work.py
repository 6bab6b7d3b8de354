"""The demo's work: a program with a failing test, two open tasks, a model that was written down."""

AUTOMATON = "nightly-fixer"

FILES = {
    "calc.sh": """\
#!/bin/sh
# calc.sh OPERATION A B: arithmetic with whole numbers.
set -eu
case ${1-} in
    add) echo $(($2 - $3)) ;;
    sub) echo $(($2 - $3)) ;;
    *) echo "calc.sh: no operation '${1-}'" >&2; exit 64 ;;
esac
""",
    "test.sh": """\
#!/bin/sh
# Exits with 0 when every line below holds.
set -u
failed=0
check() {
    wanted=$1; shift
    found=$(sh calc.sh "$@" 2>&1)
    [ "$found" = "$wanted" ] && { echo "ok    $*"; return; }
    echo "FAIL  $*: $found instead of $wanted"; failed=1
}
check 5 add 2 3
check 4 sub 7 3
exit $failed
""",
    "tasks.md": """\
# Tasks

- [ ] T001 `sh test.sh` fails: calc.sh adds wrongly. Repair it.
      tag: fix
- [ ] T002 Teach calc.sh to multiply: `mul`, with a line in test.sh
      after: T001
      verify: test "$(sh calc.sh mul 6 7)" = 42
""",
}

DEFINITION = """\
automaton: nightly-fixer
kind: dev-loop
description: Works off tasks.md, one verified commit a task.
schedule: {{every: {every}}}
reasoner: main
prompt: Plain POSIX shell. Change no more than the task asks for.
budget:
  run: {{tokens: 400_000, usd: 4.00, wall: 10m}}
  day: {{usd: 20.00}}
  task: {{tokens: 200_000, usd: 2.00}}
workspace: {{repository: {repository}, base: main, tasks: tasks.md}}
verify:
  - {{name: tests, run: sh test.sh, timeout: 1m}}
limits: {{turns: 20, attempts: 2, command: 1m}}
"""

PRICES = "prices: {input: 3.00, output: 15.00}"


def turn(text, *tools, tokens=1500, delay=None):
    said = {"text": text, "usage": {"input": tokens, "output": 120},
            "tools": [{"name": name, "input": given} for name, given in tools]}
    return said | ({"delay": delay} if delay else {})


def read(path):
    return "read_file", {"path": path}


def edit(path, old, new):
    return "edit_file", {"path": path, "old": old, "new": new}


def run(command):
    return "run_command", {"command": command}


def finish(summary):
    return "finish", {"status": "done", "summary": summary}


def script(delay=None, mark=None):
    """What the model says; `mark` is a command of each task that leaves a line, to be counted."""
    def turns(task, *rows):
        if mark:
            rows = (("I leave my mark.", run(mark.format(task=task))), *rows)
        return {"match": f"Task {task}:", "turns": [turn(*row, delay=delay) for row in rows]}

    test = run("sh test.sh")
    return {"conversations": [
        turns(
            "T001",
            ("I look at the program and at what fails.", read("calc.sh"), test),
            ("`add` subtracts. I repair that line.",
             edit("calc.sh", "add) echo $(($2 - $3)) ;;", "add) echo $(($2 + $3)) ;;")),
            ("And run the tests again.", test),
            ("They pass.", finish("`add` subtracted; it adds now, and test.sh passes."))),
        turns(
            "T002",
            ("I read both files.", read("calc.sh"), read("test.sh")),
            ("I add the operation and a test for it.",
             edit("calc.sh", "    sub) echo $(($2 - $3)) ;;\n",
                  "    sub) echo $(($2 - $3)) ;;\n    mul) echo $(($2 * $3)) ;;\n"),
             edit("test.sh", "check 4 sub 7 3\n", "check 4 sub 7 3\ncheck 42 mul 6 7\n")),
            ("And run all tests.", test),
            ("They pass.", finish("`mul` multiplies; test.sh has a line for it and passes."))),
    ]}


def scripted(file):
    return f"  main: {{provider: scripted, file: {file}, {PRICES}}}\n"


def openai(url, model, dialect):
    """A reasoner of a provider that has a block of its own."""
    return (f"  main: {{provider: openai, model: \"{model}\"}}\n"
            f"providers:\n  openai:\n    dialect: {dialect}\n    base-url: {url}\n"
            f"    credential: anthropic-api-key\n"
            f"    models: {{\"{model}\": {{{PRICES}}}}}\n")


def anthropic(url, model):
    return (f"  main:\n    provider: anthropic\n    model: {model}\n    base-url: {url}\n"
            f"    {PRICES}\n")
