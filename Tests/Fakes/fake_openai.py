#!/usr/bin/env python3
"""A strict stand-in for OpenAI's chat completions and responses, over real HTTP.

    fake_openai.py [--key KEY] [--port N] [--script FILE] [--behaviour NAME] [--log FILE]

Answers at /v1/chat/completions and /v1/responses; all else is as fake_anthropic.py has it.
"""
import json
import sys

sys.dont_write_bytecode = True

import fake_server  # noqa: E402
from fake_server import Refusal  # noqa: E402
from openai_rules import invalid, validate_chat, validate_response  # noqa: E402
from openai_streams import (  # noqa: E402
    CHAT_STREAMS, ERRORS, RESPONSE_STREAMS, frame_chat, frame_response, scripted_chat,
    scripted_response, scripted_turn)

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"


class Handler(fake_server.Handler):
    errors = ERRORS
    paths = (CHAT, RESPONSES)
    invalid = staticmethod(invalid)
    scripted = staticmethod(scripted_turn)

    @classmethod
    def behaviours(cls):
        return set(CHAT_STREAMS) | set(RESPONSE_STREAMS) | super().behaviours()

    @property
    def streams(self):
        return CHAT_STREAMS if self.path == CHAT else RESPONSE_STREAMS

    def frame(self, event):
        return frame_chat(event) if self.path == CHAT else frame_response(event)

    def turn_events(self, turn, index, model):
        build = scripted_chat if self.path == CHAT else scripted_response
        return build(turn, index, model)

    def key(self):
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def authorize(self):
        if self.key() != self.expected_key:
            raise Refusal(401, "invalid_api_key", "Incorrect API key provided.")

    def validate(self, body):
        (validate_chat if self.path == CHAT else validate_response)(body)
        if not body.get("stream"):
            raise invalid("this fake only streams")

    @staticmethod
    def error_body(refusal):
        # What the API calls a type for some errors is a code for others.
        is_code = refusal.kind in ("invalid_api_key", "model_not_found", "insufficient_quota",
                                   "rate_limit_exceeded")
        return json.dumps({"error": {
            "message": refusal.message, "param": None,
            "type": "invalid_request_error" if is_code else refusal.kind,
            "code": refusal.kind if is_code else None}}).encode()


if __name__ == "__main__":
    fake_server.serve(Handler, __doc__.splitlines()[0], "sk-fake")
