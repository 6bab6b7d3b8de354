"""Kills of aurad, one after the other, with twenty workers at work: all of them go on.

Of each command is known what became of it: it is taken over, or it had not begun and begins then.
"""
import json
import time
from collections import Counter

import work
from lab import expect, outcome, until

RUNS = 20
STEPS = 8
DEFINITION = """\
automaton: storm-{number}
kind: task-run
reasoner: main
prompt: Leave marks.
budget: {{run: {{tokens: 400_000, wall: 10m}}}}
workspace: {{repository: {repository}}}
"""
# Kills between two looks at what is left to do.
BATCH = 5


class Storm:
    """Runs with a few commands one after the other; `host` is a `Lab` or like one."""

    def __init__(self, host):
        self.host, self.taken, self.late = host, 0, 0
        turns = [work.turn(f"Step {step}.", work.run(f"echo {step} >>marks.txt; sleep 0.3"))
                 for step in range(STEPS)]
        turns += [work.turn("I look.", work.run("cat marks.txt")),
                  work.turn("Enough.", ("finish", {"status": "failed", "summary": "All left."}))]
        script = host.etc / "storm.yaml"
        script.write_text(json.dumps({"conversations": [{"turns": turns}]}))
        host.make_repository(work.FILES)
        # One run of an automaton at a time.
        self.names = [f"storm-{number}" for number in range(RUNS)]
        host.configure(work.scripted(script), {
            name: DEFINITION.format(number=number, repository=host.repository)
            for number, name in enumerate(self.names)}, runs_max=RUNS)

    def play(self, chance, wanted):
        """Rounds until `wanted` kills have hit."""
        hits = rounds = 0
        while hits < wanted:
            rounds += 1
            hits += self.round(chance, wanted - hits)
            print(f"  storm {rounds}: {hits} of {wanted} kills with {RUNS} workers, {self.taken} "
                  f"times taken over, {self.late} commands begun by a later aurad", flush=True)

    def round(self, chance, wanted):
        self.host.reset()
        self.host.start()
        runs = [self.host.json("run", name)["run"] for name in self.names]
        hits = 0
        while hits < wanted and len(self.open(runs)) > 1:
            # At any point of its start, too.
            for _ in range(min(BATCH, wanted - hits)):
                time.sleep(chance.uniform(0, 0.5))
                self.host.kill()
                self.host.start(wait=False)
                hits += 1
            until(20, "aurad answers", lambda: self.host.answers() or self.host.gone())
        until(120, "all runs are over", lambda: self.host.gone() or not self.open(runs), 0.2)
        self.entries = self.host.entries()
        for run in runs:
            self.check(run)
        self.host.ctl("record", "verify")
        self.host.stop()
        return hits

    def open(self, runs):
        rows = self.host.json("runs", "-n", "1000")
        return [row for row in rows if row["id"] in runs and not outcome(row)]

    def check(self, run):
        row = self.host.json("show", run)["run"]
        expect(outcome(row)["ending"] == "failed", f"a run ended as {outcome(row)}")
        outcomes, commands, told, is_ready = Counter(), {}, {}, False
        for entry in self.entries:
            fact = entry["fact"]
            if fact["kind"] == "daemon-started":
                # Decided before, and not taken over by this one: it begins now.
                self.late += sum(not outcomes[command] for command in commands)
            if entry.get("run") != run:
                continue
            if fact["kind"] == "taken-over":
                self.taken += 1
                self.late -= fact["taken"].get("command") in commands
            # Nothing is lost with a worker that was killed before its first word.
            is_ready = fact["kind"] in ("attempt-ready", "taken-over") or (
                is_ready and fact["kind"] != "attempt-started")
            expect(fact.get("exit") != {"orphaned": {}} or not is_ready
                   or "before the worker was started" in fact["detail"], f"{run}: a worker is lost")
            for intent in fact.get("intents", []):
                given = intent["plan"].get("tool", {}).get("call", {}).get("input", {})
                if "command" in given:
                    commands[intent["command"]] = given["command"]
            for kind, what in fact.get("transaction", {}).items():
                command = what.get("command")
                if command is None:
                    continue
                outcomes[command] += 1
                expect(kind != "interrupted" or command not in commands,
                       f"{run}: of {commands.get(command)} nobody knows what became of it")
                if command in commands:
                    told[commands[command]] = what.get("result", {}).get("output")
        wrong = {command: outcomes[command] for command in commands if outcomes[command] != 1}
        expect(not wrong, f"{run}: outcomes of commands: {wrong}")
        marks = (told.get("cat marks.txt") or "").split()
        expect(marks == [str(step) for step in range(STEPS)], f"{run}: marks {marks}, told {told}")
