"""What OpenAI's chat completions and responses refuse, and how they say so."""
import json
import re

from fake_server import Refusal


def invalid(message):
    return Refusal(400, "invalid_request_error", message)


TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")
CHAT_KEYS = {"model", "messages", "max_tokens", "max_completion_tokens", "stream", "stream_options",
             "tools", "tool_choice", "temperature", "top_p", "stop", "n", "user", "seed",
             "parallel_tool_calls", "reasoning_effort", "response_format", "metadata"}
RESPONSE_KEYS = {"model", "input", "instructions", "max_output_tokens", "stream", "store", "tools",
                 "tool_choice", "include", "reasoning", "temperature", "top_p", "metadata", "text",
                 "parallel_tool_calls", "user"}


def whole_number(body, key):
    value = body[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise invalid(f"Invalid '{key}': integer below minimum value. Expected a value >= 1.")


def common(body, keys):
    if not isinstance(body, dict):
        raise invalid("We could not parse the JSON body of your request.")
    for key in body:
        if key not in keys:
            raise invalid(f"Unknown parameter: '{key}'.")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise invalid("you must provide a model parameter")


def object_schema(schema, place):
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise invalid(f"Invalid schema for function at '{place}': schema must be of type object.")


def arguments(text, place):
    if not isinstance(text, str):
        raise invalid(f"Invalid type for '{place}': expected a string.")
    try:
        json.loads(text)
    except ValueError:
        raise invalid(f"Invalid '{place}': not valid JSON.") from None


def validate_chat(body):
    common(body, CHAT_KEYS)
    bounds = [key for key in ("max_tokens", "max_completion_tokens") if key in body]
    if len(bounds) != 1:
        raise invalid("this fake wants exactly one of max_tokens and max_completion_tokens")
    whole_number(body, bounds[0])
    if "stream_options" in body and not body.get("stream"):
        raise invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    for place, tool in enumerate(body.get("tools", [])):
        if tool.get("type") != "function":
            raise invalid(f"Invalid value for 'tools[{place}].type'.")
        function = tool.get("function", {})
        if not TOOL_NAME.match(function.get("name", "")):
            raise invalid(f"Invalid 'tools[{place}].function.name'.")
        object_schema(function.get("parameters", {"type": "object"}), f"tools[{place}]")
    validate_messages(body.get("messages"))


def validate_messages(messages):
    if not isinstance(messages, list) or not messages:
        raise invalid("Invalid 'messages': empty array. Expected an array with minimum length 1.")
    asked, seen = [], set()
    for place, message in enumerate(messages):
        role = message.get("role")
        if role not in ("system", "developer", "user", "assistant", "tool"):
            raise invalid(f"Invalid value: '{role}'. Supported values are: 'system', 'assistant', "
                          "'user', 'tool', and 'developer'.")
        if role == "tool":
            name = message.get("tool_call_id")
            if name not in asked:
                raise invalid(f"messages with role 'tool' must be a response to a preceeding "
                              f"message with 'tool_calls' ('messages[{place}]').")
            asked.remove(name)
            content(message.get("content"), place)
            continue
        if asked:
            raise invalid("An assistant message with 'tool_calls' must be followed by tool messages "
                          "responding to each 'tool_call_id'. The following tool_call_ids did not "
                          f"have response messages: {', '.join(asked)}")
        if role == "assistant":
            asked = assistant(message, place, seen)
        else:
            content(message.get("content"), place)
            if not message.get("content"):
                raise invalid(f"Invalid 'messages[{place}].content': empty.")
    if asked:
        raise invalid(f"tool_call_ids did not have response messages: {', '.join(asked)}")
    if messages[-1]["role"] == "assistant":
        raise invalid("this fake does not go on from an assistant message")


def content(value, place):
    if isinstance(value, str):
        return
    if not isinstance(value, list) or any(
            part.get("type") != "text" or not isinstance(part.get("text"), str) for part in value):
        raise invalid(f"Invalid type for 'messages[{place}].content'.")


def assistant(message, place, seen):
    calls = message.get("tool_calls", [])
    if "tool_calls" in message and not calls:
        raise invalid(f"Invalid 'messages[{place}].tool_calls': empty array.")
    if not calls and not message.get("content"):
        raise invalid(f"Invalid value for 'messages[{place}].content': expected a string, got null.")
    ids = []
    for number, call in enumerate(calls):
        where = f"messages[{place}].tool_calls[{number}]"
        if call.get("type") != "function" or not call.get("id") or call["id"] in seen:
            raise invalid(f"Invalid '{where}'.")
        if not TOOL_NAME.match(call.get("function", {}).get("name", "")):
            raise invalid(f"Invalid '{where}.function.name'.")
        arguments(call["function"].get("arguments"), f"{where}.function.arguments")
        ids.append(call["id"])
        seen.add(call["id"])
    return ids


def validate_response(body):
    common(body, RESPONSE_KEYS)
    if "max_output_tokens" in body:
        whole_number(body, "max_output_tokens")
    for place, tool in enumerate(body.get("tools", [])):
        if tool.get("type") != "function" or not TOOL_NAME.match(tool.get("name", "")):
            raise invalid(f"Invalid 'tools[{place}]'.")
        object_schema(tool.get("parameters", {}), f"tools[{place}]")
    items = body.get("input")
    if not isinstance(items, list) or not items:
        raise invalid("One of \"input\" or \"previous_response_id\" must be provided.")
    asked, answered = set(), set()
    for place, item in enumerate(items):
        validate_item(item, f"input[{place}]", asked, answered)
    if asked - answered:
        raise invalid(f"No tool output found for function call {sorted(asked - answered)[0]}.")


def validate_item(item, place, asked, answered):
    kind = item.get("type", "message")
    if kind == "message":
        if item.get("role") not in ("user", "assistant", "system", "developer"):
            raise invalid(f"Invalid value: '{item.get('role')}' at '{place}.role'.")
        want = "output_text" if item["role"] == "assistant" else "input_text"
        parts = item.get("content")
        if not isinstance(parts, str) and any(
                part.get("type") != want or not part.get("text") for part in parts or [{}]):
            raise invalid(f"Invalid value: '{place}.content'. Supported values are: '{want}'.")
    elif kind == "function_call":
        if not item.get("call_id") or item["call_id"] in asked or not item.get("name"):
            raise invalid(f"Invalid '{place}'.")
        arguments(item.get("arguments"), f"{place}.arguments")
        asked.add(item["call_id"])
    elif kind == "function_call_output":
        if item.get("call_id") not in asked - answered:
            raise invalid(f"No tool call found for function call output with call_id "
                          f"{item.get('call_id')}.")
        if not isinstance(item.get("output"), str):
            raise invalid(f"Invalid type for '{place}.output'.")
        answered.add(item["call_id"])
    elif kind == "reasoning":
        if not item.get("encrypted_content") or "summary" not in item:
            raise invalid(f"Missing required parameter: '{place}.encrypted_content'.")
    else:
        raise invalid(f"Invalid value: '{kind}' at '{place}.type'.")
