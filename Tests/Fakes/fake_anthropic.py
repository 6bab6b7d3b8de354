#!/usr/bin/env python3
"""A strict stand-in for the Anthropic Messages API, over real HTTP, standard library only.

    fake_anthropic.py [--key KEY] [--port N] [--script FILE] [--behaviour NAME] [--log FILE]

Prints the port it listens on (loopback) as one line on standard output, then serves until it is
killed or its parent is gone. It refuses what the real API refuses (validate). What it answers is
chosen in this order: the script's conversation that fits the request (the JSON form of the file
that `provider: scripted` plays), the behaviour that the model is named after, --behaviour.
`--list` prints the behaviours. The log has one JSON line per request, with a SHA-256 of its body.
"""
import argparse
import hashlib
import http.server
import json
import os
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True

from anthropic_rules import Refusal, invalid, validate  # noqa: E402
from anthropic_streams import (  # noqa: E402
    CAUSES, ERRORS, STREAMS, frame, milliseconds, ok, scripted_stream, scripted_turn)

ARGS = None
SCRIPT = None
LOCK = threading.Lock()
COUNT = 0
STALL_SECONDS = 3600
BODY_BYTES_MAX = 32 << 20

# Behaviours of the connection, played by Handler.special.
SPECIAL = {"stall", "stall-mid-stream", "cut-mid-stream", "one-byte", "slow", "crlf", "malformed",
           "wrong-type", "half-close", "never-ends", "huge-line", "echo-key", "close-delimited",
           "garbage"}
BEHAVIOURS = set(STREAMS) | set(ERRORS) | SPECIAL


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "fake-anthropic", ""

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
        self.play(play, body["model"])

    def choose(self, body):
        if self.path != "/v1/messages":
            raise Refusal(404, "not_found_error", "Not found")
        if self.headers.get("x-api-key") != ARGS.key:
            raise Refusal(401, "authentication_error", "invalid x-api-key")
        if self.headers.get("anthropic-version") != "2023-06-01":
            raise invalid("anthropic-version: header is required")
        if self.headers.get_content_type() != "application/json":
            raise invalid("content-type: expected application/json")
        validate(body)
        if not body.get("stream"):
            raise invalid("this fake only streams")
        turn = scripted_turn(SCRIPT, body) if SCRIPT else None
        if turn:
            return turn
        return body["model"] if body["model"] in BEHAVIOURS else ARGS.behaviour

    def play(self, play, model):
        if isinstance(play, tuple):
            turn, index = play
            time.sleep(milliseconds(turn.get("delay", 0)) / 1000)
            if turn.get("stall"):
                time.sleep(STALL_SECONDS)
            failure = turn.get("failure")
            if failure and failure["cause"] not in CAUSES:
                return self.special(failure["cause"], model)
            if failure:
                like = ERRORS[CAUSES[failure["cause"]]]
                words = like.message if failure["cause"] == "context-overflow" else (
                    failure.get("message", like.message))
                wait = failure.get("retry-after")
                headers = [("retry-after-ms", str(milliseconds(wait)))] if wait else []
                raise Refusal(like.status, like.kind, words, headers)
            return self.stream(b"".join(map(frame, scripted_stream(turn, index, model))))
        if play in ERRORS:
            raise ERRORS[play]
        if play in SPECIAL:
            return self.special(play, model)
        return self.stream(b"".join(map(frame, STREAMS[play](model))))

    def special(self, play, model):
        good = b"".join(map(frame, ok(model)))
        if play == "stall":
            time.sleep(STALL_SECONDS)
        elif play == "garbage":
            self.wfile.write(b"I speak no HTTP.\n" * 20)
            self.close_connection = True
        elif play == "wrong-type":
            self.stream(good, kind="text/html")
        elif play == "malformed":
            self.stream(good.replace(b'"index": 0', b'"index": zero'))
        elif play == "huge-line":
            self.stream(b"data: " + b"x" * (17 << 20))
        elif play == "crlf":
            self.stream(good.replace(b"\n", b"\r\n"))
        elif play == "echo-key":
            raise invalid(f"your key is {self.headers['x-api-key']}")
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
            self.close_connection = True

    def begin(self, kind="text/event-stream; charset=utf-8", chunked=True):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("request-id", "req_fake")
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("connection", "close")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def stream(self, data, kind="text/event-stream; charset=utf-8"):
        self.begin(kind)
        if data:
            self.chunk(data)
        self.chunk(b"")

    def refuse(self, refusal):
        body = refusal.message.encode()
        if refusal.kind:
            body = json.dumps({"type": "error", "request_id": "req_fake", "error": {
                "type": refusal.kind, "message": refusal.message}}).encode()
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
                "model": known.get("model"), "messages": len(known.get("messages") or []),
                "play": play, "connection": connection}
        with open(ARGS.log, "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


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


def main():
    global ARGS, SCRIPT
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--key", default="sk-ant-fake")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script")
    parser.add_argument("--behaviour", default="ok", choices=sorted(BEHAVIOURS))
    parser.add_argument("--log")
    parser.add_argument("--list", action="store_true")
    ARGS = parser.parse_args()
    if ARGS.list:
        return print("\n".join(sorted(BEHAVIOURS)))
    if ARGS.script:
        with open(ARGS.script, encoding="utf-8") as file:
            SCRIPT = json.load(file)
    server = Server(("127.0.0.1", ARGS.port), Handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=watch_parent, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
