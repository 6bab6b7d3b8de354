#!/usr/bin/env python3
"""A canned aurad for trying aura-ctl by hand: HTTP over a unix socket, a few automata, past and planned
firings, and a run of `nightly` that goes on while it is watched.  fake_aurad.py SOCKET [SECONDS_PER_STEP]; ends when stdin does."""

import json
import os
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

PACE = float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
RUN, CHILD = "01kahsr5s0000007", "01kahsr5sg00000c"
NONE = {"microDollars": 0, "tokens": 0, "calls": 0, "wall": 0}
news = threading.Condition()
entries: list = []
stopped = False
active = True
paused = {"tidy"}


def now():
    return int(time.time() * 1000)


def run_row(run, spent, phase, activity, task=None):
    row = {
        "id": run, "automaton": "nightly", "kind": "dev-loop", "definition": "d1" * 32, "phase": phase,
        "trigger": {"order": {"by": "eve"}}, "generation": 1, "transactions": 3, "pending": [],
        "budget": {"tokens": 100000, "microDollars": 5000000}, "reserved": NONE, "day": "2026-11-21",
        "spent": {"microDollars": spent * 10, "tokens": spent, "calls": 1, "wall": spent},
        "admittedAt": START, "startedAt": START, "transactionsAtAttempt": 0, "commands": 2, "fruitlessAttempts": 0, "wrapUpSent": False, "report": "",
        "activity": activity,
    }
    if task:
        row |= {"task": {"id": task, "text": "make `calc.sh` add", "notes": []}, "kind": "task-run",
                "trigger": {"parent": {"run": RUN, "command": 2}}}
    if "finished" in phase:
        row |= {"finishedAt": now(), "report": "Landed one task.\n\x1b[31mnot red\x1b[0m"}
    return row


START = now()
runs = {RUN: run_row(RUN, 0, {"queued": {}}, "waiting for a slot")}


HOUR = 3_600_000
# Name: kind, schedule as it was written, beat of the canned firings (milliseconds), jitter, description.
OTHERS = {
    "poller": ("task-run", "every 10m", HOUR // 6, 0, "looks for new mail"),
    "report": ("task-run", "manual", 0, 0, "writes the monthly report when asked"),
    "spec-of-the-billing-service": ("dev-loop", "cron 30 */6 * * * Europe/Berlin", 6 * HOUR, 97_000, "keeps the spec"),
    "tidy": ("task-run", "cron 0 4 * * sun Europe/Berlin", 24 * HOUR, 0, "tidies the wiki"),
    "yearly": ("task-run", "cron 0 0 1 1 * UTC", 365 * 24 * HOUR, 0, "counts the years"),
}


def automaton():
    row = {"name": "nightly", "definition": "d1" * 32, "kind": "dev-loop", "isActive": active, "isLoaded": True,
           "cursor": START, "entries": len(entries)}
    status = {"row": row, "description": "lands open tasks", "schedule": "cron 0 2 * * * Europe/Berlin",
              "next": START + 7_500_000, "runs": list(runs.values()), "budget": {"tokens": 1000000},
              "today": {"automaton": "nightly", "day": "2026-11-21", "limits": {}, "reserved": NONE,
                        "spent": runs[RUN]["spent"], "runs": 1}}
    if "nightly" in paused:
        status |= {"whyNot": "paused"}
    return status if active else {key: value for key, value in status.items() if key != "next"}


def other(name):
    kind, schedule, beat, _, description = OTHERS[name]
    row = {"name": name, "definition": "e2" * 32, "kind": kind, "isActive": True, "isLoaded": True,
           "cursor": START, "entries": 4}
    if name != "yearly":
        ending = "done" if name != "tidy" else "failed-verify"
        row |= {"lastRun": CHILD, "lastOutcome": {"ending": ending, "detail": ""}, "lastFinished": START - 7 * HOUR}
    status = {"row": row, "description": description, "schedule": schedule, "runs": [], "budget": {},
              "today": {"automaton": name, "day": "2026-11-21", "limits": {}, "reserved": NONE,
                        "spent": {"microDollars": 31_000, "tokens": 900, "calls": 1, "wall": 900}, "runs": 1}}
    if name in paused:
        status |= {"whyNot": "paused"}
    if beat:
        status |= {"next": (START // beat + 1) * beat}
    return status


def status_of(name):
    return automaton() if name == "nightly" else other(name)


def occurrences(name):
    """Seven nights, newest first: started but for one skipped and one missed."""
    two = START // (24 * HOUR) * 24 * HOUR + HOUR
    rows = []
    for back in range(7):
        nominal = two - back * 24 * HOUR
        if nominal > START:
            continue
        decision, late = {"started": {"run": RUN}}, 12
        if back == 2:
            decision, late = {"missed": {"reason": "aurad was not running from 00:40 to 06:12; catch-up: none"}}, 5 * HOUR
        if back == 4:
            decision = {"skipped": {"reason": "overlap: run 000007 was still going"}}
        rows.append({"automaton": name, "nominal": nominal, "decision": decision, "decidedAt": nominal + late,
                     "sequence": 400 - 12 * back})
    return rows


def explanation(name, at):
    lines = [{"text": "the definition d1d1d1d1d1d1 was in force: cron 0 2 * * * in Europe/Berlin", "sequence": 3}]
    rows = occurrences(name)
    if at is None:
        row = rows[0]
    else:
        row = next((row for row in rows if -HOUR <= at - row["nominal"] < 4 * HOUR), None)
    if row is None:
        return {"automaton": name, "lines": lines + [
            {"text": "its schedule has no firing at that time; the nearest ones are 2026-11-20 01:00Z and 2026-11-21 01:00Z"}]}
    if "missed" in row["decision"]:
        lines += [{"text": "aurad stopped: SIGTERM", "sequence": 361},
                  {"text": "aurad started 5h32m later, epoch 3, and found that the firing had passed", "sequence": 375},
                  {"text": "its catch-up is `none`, so what passes while aurad is away is not made up for; `catch-up: "
                           "latest` would have started one run at the start of aurad", "sequence": 376}]
    elif "skipped" in row["decision"]:
        lines += [{"text": "run 000007 was still going, and its overlap-policy is `skip`", "sequence": 352}]
    else:
        lines += [{"text": "started run 00000c 12 ms after it was due", "sequence": row["sequence"]},
                  {"text": "the next firing is 2026-11-22 01:00:00Z"}]
    return {"automaton": name, "nominal": row["nominal"], "decision": row["decision"], "lines": lines}


def timeline(start, end):
    firings = []
    for name in ["nightly", *OTHERS]:
        _, _, beat, jitter, _ = OTHERS.get(name, ("", "", 24 * HOUR, 0, ""))
        if name in paused or not beat:
            continue
        first = -(-start // beat) * beat + (HOUR if name == "nightly" else 0)
        firings += [{"automaton": name, "nominal": at, "expected": at + jitter} for at in range(first, end + 1, beat)]
    return sorted(firings, key=lambda firing: firing["expected"])


def tell(about, kind, /, **fact):
    with news:
        entries.append({
            "sequence": len(entries) + 1, "at": now(), "principal": "aurad", "automaton": "nightly",
            "automatonSequence": len(entries) + 1, "run": about, "generation": 1, "previous": "0" * 64,
            "fact": {"kind": kind} | fact})
        news.notify_all()


def step(run, command, plan, transaction):
    tell(run, "commanded", basis=command, intents=[{"command": command, "plan": plan}])
    time.sleep(PACE)
    tell(run, "transacted", index=command, transaction=transaction)


def result(status, milliseconds):
    return {"exit": {"exited": {"code": status}}, "output": "", "duration": milliseconds}


def go_on():
    """The story of one run."""
    tell(RUN, "run-admitted", run={"trigger": {"order": {"by": "eve"}}, "kind": "dev-loop", "definition": "d1",
                                   "budget": {}, "day": "2026-11-21"})
    runs[RUN] = run_row(RUN, 0, {"running": {}}, "survey the repository")
    tell(RUN, "attempt-started")
    step(RUN, 1, {"step": {"request": {"survey": {}}}},
         {"stepFinished": {"command": 1, "result": result(0, 130)}})
    runs[CHILD] = run_row(CHILD, 0, {"running": {}}, "asks the model", task="T001")
    runs[RUN]["activity"] = "task T001"
    for turn in range(1, 6):
        runs[CHILD]["activity"] = "edit_file calc.sh"
        for run in (RUN, CHILD):
            runs[run]["spent"] = {"microDollars": 12800 * turn, "tokens": 1280 * turn, "calls": turn, "wall": 900 * turn}
        edit = {"tool": {"call": {"use": "u", "tool": "edit_file", "input": {"path": "calc\x1b[2J.sh"}, "images": []}}}
        step(CHILD, turn, edit, {"toolFinished": {"command": turn, "result": {
            "output": "edited", "isError": False, "isDenied": False, "place": "worker"}}})
        if stopped:
            break
    ending = "cancelled" if stopped else "done"
    outcome = {"ending": ending, "detail": "1 task landed, none left" if not stopped else "stopped by eve"}
    runs[CHILD] = run_row(CHILD, 6400, {"finished": {"outcome": outcome}}, "", task="T001")
    land = {"land": {"branch": "aura/nightly/T001", "commit": "1a2b3c4d5e6f7081", "base": "0"}}
    step(RUN, 2, {"step": {"request": land}}, {"stepFinished": {"command": 2, "result": result(0, 430)}})
    runs[RUN] = run_row(RUN, 6400, {"finished": {"outcome": outcome}}, "")
    tell(RUN, "run-finished", outcome=outcome, report="", wall=now() - START)


NAMES = {"nightly", *OTHERS}


class Control(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def address_string(self):
        return "unix"

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except BrokenPipeError:
            pass  # A watcher left.

    def fail(self, status, code, message, hint=None):
        self.answer({"code": code, "message": message, "hint": hint}, status)

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path.strip("/").split("/")[1:]:
            case ["status"]:
                self.answer({
                    "version": "0.1.0", "epoch": 3, "pid": os.getpid(), "startedAt": START, "sequence": len(entries),
                    "runsActive": 1, "runsQueued": 0, "automata": [automaton(), *map(other, OTHERS)],
                    "refused": [{"file": "broken.yaml", "line": 3, "column": 5, "message": "unknown key `buget`",
                                 "hint": "did you mean `budget`?"}],
                    "weaknesses": ["Landlock TCP rules (kernel 6.7)"]})
            case ["automata"]:
                self.answer([automaton(), *map(other, OTHERS)])
            case ["automata", name] if name in NAMES:
                self.answer(status_of(name))
            case ["automata", name, "occurrences"] if name in NAMES:
                rows = [row for row in occurrences(name) if int(query.get("from", 0)) <= row["nominal"]
                        <= int(query.get("to", 1 << 60))]
                self.answer(rows[: int(query["limit"])])
            case ["automata", name, "explain"] if name in NAMES:
                self.answer(explanation(name, int(query["at"]) if "at" in query else None))
            case ["timeline"]:
                self.answer(timeline(int(query["from"]), int(query["to"])))
            case ["runs"]:
                self.answer(list(runs.values()))
            case ["runs", run] if run in runs:
                children = [runs[CHILD]] if run == RUN and CHILD in runs else []
                self.answer({"run": runs[run], "children": children})
            case ["entries"]:
                after, end = int(query["after"]), time.monotonic() + int(query.get("wait", 0)) / 1000
                with news:
                    while len(entries) <= after and time.monotonic() < end:
                        news.wait(end - time.monotonic())
                    self.answer(entries[after:][: int(query["limit"])])
            case ["record", "verify"]:
                self.answer({"entries": len(entries), "head": "ab" * 32, "checkpoints": 0, "covered": 0})
            case _:
                self.fail(404, "not-found", f"there is no {url.path}", "aura-ctl list")

    def do_POST(self):
        global stopped, active
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match self.path.strip("/").split("/")[1:]:
            case ["automata", "nightly", "run"]:
                threading.Thread(target=go_on, daemon=True).start()
                self.answer({"changed": True, "message": f"run {RUN} admitted", "run": RUN})
            case ["automata", "nightly", "start" | "stop" | "restart" as order]:
                changed, active = active != (order != "stop"), order != "stop"
                self.answer({"changed": changed, "message": f"nightly: {order}"})
            case ["automata", name, "pause"] if name in NAMES:
                changed = name not in paused
                paused.add(name)
                self.answer({"changed": changed, "message": f"{name}: {'paused' if changed else 'already paused'}"})
            case ["automata", name, "resume"] if name in NAMES:
                changed = name in paused
                paused.discard(name)
                self.answer({"changed": changed, "message": f"{name}: {'resumed' if changed else 'not paused'}"})
            case ["automata", name, "backfill"] if name in NAMES:
                given = json.loads(body)
                count = len([row for row in occurrences(name) if given["from"] <= row["nominal"] <= given["to"]
                             and "started" not in row["decision"]])
                self.answer({"changed": count > 0, "message": f"{name}: {count} of the past firings are queued"})
            case ["runs", run, "stop"] if run in runs:
                stopped = True
                self.answer({"changed": True, "message": "stop requested", "run": run})
            case ["runs", run, "answer"] if run in runs:
                self.fail(409, "conflict", "the run asks nothing", f"aura-ctl show {run}")
            case ["definitions", "verify"]:
                given = json.loads(body)
                bad = [{"file": given["file"], "line": number, "column": line.index("buget") + 1,
                        "message": "unknown key `buget`", "hint": "did you mean `budget`?"}
                       for number, line in enumerate(given["text"].split("\n"), 1) if "buget" in line]
                self.answer(bad)
            case ["automata", "teapot", _]:
                self.answer("short and stout", 500)
            case _:
                self.fail(404, "not-found", f"there is no {self.path}", "aura-ctl list")


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self):
        return self.socket.accept()[0], ("unix", 0)


if __name__ == "__main__":
    if os.path.exists(sys.argv[1]):
        os.unlink(sys.argv[1])  # One that was killed left it.
    with Server(sys.argv[1], Control) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("ready", flush=True)
        sys.stdin.read()
    os.unlink(sys.argv[1])
