"""What the fake OpenAI APIs answer: streams and errors by name, and turns of a script."""
import json

from fake_server import Refusal, choose_turn
from openai_rules import invalid

HELLO = "Hello there, wörld! \U0001f30d"
CALLS = [("call_1", "read_file", {"path": "a"}), ("call_2", "list", {})]


def pieces(text, size):
    return [text[at:at + size] for at in range(0, len(text), size)]


# Chat completions: chunks, then a last one with the usage, then [DONE].

def chunk(model, delta, finish=None, **more):
    return {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": model, "choices": [{"index": 0, "delta": delta, "logprobs": None,
                                         "finish_reason": finish}], **more}


def chat_usage(model, prompt=11, output=6, cached=0):
    return {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": model, "choices": [],
            "usage": {"prompt_tokens": prompt, "completion_tokens": output,
                      "total_tokens": prompt + output,
                      "prompt_tokens_details": {"cached_tokens": cached},
                      "completion_tokens_details": {"reasoning_tokens": 0}}}


def chat(model, text="", calls=(), finish=None, usage=None, refusal=""):
    yield chunk(model, {"role": "assistant", "content": "" if text else None})
    for piece in pieces(text, 7):
        yield chunk(model, {"content": piece})
    for piece in pieces(refusal, 7):
        yield chunk(model, {"refusal": piece})
    for index, (name, function, given) in enumerate(calls):
        yield chunk(model, {"tool_calls": [{"index": index, "id": name, "type": "function",
                                            "function": {"name": function, "arguments": ""}}]})
        for piece in pieces(json.dumps(given), 5):
            yield chunk(model, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk(model, {}, finish or ("tool_calls" if calls else "stop"))
    yield usage or chat_usage(model)
    yield "[DONE]"


def frame_chat(event):
    if isinstance(event, str):
        return f"data: {event}\n\n".encode()
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def chat_ok(model):
    return chat(model, HELLO)


def chat_cut_tool(model):
    events = list(chat(model, "I write.", [("call_1", "write_file", {"text": "long, long"})],
                       "length"))
    return events[:-5] + events[-3:]


def chat_without(kept):
    return lambda model: [event for event in chat_ok(model) if kept(event)]


def chat_error(model):
    return list(chat_ok(model))[:3] + [
        {"error": {"message": "The server is overloaded", "type": "overloaded_error",
                   "param": None, "code": None}}, "[DONE]"]


def all_index_zero(model):
    events = list(chat(model, calls=CALLS))
    for event in events:
        if isinstance(event, dict):
            for choice in event["choices"]:
                for call in choice["delta"].get("tool_calls", []):
                    call["index"] = 0
    return events


CHAT_STREAMS = {
    "ok": chat_ok,
    "tools": lambda model: chat(model, "Both.", CALLS),
    "refusal": lambda model: chat(model, refusal="I cannot help with that."),
    "filtered": lambda model: chat(model, "So.", finish="content_filter"),
    "max-tokens": lambda model: chat(model, "So.", finish="length"),
    "cut-tool": chat_cut_tool,
    "no-stop": chat_without(lambda event: isinstance(event, dict) and event["choices"] == [] or
                            isinstance(event, dict) and not event["choices"][0]["finish_reason"]),
    "no-usage": chat_without(lambda event: isinstance(event, str) or event["choices"]),
    "no-done": chat_without(lambda event: isinstance(event, dict)),
    "no-finish": chat_without(lambda event: isinstance(event, str) or not event["choices"]
                              or not event["choices"][0]["finish_reason"]),
    "index-zero": all_index_zero,
    "error-after-200": chat_error,
    "cached": lambda model: chat(model, "So.", usage=chat_usage(model, 1000, 6, 700)),
    "huge-usage": lambda model: chat(model, "So.", usage=chat_usage(model, 11, 9 * 10 ** 12)),
    "empty": lambda model: [],
}


# Responses: named events around items.

class Response:
    """The events of one response, numbered in order."""

    def __init__(self, model):
        self.model, self.number, self.output = model, 0, []

    def event(self, kind, **members):
        self.number += 1
        return {"type": kind, "sequence_number": self.number - 1, **members}

    def whole(self, status, usage=None, **more):
        return {"id": "resp_fake", "object": "response", "created_at": 1_700_000_000,
                "status": status, "model": self.model, "output": self.output, "error": None,
                "incomplete_details": None, "instructions": None, "metadata": {},
                "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto",
                "tools": [], "top_p": 1.0, "usage": usage, **more}

    def usage(self, given=11, output=6, cached=0):
        return {"input_tokens": given, "input_tokens_details": {"cached_tokens": cached},
                "output_tokens": output, "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": given + output}

    def message(self, text, kind="output_text"):
        place = len(self.output)
        item = {"id": f"msg_{place}", "type": "message", "role": "assistant",
                "status": "in_progress", "content": []}
        yield self.event("response.output_item.added", output_index=place, item=dict(item))
        member = "text" if kind == "output_text" else "refusal"
        part = {"type": kind, member: "", **({"annotations": []} if member == "text" else {})}
        at = {"item_id": item["id"], "output_index": place, "content_index": 0}
        yield self.event("response.content_part.added", part=dict(part), **at)
        for piece in pieces(text, 7):
            extra = {"logprobs": []} if member == "text" else {}
            yield self.event(f"response.{kind}.delta", delta=piece, **at, **extra)
        part[member] = text
        done = {"text": text, "logprobs": []} if member == "text" else {"refusal": text}
        yield self.event(f"response.{kind}.done", **at, **done)
        yield self.event("response.content_part.done", part=part, **at)
        item.update(status="completed", content=[part])
        self.output.append(item)
        yield self.event("response.output_item.done", output_index=place, item=item)

    def call(self, name, function, given):
        place = len(self.output)
        item = {"id": f"fc_{place}", "type": "function_call", "call_id": name, "name": function,
                "arguments": "", "status": "in_progress"}
        yield self.event("response.output_item.added", output_index=place, item=dict(item))
        at = {"item_id": item["id"], "output_index": place}
        for piece in pieces(json.dumps(given), 5):
            yield self.event("response.function_call_arguments.delta", delta=piece, **at)
        item.update(arguments=json.dumps(given), status="completed")
        yield self.event("response.function_call_arguments.done", arguments=item["arguments"],
                         name=function, **at)
        self.output.append(item)
        yield self.event("response.output_item.done", output_index=place, item=item)

    def thought(self):
        place = len(self.output)
        item = {"id": f"rs_{place}", "type": "reasoning", "summary": [],
                "encrypted_content": "c2VjcmV0"}
        yield self.event("response.output_item.added", output_index=place, item=item)
        self.output.append(item)
        yield self.event("response.output_item.done", output_index=place, item=item)

    def begin(self):
        yield self.event("response.created", response=self.whole("in_progress"))
        yield self.event("response.in_progress", response=self.whole("in_progress"))

    def end(self, status="completed", usage=None, **more):
        yield self.event(f"response.{status}",
                         response=self.whole(status, usage or self.usage(), **more))


def respond(model, text="", calls=(), refusal="", thinks=False, **ending):
    response = Response(model)
    yield from response.begin()
    if thinks:
        yield from response.thought()
    if text:
        yield from response.message(text)
    if refusal:
        yield from response.message(refusal, "refusal")
    for call in calls:
        yield from response.call(*call)
    yield from response.end(**ending)


def frame_response(event):
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def incomplete(reason):
    return {"status": "incomplete", "incomplete_details": {"reason": reason}}


def response_error(model):
    response = Response(model)
    events = list(response.begin())
    return events + [response.event("error", code="server_error", message="Overloaded", param=None)]


RESPONSE_STREAMS = {
    "ok": lambda model: respond(model, HELLO),
    "tools": lambda model: respond(model, "Both.", CALLS),
    "thinking": lambda model: respond(model, "So.", thinks=True),
    "refusal": lambda model: respond(model, refusal="I cannot help with that."),
    "filtered": lambda model: respond(model, "So.", **incomplete("content_filter")),
    "max-tokens": lambda model: respond(model, "So.", **incomplete("max_output_tokens")),
    "failed": lambda model: respond(
        model, "So.", status="failed",
        error={"code": "rate_limit_exceeded", "message": "slow down"}),
    "no-stop": lambda model: list(respond(model, HELLO))[:-1],
    "error-after-200": response_error,
    "cached": lambda model: respond(model, "So.", usage=Response(model).usage(1000, 6, 700)),
    "empty": lambda model: [],
}

# Behaviours that are an error instead of a stream.
ERRORS = {
    "400": invalid("something is wrong"),
    "too-long": Refusal(400, "invalid_request_error", "This model's maximum context length is "
                        "128000 tokens. However, your messages resulted in 210000 tokens."),
    "401": Refusal(401, "invalid_api_key", "Incorrect API key provided."),
    "402": Refusal(429, "insufficient_quota", "You exceeded your current quota."),
    "403": Refusal(403, "permission_error", "not allowed"),
    "404": Refusal(404, "model_not_found", "The model does not exist."),
    "413": Refusal(413, None, "too large"),
    "429": Refusal(429, "rate_limit_exceeded", "slow down", [("retry-after", "7")]),
    "429-ms": Refusal(429, "rate_limit_exceeded", "slow down", [("retry-after-ms", "1500")]),
    "429-absurd": Refusal(429, "rate_limit_exceeded", "slow down", [("retry-after", "1e300")]),
    "429-negative": Refusal(429, "rate_limit_exceeded", "slow down", [("retry-after", "-5")]),
    "400-retry": Refusal(400, "invalid_request_error", "not now", [("x-should-retry", "true")]),
    "500-final": Refusal(500, "server_error", "never", [("x-should-retry", "false")]),
    "500": Refusal(500, "server_error", "internal"),
    "503": Refusal(503, None, "<html>upstream is away</html>"),
    "504": Refusal(504, None, "took too long"),
    "529": Refusal(503, "overloaded_error", "Overloaded"),
    "redirect": Refusal(302, None, "", [("location", "http://127.0.0.1:1/v1")]),
}


def parts_text(content):
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or [])


def scripted_turn(script, body):
    """The turn that answers `body` and its index, as AuraModel's Script chooses it, or None."""
    if "messages" in body:
        messages = body["messages"]
        index = sum(message["role"] == "assistant" for message in messages)
    else:
        messages = [item for item in body["input"] if item.get("type", "message") == "message"]
        index, before = 0, None
        for item in body["input"]:
            mine = item.get("role") == "assistant" or item.get("type") in (
                "function_call", "reasoning")
            index += mine and not before
            before = mine
    first = next((parts_text(message["content"]) for message in messages
                  if message.get("role") == "user"), "")
    return choose_turn(script, first, index, invalid)


STOPS = {"end-turn": "stop", "tool-use": "tool_calls", "tokens-max": "length",
         "refusal": "content_filter"}


def said_usage(turn):
    said = turn.get("usage", {})
    cached = said.get("cache-read", 0)
    given = said.get("input", 0) + said.get("cache-write", 0) + cached
    return given, said.get("output", 0), cached


def scripted_calls(turn, index):
    return [(f"call_script_{index + 1}_{number + 1}", call["name"], call.get("input", {}))
            for number, call in enumerate(turn.get("tools", []))]


def scripted_chat(turn, index, model):
    finish = STOPS[turn["stop"]] if turn.get("stop") else None
    return chat(model, turn.get("text", ""), scripted_calls(turn, index), finish,
                chat_usage(model, *said_usage(turn)))


def scripted_response(turn, index, model):
    ending = {"tokens-max": incomplete("max_output_tokens"),
              "refusal": incomplete("content_filter")}.get(turn.get("stop"), {})
    return respond(model, turn.get("text", ""), scripted_calls(turn, index),
                   usage=Response(model).usage(*said_usage(turn)), **ending)
