#!/usr/bin/env python3
"""A strict stand-in for the Anthropic Messages API, over real HTTP, standard library only.

    fake_anthropic.py [--key KEY] [--port N] [--script FILE] [--behaviour NAME] [--log FILE]

Prints the port it listens on (loopback) as one line on standard output, then serves until it is
killed or its parent is gone. It refuses what the real API refuses (validate). What it answers is
chosen in this order: the script's conversation that fits the request (the JSON form of the file
that `provider: scripted` plays), the behaviour that the model is named after, --behaviour.
`--list` prints the behaviours. The log has one JSON line per request, with a SHA-256 of its body.
"""
import json
import sys

sys.dont_write_bytecode = True

import fake_server  # noqa: E402
from anthropic_rules import invalid, validate  # noqa: E402
from anthropic_streams import (  # noqa: E402
    ERRORS, STREAMS, frame, scripted_stream, scripted_turn)
from fake_server import Refusal  # noqa: E402


class Handler(fake_server.Handler):
    streams, errors = STREAMS, ERRORS
    paths = ("/v1/messages", "/v1/messages?beta=true")
    frame = staticmethod(frame)
    invalid = staticmethod(invalid)
    scripted = staticmethod(scripted_turn)
    turn_events = staticmethod(scripted_stream)

    # What aurad sends, and what the official SDK has come to send.
    versions = ("2023-06-01", "2026-10-21")

    def key(self):
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        return self.headers.get("x-api-key") or bearer

    def authorize(self):
        if self.key() != self.expected_key:
            raise Refusal(401, "authentication_error", "invalid x-api-key")
        if self.headers.get("anthropic-version") not in self.versions:
            raise invalid("anthropic-version: header is required")

    def validate(self, body):
        validate(body)
        if not body.get("stream"):
            raise invalid("this fake only streams")

    @staticmethod
    def error_body(refusal):
        return json.dumps({"type": "error", "request_id": "req_fake", "error": {
            "type": refusal.kind, "message": refusal.message}}).encode()


if __name__ == "__main__":
    fake_server.serve(Handler, __doc__.splitlines()[0], "sk-ant-fake")
