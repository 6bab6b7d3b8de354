#!/usr/bin/env python3
"""A tool server that behaves as it is told: tool_server.py BEHAVIOUR [WORD]

In either era of the protocol, or in none. It runs in a cage, so it needs the standard library alone.
"""
import json
import os
import signal
import socket
import sys
import time

BEHAVIOUR = sys.argv[1]
WORD = sys.argv[2] if len(sys.argv) > 2 else ""
MODERN = BEHAVIOUR not in ("legacy", "mute")
STARTS = "/ws/starts"
count = 0

NUMBER = {"type": "number"}
TOOLS = {
    "add": ("Adds two numbers.", {"a": NUMBER, "b": NUMBER}, ["a", "b"]),
    "count": ("Counts its calls.", {}, []),
    "look": ("Tells what it sees of the world.", {}, []),
    "big": ("Says much.", {}, []),
    "tell": ("Says a word.", {}, []),
    "get": ("Asks the web.", {"url": {"type": "string"}}, ["url"]),
    "fails": ("Fails as a tool may.", {}, []),
    "hidden": ("Was not declared.", {}, []),
}


def say(message):
    result = message.get("result", {})
    is_list = "tools" in result and "nextCursor" not in result
    more = "nonsense\n" if BEHAVIOUR == "eager" and is_list else ""
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n" + more)
    sys.stdout.flush()


def answer(asked, result):
    say({"id": asked["id"], "result": {"resultType": "complete", **result} if MODERN else result})


def listing():
    starts = len(open(STARTS).read()) if os.path.exists(STARTS) else 0
    rows = []
    for name, (about, properties, required) in TOOLS.items():
        about += f" Start {starts}." if BEHAVIOUR == "changes" else ""
        rows.append({"name": name, "description": about, "inputSchema": {
            "type": "object", "properties": properties, "required": required}})
    return rows


def attempt(act):
    try:
        return repr(act())
    except OSError as error:
        return error.strerror or repr(error)


def look():
    """What nothing in this cage should be able to do."""
    def write():
        with open("/ws/written", "w") as file:
            return file.write("x")

    # One more than what it was given is the directory that is being read.
    return {
        "descriptors": sorted(map(int, os.listdir("/proc/self/fd")))[:8],
        "kinds": [os.readlink(f"/proc/self/fd/{number}").split(":")[0] for number in (0, 1, 2)],
        "write": attempt(write),
        "tree": sorted(os.listdir("/ws")) if os.path.isdir("/ws") else None,
        "connect": attempt(lambda: socket.create_connection(("127.0.0.1", int(WORD or 1)), 2)),
        "interfaces": attempt(lambda: [row.split(":")[0].strip() for row in open("/proc/net/dev") if ":" in row]),
        "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
        "host": attempt(lambda: os.listdir("/etc/aura")),
        "environment": sorted(name for name in os.environ if name not in ("LC_CTYPE", "_", "PWD", "SHLVL")),
        "uid": os.getuid(),
    }


def call(asked):
    global count
    name, given = asked["params"]["name"], asked["params"].get("arguments", {})
    count += 1
    text = ""
    if BEHAVIOUR in ("dies", "changes"):
        print("the server lost its mind", file=sys.stderr, flush=True)
        with open(STARTS, "a") as file:
            file.write("x")
        os._exit(3)
    if BEHAVIOUR == "garbled":
        print("Warning: this is no message", flush=True)
        return
    if BEHAVIOUR == "stranger":
        return say({"id": asked["id"] + 1000, "result": {"content": []}})
    if BEHAVIOUR == "line":
        while True:
            os.write(1, b"x" * 65536)
    if BEHAVIOUR == "chatter":
        while True:
            say({"method": "notifications/message", "params": {"data": "x" * 100}})
    if BEHAVIOUR == "hangs" or (BEHAVIOUR == "once" and not os.path.exists(STARTS)):
        with open(STARTS, "a") as file:
            file.write("x")
        time.sleep(1000)
    if BEHAVIOUR == "wants":
        return say({"id": asked["id"], "result": {"resultType": "input_required"}})
    if BEHAVIOUR == "eats":
        hoard = []
        while True:
            hoard.append(bytearray(os.urandom(1 << 20)))
    if name == "add":
        text = str(given["a"] + given["b"])
    elif name == "count":
        text = f"call {count}"
    elif name == "look":
        text = json.dumps(look())
    elif name == "big":
        text = "THE HEAD" + "-" * 300_000 + "THE TAIL"
    elif name == "tell":
        with open(WORD) as file:
            text = f"the word is {file.read()}"
    elif name == "get":
        import urllib.request
        # A cage's own loopback is reached directly; here the web is on the host's.
        for variable in ("no_proxy", "NO_PROXY"):
            os.environ.pop(variable, None)
        proxies = {"http": os.environ.get("http_proxy", "http://127.0.0.1:9")}
        opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
        try:
            text = opener.open(given["url"], timeout=20).read().decode()
        except OSError as error:
            text = repr(error)
    answer(asked, {"content": [{"type": "text", "text": text}], "isError": name == "fails"})


def take(asked):
    method = asked.get("method")
    if "id" not in asked or method is None:
        return
    if method == "server/discover" and BEHAVIOUR == "mute":
        return
    if method == "server/discover" and MODERN:
        answer(asked, {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
                       "serverInfo": {"name": "fake", "version": "1"}})
    elif method == "initialize" and not MODERN:
        say({"id": "s1", "method": "ping"})
        say({"id": "s2", "method": "sampling/createMessage", "params": {}})
        answer(asked, {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "fake", "version": "1"}})
    elif method == "tools/list":
        rows, at = listing(), int(asked["params"].get("cursor", 0))
        page = {"tools": rows[at:at + 3]}
        answer(asked, page | ({"nextCursor": str(at + 3)} if at + 3 < len(rows) else {}))
    elif method == "tools/call":
        if MODERN:
            assert asked["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        call(asked)
    else:
        say({"id": asked["id"], "error": {"code": -32601, "message": f"no {method} here"}})


def main():
    print("a line on standard error is no error", file=sys.stderr, flush=True)
    if BEHAVIOUR == "absent":
        sys.exit("this server never starts")
    if BEHAVIOUR == "stubborn":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(1000)
            os._exit(0)
    for line in sys.stdin:
        take(json.loads(line))
    if BEHAVIOUR == "stubborn":
        time.sleep(1000)


main()
