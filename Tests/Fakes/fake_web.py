#!/usr/bin/env python3
"""A web server for requests of agents: each path misbehaves in its own way.

    fake_web.py [--tls [--certificate FILE]] [--log FILE] [--address A] [--port N] [--say TEXT]

Prints its port. Each request is a line of JSON in the log, written before it is answered. With
`--tls` its certificate is its own, for localhost and secure.test, and left in FILE.
"""
import argparse
import base64
import hashlib
import http.server
import io
import json
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.parse
import zipfile

# A package for pip, and one for npm.
WHEEL = "aurapkg-1.0-py3-none-any.whl"
TARBALL = "aurapkg-1.0.0.tgz"
# More than aurad reads of an answer.
HUGE_BYTES = 3 << 20
DRIP_SECONDS = 0.2
# Longer than any test waits.
HOLD_SECONDS = 600


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode(errors="replace")
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        seen = {"method": self.command, "path": self.path, "body": body,
                "headers": {name.lower(): value for name, value in self.headers.items()}}
        if self.server.log:
            with open(self.server.log, "a", encoding="utf-8") as log:
                log.write(json.dumps(seen) + "\n")
        name = url.path.strip("/").replace("-", "_").replace("/", "_") or "text"
        name = {".whl": "wheel", ".tgz": "tarball"}.get(name[-4:], name)
        getattr(self, "do_" + name, self.missing)(query, seen)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def reply(self, status, body, kind="text/plain; charset=utf-8", **headers):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self, query, seen):
        self.reply(404, b"there is nothing here")

    def do_text(self, query, seen):
        self.reply(200, b"hello from the web\n", set_cookie="id=1; Path=/")

    def do_echo(self, query, seen):
        self.reply(200, json.dumps(seen).encode(), "application/json")

    def do_say(self, query, seen):
        self.reply(200, query["text"].encode())

    def do_told(self, query, seen):
        self.reply(200, ("What I was told: " + self.server.say).encode())

    def do_hold(self, query, seen):
        time.sleep(HOLD_SECONDS)

    def do_binary(self, query, seen):
        self.reply(200, bytes(range(256)) * 8, "application/octet-stream")

    def do_huge(self, query, seen):
        line = b"a line of a very long answer\n"
        self.reply(200, line * (HUGE_BYTES // len(line)))

    def do_long(self, query, seen):
        self.reply(200, b"THE HEAD\n" + b"in between\n" * 8000 + b"THE TAIL\n")

    def do_redirect(self, query, seen):
        self.reply(int(query.get("status", 302)), b"elsewhere", location=query["to"])

    def do_loop(self, query, seen):
        self.reply(302, b"", location="/loop")

    def do_simple_aurapkg(self, query, seen):
        self.reply(200, f'<a href="/{WHEEL}">{WHEEL}</a>'.encode(), "text/html")

    def do_wheel(self, query, seen):
        bytes_ = io.BytesIO()
        with zipfile.ZipFile(bytes_, "w") as wheel:
            wheel.writestr("aurapkg.py", "WORD = 1\n")
            info = "aurapkg-1.0.dist-info/"
            wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: aurapkg\nVersion: 1.0\n")
            wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(info + "RECORD", "")
        self.reply(200, bytes_.getvalue(), "application/octet-stream")

    def do_aurapkg(self, query, seen):
        scheme = "https" if self.server.tls else "http"
        integrity = base64.b64encode(hashlib.sha512(self.tarball()).digest()).decode()
        version = {"name": "aurapkg", "version": "1.0.0", "main": "index.js", "dist": {
            "tarball": f"{scheme}://{self.headers['host']}/{TARBALL}", "integrity": f"sha512-{integrity}"}}
        self.reply(200, json.dumps({"name": "aurapkg", "dist-tags": {"latest": "1.0.0"},
                                    "versions": {"1.0.0": version}}).encode(), "application/json")

    def do_tarball(self, query, seen):
        self.reply(200, self.tarball(), "application/octet-stream")

    @staticmethod
    def tarball():
        """The same bytes each time: no compression, no date."""
        bytes_ = io.BytesIO()
        with tarfile.open(fileobj=bytes_, mode="w") as archive:
            for name, text in {
                "package.json": '{"name": "aurapkg", "version": "1.0.0", "main": "index.js"}',
                "index.js": 'module.exports = "WORD = 2"\n',
            }.items():
                info = tarfile.TarInfo("package/" + name)
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
        return bytes_.getvalue()

    def do_drip(self, query, seen):
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(DRIP_SECONDS)
        except OSError:
            pass  # Whoever asked has gone.

    def log_message(self, *arguments):
        pass


def certificate(copy):
    """A context with a certificate that nobody has signed; what is not copied is gone again."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        file = os.path.join(directory, "both.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,DNS:secure.test,IP:127.0.0.1", "-keyout", file, "-out", file + ".crt"],
            check=True, capture_output=True)
        context.load_cert_chain(file + ".crt", file)
        if copy:
            shutil.copy(file + ".crt", copy)
    return context


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--certificate")
    parser.add_argument("--log")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--say", default="nothing")
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer((arguments.address, arguments.port), Handler)
    server.daemon_threads = True
    server.log = arguments.log
    server.tls = arguments.tls
    server.say = arguments.say
    if arguments.tls:
        server.socket = certificate(arguments.certificate).wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
