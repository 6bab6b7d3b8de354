"""What the Messages API refuses, and how it says so."""
import re

from fake_server import Refusal


def invalid(message):
    return Refusal(400, "invalid_request_error", message)


TOP_KEYS = {
    "model", "messages", "max_tokens", "system", "tools", "tool_choice", "stream", "stop_sequences",
    "temperature", "top_p", "top_k", "metadata", "thinking", "service_tier",
}
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}\Z")


def validate(body):
    if not isinstance(body, dict):
        raise invalid("the body must be an object")
    for key in body:
        if key not in TOP_KEYS:
            raise invalid(f"{key}: Extra inputs are not permitted")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise invalid("model: Field required")
    tokens = body.get("max_tokens")
    if not isinstance(tokens, int) or isinstance(tokens, bool):
        raise invalid("max_tokens: Field required")
    if tokens < 1:
        raise invalid("max_tokens: must be greater than or equal to 1")
    marks = [0]
    if "system" in body and not isinstance(body["system"], str):
        for place, block in enumerate(blocks_of(body["system"], "system")):
            text_block(block, f"system.{place}", marks)
    validate_tools(body, marks)
    validate_messages(body.get("messages"), marks)
    if marks[0] > 4:
        raise invalid("A maximum of 4 blocks with cache_control may be provided. "
                      f"Found {marks[0]}.")


def blocks_of(content, place):
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise invalid(f"{place}: expected text or a list of blocks")
    return content


def mark(block, place, marks):
    if "cache_control" in block:
        if block["cache_control"].get("type") != "ephemeral":
            raise invalid(f"{place}.cache_control: unknown type")
        marks[0] += 1


def text_block(block, place, marks):
    if block.get("type") != "text" or not isinstance(block.get("text"), str):
        raise invalid(f"{place}.type: expected 'text'")
    if not block["text"].strip():
        raise invalid(f"{place}: text content blocks must be non-empty")
    mark(block, place, marks)


def validate_tools(body, marks):
    names = set()
    for place, tool in enumerate(body.get("tools", [])):
        if not TOOL_NAME.match(tool.get("name", "")):
            raise invalid(f"tools.{place}.name: String should match pattern {TOOL_NAME.pattern}")
        if tool["name"] in names:
            raise invalid("tools: Tool names must be unique.")
        names.add(tool["name"])
        schema = tool.get("input_schema")
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise invalid(f"tools.{place}.input_schema.type: Field required")
        mark(tool, f"tools.{place}", marks)
    choice = body.get("tool_choice")
    if choice is not None and choice.get("type") not in ("auto", "any", "tool", "none"):
        raise invalid("tool_choice.type: unknown")


def validate_messages(messages, marks):
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    turns = []
    for place, message in enumerate(messages):
        role, content = message.get("role"), message.get("content")
        if role not in ("user", "assistant"):
            raise invalid(f'messages: Unexpected role "{role}".')
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        content = blocks_of(content, f"messages.{place}.content")
        if not content:
            raise invalid(f"messages.{place}: all messages must have non-empty content")
        for number, block in enumerate(content):
            validate_block(block, role, f"messages.{place}.content.{number}", marks)
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(content)
        else:
            turns.append((role, list(content), place))
    if turns[0][0] != "user":
        raise invalid("messages: first message must use the \"user\" role")
    if turns[-1][0] != "user":
        raise invalid("This model does not support assistant message prefill.")
    validate_pairs(turns)


def validate_block(block, role, place, marks):
    kind = block.get("type")
    if kind == "text":
        text_block(block, place, marks)
    elif kind in ("thinking", "redacted_thinking", "tool_use"):
        if role != "assistant":
            raise invalid(f"{place}: `{kind}` blocks can only be in `assistant` messages")
        if kind == "thinking" and not ("thinking" in block and block.get("signature")):
            raise invalid(f"{place}.thinking.signature: Field required")
        if kind == "tool_use":
            if not isinstance(block.get("input"), dict):
                raise invalid(f"{place}.tool_use.input: Input should be a valid dictionary")
            if not block.get("id") or not block.get("name"):
                raise invalid(f"{place}.tool_use.id: Field required")
            mark(block, place, marks)
        elif "cache_control" in block:
            raise invalid(f"{place}.cache_control: thinking blocks cannot be cached directly")
    elif kind == "tool_result":
        if role != "user":
            raise invalid(f"{place}: `tool_result` blocks can only be in `user` messages")
        if not isinstance(block.get("tool_use_id"), str):
            raise invalid(f"{place}.tool_result.tool_use_id: Field required")
        mark(block, place, marks)
    else:
        raise invalid(f"{place}.type: unknown block type '{kind}'")


def validate_pairs(turns):
    """Each tool use is answered at the head of the next user turn, and nothing else is answered."""
    asked, seen = set(), set()
    for role, content, place in turns:
        if role == "assistant":
            ids = [block["id"] for block in content if block["type"] == "tool_use"]
            if len(ids) != len(set(ids)) or seen & set(ids):
                raise invalid("messages: `tool_use` ids must be unique")
            asked, seen = set(ids), seen | set(ids)
            continue
        answered, past_results = set(), False
        for number, block in enumerate(content):
            if block["type"] != "tool_result":
                past_results = True
                continue
            name = block["tool_use_id"]
            if name not in asked:
                raise invalid(
                    f"messages.{place}.content.{number}: unexpected `tool_use_id` found in "
                    f"`tool_result` blocks: {name}. Each `tool_result` block must have a "
                    "corresponding `tool_use` block in the previous message.")
            if past_results or name in answered:
                raise invalid(f"messages.{place}: `tool_result` blocks come first, one for each id")
            answered.add(name)
        if asked - answered:
            raise invalid(
                f"messages.{place}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(sorted(asked - answered))}.")
        asked = set()
