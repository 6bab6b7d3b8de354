#!/usr/bin/env python3
"""A canned aurad for trying aura-ctl by hand: HTTP over a unix socket, one automaton, and a run that
goes on while it is watched.  fake_aurad.py SOCKET [SECONDS_PER_STEP]; ends when stdin does."""

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


def automaton():
    row = {"name": "nightly", "definition": "d1" * 32, "kind": "dev-loop", "isActive": active, "isLoaded": True,
           "cursor": START, "entries": len(entries)}
    return {"row": row, "description": "lands open tasks", "schedule": "cron 0 2 * * * (Europe/Berlin)",
            "next": START + 7_500_000, "runs": list(runs.values()), "budget": {"tokens": 1000000},
            "today": {"automaton": "nightly", "day": "2026-11-21", "limits": {}, "reserved": NONE,
                      "spent": runs[RUN]["spent"], "runs": 1}}


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
                    "runsActive": 1, "runsQueued": 0, "automata": [automaton()],
                    "refused": [{"file": "broken.yaml", "line": 3, "column": 5, "message": "unknown key `buget`",
                                 "hint": "did you mean `budget`?"}],
                    "weaknesses": ["Landlock TCP rules (kernel 6.7)"]})
            case ["automata"]:
                self.answer([automaton()])
            case ["automata", "nightly"]:
                self.answer(automaton())
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
                self.answer({"entries": len(entries), "head": "ab" * 32})
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
    with Server(sys.argv[1], Control) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("ready", flush=True)
        sys.stdin.read()
    os.unlink(sys.argv[1])
