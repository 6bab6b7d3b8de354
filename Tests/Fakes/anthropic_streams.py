"""What the fake Messages API answers: streams and errors by name, and turns of a script."""
import json

from anthropic_rules import invalid
from fake_server import Refusal, choose_turn


def usage(**given):
    whole = {"input_tokens": 11, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    whole.update(given)
    return whole


def start_event(model, used):
    message = {"id": "msg_fake", "type": "message", "role": "assistant", "content": [],
               "model": model, "stop_reason": None, "stop_sequence": None,
               "usage": dict(used, output_tokens=1)}
    return {"type": "message_start", "message": message}


def block_events(index, block):
    """A block as the API streams it: opened empty, filled by pieces, closed."""
    kind = block["type"]
    empty = dict(block)
    deltas = []
    if kind == "text":
        empty["text"] = ""
        text = block["text"]
        cuts = [text[at:at + 7] for at in range(0, len(text), 7)]
        deltas = [{"type": "text_delta", "text": piece} for piece in cuts]
    elif kind == "thinking":
        empty.update(thinking="", signature="")
        deltas = [{"type": "thinking_delta", "thinking": block["thinking"]},
                  {"type": "signature_delta", "signature": block["signature"]}]
    elif kind == "tool_use":
        empty["input"] = {}
        text = json.dumps(block["input"]) if block["input"] != {} else ""
        cuts = [""] + [text[at:at + 5] for at in range(0, len(text), 5)]
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in cuts]
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def whole(model, blocks, stop, used=None, output=6):
    yield start_event(model, used or usage())
    for index, block in enumerate(blocks):
        yield from block_events(index, block)
        if index == 0:
            yield {"type": "ping"}
    yield {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None},
           "usage": {"output_tokens": output}}
    yield {"type": "message_stop"}


def frame(event):
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def text(words):
    return {"type": "text", "text": words}


def tool(number, name, given):
    return {"type": "tool_use", "id": f"toolu_fake_{number}", "name": name, "input": given}


HELLO = "Hello there, wörld! \U0001f30d"


def ok(model):
    return whole(model, [text(HELLO)], "end_turn")


def tools(model):
    return whole(model, [text("Both."), tool(1, "read_file", {"path": "a"}), tool(2, "list", {})],
                 "tool_use")


def thinking(model):
    return whole(model, [{"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                         {"type": "redacted_thinking", "data": "ZGF0YQ=="}, text("So.")],
                 "end_turn")


def cut_tool(model):
    """`max_tokens` inside a tool's input: the block never closes."""
    events = list(whole(model, [text("I write."), tool(1, "write_file", {"text": "long, long"})],
                        "max_tokens"))
    del events[-5:-2]
    return events


def bad_tool(model):
    events = list(whole(model, [tool(1, "read_file", {"path": "a"})], "tool_use"))
    return events[:-5] + events[-3:]


def without(kind):
    return lambda model: [event for event in ok(model) if event["type"] != kind]


def no_usage(model):
    events = list(ok(model))
    del events[0]["message"]["usage"]
    del events[-2]["usage"]
    return events


def unknown(model):
    events = list(ok(model))
    events.insert(2, {"type": "content_block_sparkle", "index": 0, "colour": [1]})
    events[1]["content_block"]["citations"] = None
    return events


def error_late(model):
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    return list(ok(model))[:4] + [error]


def error_in_tool(model):
    events = list(whole(model, [tool(1, "read_file", {"path": "a"})], "tool_use"))
    error = {"type": "error", "error": {"type": "api_error", "message": "Internal"}}
    return events[:4] + [error]


def two_starts(model):
    events = list(ok(model))
    return events[:1] + events


def index_gap(model):
    return [dict(event, index=1) if event.get("index") == 0 else event for event in ok(model)]


def shrinking_usage(model):
    events = list(ok(model))
    less = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 2}}
    return events[:-1] + [less] + events[-1:]


def huge_usage(model):
    return whole(model, [text("So.")], "end_turn", output=9_000_000_000_000)


def cached(model):
    used = usage(cache_creation_input_tokens=300, cache_read_input_tokens=700)
    return whole(model, [text("So.")], "end_turn", used)


def stopping(reason):
    return lambda model: whole(model, [text("So.")], reason)


# Behaviours that are a list of events, sent whole.
STREAMS = {
    "ok": ok, "tools": tools, "thinking": thinking, "cut-tool": cut_tool, "bad-tool": bad_tool,
    "no-stop": without("message_stop"), "no-usage": no_usage, "unknown-event": unknown,
    "error-after-200": error_late, "refusal": stopping("refusal"), "pause": stopping("pause_turn"),
    "max-tokens": stopping("max_tokens"), "context-full": stopping("model_context_window_exceeded"),
    "empty": lambda model: [], "error-in-tool": error_in_tool, "two-starts": two_starts,
    "index-gap": index_gap, "shrinking-usage": shrinking_usage, "huge-usage": huge_usage,
    "cached": cached,
}

# Behaviours that are an error instead of a stream.
ERRORS = {
    "400": invalid("messages: something is wrong"),
    "too-long": invalid("prompt is too long: 210000 tokens > 200000 maximum"),
    "no-credit": invalid("Your credit balance is too low to access the Anthropic API."),
    "401": Refusal(401, "authentication_error", "invalid x-api-key"),
    "402": Refusal(402, "billing_error", "there is a problem with billing"),
    "403": Refusal(403, "permission_error", "not allowed"),
    "404": Refusal(404, "not_found_error", "model: nonesuch"),
    "413": Refusal(413, "request_too_large", "Request exceeds the maximum size"),
    "429": Refusal(429, "rate_limit_error", "slow down", [("retry-after", "7")]),
    "429-ms": Refusal(429, "rate_limit_error", "slow down",
                      [("retry-after-ms", "1500"), ("retry-after", "2")]),
    "429-date": Refusal(429, "rate_limit_error", "slow down",
                        [("date", "Wed, 21 Oct 2026 07:28:00 GMT"),
                         ("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT")]),
    "429-absurd": Refusal(429, "rate_limit_error", "slow down", [("retry-after", "1e300")]),
    "429-negative": Refusal(429, "rate_limit_error", "slow down", [("retry-after", "-5")]),
    "400-retry": Refusal(400, "invalid_request_error", "not now", [("x-should-retry", "true")]),
    "500-final": Refusal(500, "api_error", "never", [("x-should-retry", "false")]),
    "500": Refusal(500, "api_error", "internal"),
    "503": Refusal(503, None, "<html>upstream is away</html>"),
    "504": Refusal(504, "timeout_error", "took too long"),
    "529": Refusal(529, "overloaded_error", "Overloaded"),
    "redirect": Refusal(302, None, "", [("location", "http://127.0.0.1:1/v1/messages")]),
}


def opening(body):
    for message in body["messages"]:
        if message["role"] == "user":
            content = message["content"]
            if isinstance(content, str):
                return content
            return "\n".join(block["text"] for block in content if block["type"] == "text")
    return ""


def scripted_turn(script, body):
    """The turn that answers `body` and its index, as AuraModel's Script chooses it, or None."""
    index = sum(message["role"] == "assistant" for message in body["messages"])
    return choose_turn(script, opening(body), index, invalid)


STOPS = {"end-turn": "end_turn", "tool-use": "tool_use", "tokens-max": "max_tokens",
         "stop-sequence": "stop_sequence", "pause": "pause_turn", "refusal": "refusal",
         "context-overflow": "model_context_window_exceeded"}


def scripted_stream(turn, index, model):
    blocks = [text(turn["text"])] if turn.get("text") else []
    for number, call in enumerate(turn.get("tools", [])):
        blocks.append({"type": "tool_use", "id": f"toolu_script_{index + 1}_{number + 1}",
                       "name": call["name"], "input": call.get("input", {})})
    stop = turn.get("stop") or ("tool-use" if turn.get("tools") else "end-turn")
    said = turn.get("usage", {})
    used = usage(input_tokens=said.get("input", 0),
                 cache_creation_input_tokens=said.get("cache-write", 0),
                 cache_read_input_tokens=said.get("cache-read", 0))
    return whole(model, blocks, STOPS[stop], used, said.get("output", 0))
