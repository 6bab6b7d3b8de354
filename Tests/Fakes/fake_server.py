"""What the fake model providers share: HTTP, faults of the connection, the log, scripts.

A provider's own file subclasses Handler, says what it refuses and how its streams are framed, and
calls serve().
"""
import argparse
import gzip
import hashlib
import http.server
import json
import os
import re
import socket
import struct
import sys
import threading
import time


class Refusal(Exception):
    """An error answer: status, the API's error type, message, extra headers."""

    def __init__(self, status, kind, message, headers=()):
        super().__init__(message)
        self.status, self.kind, self.message, self.headers = status, kind, message, headers


ARGS = None
SCRIPT = None
LOCK = threading.Lock()
COUNT = 0
STALL_SECONDS = 3600
BODY_BYTES_MAX = 32 << 20

# Behaviours of the connection, played by Handler.special.
SPECIAL = {"stall", "stall-mid-stream", "cut-mid-stream", "one-byte", "slow", "crlf", "malformed",
           "wrong-type", "no-type", "half-close", "never-ends", "huge-line", "long-line", "echo-key",
           "close-delimited", "garbage", "reset", "gzip", "padded", "ping-storm", "error-in-200"}

# The first failures of a model named `NAME-then-ok-N` are NAME's, and then it answers.
FAILURES = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "fake-provider", ""

    # Of the provider's own: behaviours by name, and what its errors are called.
    streams, errors = {}, {}
    paths = ()

    def log_message(self, *ignored):
        pass

    def do_POST(self):
        try:
            self.answer()
        except Refusal as refusal:
            self.refuse(refusal)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self):
        length = int(self.headers.get("content-length", -1))
        if length < 0 or length > BODY_BYTES_MAX:
            self.close_connection = True
            raise Refusal(413, "request_too_large", "Request exceeds the maximum size")
        raw = self.rfile.read(length)
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        play, verdict = None, None
        try:
            play = self.choose(body)
        except Refusal as refusal:
            verdict = refusal
        said = play if isinstance(play, str) else "script" if play else verdict.message
        record(raw, body, said, self.client_address[1])
        if verdict:
            raise verdict
        self.play(play, body)

    def choose(self, body):
        if self.path not in self.paths:
            raise Refusal(404, "not_found_error", "Not found")
        self.authorize()
        if self.headers.get_content_type() != "application/json":
            raise self.invalid("content-type: expected application/json")
        self.validate(body)
        turn = self.scripted(SCRIPT, body) if SCRIPT else None
        if turn:
            return turn
        model = body["model"]
        match = re.fullmatch(r"(.+)-then-ok-(\d+)", model)
        if match:
            with LOCK:
                FAILURES[model] = FAILURES.get(model, 0) + 1
                return match[1] if FAILURES[model] <= int(match[2]) else "ok"
        return model if model in self.behaviours() else ARGS.behaviour

    @classmethod
    def behaviours(cls):
        named = cls.streams if isinstance(cls.streams, dict) else {}
        return set(named) | set(cls.errors) | SPECIAL

    def play(self, play, body):
        if isinstance(play, tuple):
            return self.play_turn(*play, body)
        if play in self.errors:
            raise self.errors[play]
        if play in SPECIAL:
            return self.special(play, body)
        return self.stream(self.framed(self.streams[play](body["model"])))

    def play_turn(self, turn, index, body):
        time.sleep(milliseconds(turn.get("delay", 0)) / 1000)
        if turn.get("stall"):
            time.sleep(STALL_SECONDS)
        failure = turn.get("failure")
        if failure and failure["cause"] not in CAUSES:
            return self.special(failure["cause"], body)
        if failure:
            like = self.errors[CAUSES[failure["cause"]]]
            words = like.message if failure["cause"] == "context-overflow" else (
                failure.get("message", like.message))
            wait = failure.get("retry-after")
            headers = [("retry-after-ms", str(milliseconds(wait)))] if wait else []
            raise Refusal(like.status, like.kind, words, headers)
        events = self.turn_events(turn, index, body["model"])
        if "pace" in turn:
            return self.pace(events, milliseconds(turn["pace"]) / 1000)
        return self.stream(self.framed(events))

    def pace(self, events, seconds):
        """Each event by itself, with a pause behind it."""
        self.begin()
        for event in events:
            self.chunk(self.frame(event))
            time.sleep(seconds)
        self.chunk(b"")

    def framed(self, events):
        return b"".join(self.frame(event) for event in events)

    def special(self, play, body):
        good = self.framed(self.streams["ok"](body["model"]))
        if play == "stall":
            time.sleep(STALL_SECONDS)
        elif play == "garbage":
            self.wfile.write(b"I speak no HTTP.\n" * 20)
            self.close_connection = True
        elif play == "wrong-type":
            self.stream(b"<html>Welcome</html>", kind="text/html")
        elif play == "no-type":
            self.stream(good, kind=None)
        elif play == "error-in-200":
            self.stream(self.error_body(Refusal(429, "rate_limit_error", "slow down")),
                        kind="application/json")
        elif play == "malformed":
            self.stream(good.replace(b'"index": 0', b'"index": zero'))
        elif play == "huge-line":
            self.stream(b"data: " + b"x" * (17 << 20))
        elif play == "long-line":
            self.stream(b": " + b"x" * (10 << 20) + b"\n\n" + good)
        elif play == "crlf":
            self.stream(good.replace(b"\n", b"\r\n"))
        elif play == "padded":
            self.stream(good.replace(b"}\n\n", b"}   \t \n\n"))
        elif play == "ping-storm":
            self.stream(b"".join(b": ping\n\n" * 500 + part + b"\n\n"
                                 for part in good.split(b"\n\n") if part))
        elif play == "gzip":
            self.stream(gzip.compress(good), encoding="gzip")
        elif play == "echo-key":
            raise self.invalid(f"your key is {self.key()}")
        elif play == "close-delimited":
            self.begin(chunked=False)
            self.wfile.write(good)
        elif play in ("one-byte", "slow"):
            self.begin()
            for byte in good:
                self.chunk(bytes([byte]))
                time.sleep(0.0005 if play == "slow" else 0)
            self.chunk(b"")
        else:
            self.begin()
            self.chunk(good if play == "never-ends" else good[:len(good) // 2])
            if play in ("stall-mid-stream", "never-ends"):
                time.sleep(STALL_SECONDS)
            if play == "half-close":
                self.connection.shutdown(socket.SHUT_WR)
            if play == "reset":
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            self.close_connection = True

    def begin(self, kind="text/event-stream; charset=utf-8", chunked=True, encoding=None):
        self.send_response(200)
        if kind:
            self.send_header("content-type", kind)
        if encoding:
            self.send_header("content-encoding", encoding)
        self.send_header("request-id", "req_fake")
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("connection", "close")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def stream(self, data, kind="text/event-stream; charset=utf-8", encoding=None):
        self.begin(kind, encoding=encoding)
        if data:
            self.chunk(data)
        self.chunk(b"")

    def refuse(self, refusal):
        body = self.error_body(refusal) if refusal.kind else refusal.message.encode()
        self.send_response_only(refusal.status)
        if not any(name == "date" for name, _ in refusal.headers):
            self.send_header("date", self.date_time_string())
        self.send_header("content-type", "application/json" if refusal.kind else "text/html")
        self.send_header("content-length", str(len(body)))
        for name, value in refusal.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def record(raw, body, play, connection):
    global COUNT
    with LOCK:
        COUNT += 1
        if not ARGS.log:
            return
        known = body if isinstance(body, dict) else {}
        line = {"n": COUNT, "sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw),
                "model": known.get("model"),
                "messages": len(known.get("messages") or known.get("input") or []),
                "play": play, "connection": connection}
        with open(ARGS.log, "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


# Scripts: the JSON form of the file that `provider: scripted` plays.

CAUSES = {"auth": "401", "quota": "402", "rate": "429", "overloaded": "529", "bad-request": "400",
          "context-overflow": "too-long", "network": "500", "timeout": "504", "refused": "400"}


def choose_turn(script, first, index, refuse):
    """The turn that follows `index` answers to a conversation that begins with `first`, or None."""
    for conversation in script["conversations"]:
        if conversation.get("match") and conversation["match"] not in first:
            continue
        turns = conversation["turns"]
        for place, turn in enumerate(turns):
            if turn.get("repeat") and index >= place:
                return turn, index
        if index < len(turns):
            return turns[index], index
        raise refuse(f"script has no turn {index + 1}")
    return None


def milliseconds(span):
    if isinstance(span, int):
        return span
    units = {"ms": 1, "s": 1000, "m": 60000, "h": 3600000}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)(ms|s|m|h)", span))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, address)


def watch_parent():
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def serve(handler, description, key):
    global ARGS, SCRIPT
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--key", default=key)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script")
    parser.add_argument("--behaviour", default="ok", choices=sorted(handler.behaviours()))
    parser.add_argument("--log")
    parser.add_argument("--list", action="store_true")
    ARGS = parser.parse_args()
    handler.expected_key = ARGS.key
    if ARGS.list:
        return print("\n".join(sorted(handler.behaviours())))
    if ARGS.script:
        with open(ARGS.script, encoding="utf-8") as file:
            SCRIPT = json.load(file)
    server = Server(("127.0.0.1", ARGS.port), handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=watch_parent, daemon=True).start()
    server.serve_forever()
