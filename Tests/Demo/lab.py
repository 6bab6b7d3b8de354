"""A scratch aura: a repository with work in it, a configuration, a daemon, an operator's hands.

Used by the demo and by the tests under Tests/System. Everything lives in one directory, which
`close` removes. As root the daemon is started as root and drops to `nobody` by its own `user:`,
so that what is tried is what an unprivileged user gets.
"""
import ctypes
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PR_SET_CHILD_SUBREAPER = 36
KEY = "sk-ant-scratch-key"
# `aura-ctl status` while the record takes no entries: aurad answers all the same.
RECORD_TROUBLE = 74
AUDIT_LINE = re.compile(r"^\S+ \S+Z #(\d+) ", re.M)


class Deviation(Exception):
    """Something is not as it should be."""


def expect(truth, what):
    if not truth:
        raise Deviation(what)


def until(seconds, what, probe, pause=0.05):
    """The first true answer of `probe`; a deviation when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Deviation(f"not within {seconds} s: {what}")
        time.sleep(pause)


class Lab:
    def __init__(self, name):
        # What outlives its parent becomes our child: nothing that the daemon leaves can hide.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.dir = Path(tempfile.mkdtemp(prefix=f"aura-{name}-"))
        self.dir.chmod(0o755)
        self.user = "nobody" if os.getuid() == 0 else None
        self.daemon = self.fake = self.other_fake = None
        self.environment = {}
        self.log = self.dir / "aurad.log"
        self.etc = self.dir / "etc"
        self.state = self.dir / "state"
        self.run = self.dir / "run"
        self.repository = self.dir / "calc"
        self.socket = self.run / "aurad.sock"
        self.installed = self.dir / "installed"

    def __enter__(self):
        for directory in (self.etc / "automata", self.run):
            directory.mkdir(parents=True)
        install = subprocess.run(
            ["make", "--silent", "--directory", CHECKOUT, "install", "BUILT=1",
             f"DESTDIR={self.installed}"])
        if install.returncode:
            self.close()
            raise Deviation("the programs are not there; build them with: make build")
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and not isinstance(error, KeyboardInterrupt) and self.log.exists():
            lines = self.log.read_text(errors="replace").splitlines()[-60:]
            print(f"--- the end of {self.log}", *lines, "---", sep="\n", file=sys.stderr)
        self.close()

    def close(self):
        for process in (self.daemon, self.fake, self.other_fake):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        # What waits for another daemon has become ours.
        for pid in self.strays():
            os.kill(pid, signal.SIGKILL)
        until(5, "the rest has ended", lambda: not self.strays())
        shutil.rmtree(self.dir)

    # ---- The work ------------------------------------------------------------------------------

    def make_repository(self, files):
        """A repository with one commit of `files` on `main`, owned by the daemon's user."""
        shutil.rmtree(self.repository, ignore_errors=True)
        for path, text in files.items():
            file = self.repository / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", "--all")
        self.git("-c", "user.name=demo", "-c", "user.email=demo@example.org", "commit", "--quiet",
                 "--message=A small program with a bug")
        self.give(self.repository)

    def git(self, *arguments, check=True):
        """Git in the repository, for whoever we are and untouched by our own configuration."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "LANG": "C.UTF-8",
                       "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-c", f"safe.directory={self.repository}", "-C", self.repository]
        return subprocess.run([*command, *arguments], check=check, env=environment,
                              capture_output=True, text=True).stdout.strip()

    def landed(self, automaton):
        """The commit of each branch that the automaton has landed, by the task's id."""
        rows = self.git("for-each-ref", "--format=%(refname:lstrip=4) %(objectname)",
                        f"refs/heads/aura/{automaton}/")
        return dict(row.split() for row in rows.splitlines())

    def give(self, path):
        """Makes the daemon's user the owner of everything at `path`."""
        if not self.user:
            return
        account = pwd.getpwnam(self.user)
        for top, _, files in os.walk(path):
            for entry in (top, *(os.path.join(top, file) for file in files)):
                os.chown(entry, account.pw_uid, account.pw_gid, follow_symlinks=False)

    # ---- The configuration -----------------------------------------------------------------------

    def configure(self, reasoners, automata, key=None, runs_max=4, further=""):
        """Writes aurad.yaml with the text of its reasoners, and automata/NAME.yaml for each."""
        user = f"user: {self.user}\n" if self.user else ""
        (self.etc / "aurad.yaml").write_text(
            f"state: {self.state}\nsocket: {self.socket}\noperator-group: null\n{user}"
            f"definitions: {self.etc}/automata\nlibexec: {self.installed}/usr/libexec/aura\n"
            f"runs-max: {runs_max}\n{further}reasoners:\n{reasoners}")
        for name, text in automata.items():
            (self.etc / "automata" / f"{name}.yaml").write_text(text)
        if key:
            keys = self.etc / "credentials"
            keys.mkdir(mode=0o700, exist_ok=True)
            file = keys / "anthropic-api-key"
            file.touch(0o600)
            file.write_text(key)
            self.give(keys)
        self.give(self.run)

    def play(self, script, *arguments):
        """Starts the provider's stand-in on `script`; its base URL. Its log is `provider.log`."""
        file = self.dir / "provider.json"
        file.write_text(json.dumps(script))
        self.fake = subprocess.Popen(
            [sys.executable, CHECKOUT / "Tests/Fakes/fake_anthropic.py", "--key", KEY,
             "--script", file, "--log", self.dir / "provider.log", *arguments],
            stdout=subprocess.PIPE, text=True)
        return f"http://127.0.0.1:{self.fake.stdout.readline().strip()}"

    def play_openai(self):
        """Starts the stand-in of the OpenAI APIs; its base URL without `/v1`."""
        self.other_fake = subprocess.Popen(
            [sys.executable, CHECKOUT / "Tests/Fakes/fake_openai.py", "--key", KEY],
            stdout=subprocess.PIPE, text=True)
        return f"http://127.0.0.1:{self.other_fake.stdout.readline().strip()}"

    # ---- The daemon ------------------------------------------------------------------------------

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen(
                [self.installed / "usr/sbin/aurad", "--config", self.etc / "aurad.yaml",
                 "--foreground"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.environment})
        if wait:
            until(20, "aurad answers", lambda: self.answers() or self.gone())

    def answers(self):
        return self.ctl("status", check=False).returncode in (0, RECORD_TROUBLE)

    def gone(self):
        expect(self.daemon.poll() is None, f"aurad ended with status {self.daemon.returncode}")

    def kill(self):
        """SIGKILL; returns the wall clock's milliseconds of it."""
        at = int(time.time() * 1000)
        self.daemon.kill()
        self.daemon.wait()
        return at

    def reset(self):
        """Forgets all that the daemon knows; it has ended."""
        shutil.rmtree(self.state, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def stop(self):
        """Ends the daemon as an operator would, and looks for anything that it left behind."""
        cgroups = cgroups_of(self.daemon.pid)
        before = {path: subdirectories(path) for path in cgroups}
        self.daemon.send_signal(signal.SIGTERM)
        try:
            status = self.daemon.wait(15)
        except subprocess.TimeoutExpired:
            raise Deviation("aurad did not end within 15 s of SIGTERM") from None
        expect(status == 0, f"aurad ended with status {status} on SIGTERM")
        until(5, "every process of aurad is gone", lambda: not self.strays())
        expect(str(self.dir) not in Path("/proc/self/mountinfo").read_text(), "a mount is left")
        for path, known in before.items():
            expect(subdirectories(path) <= known, f"a cgroup is left below {path}")
        expect(not self.socket.exists(), "the control socket is left")

    def strays(self):
        """What the daemon left running: orphans are our children now. The dead are collected."""
        alive = []
        for pid in map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()):
            if pid in (process.pid for process in (self.daemon, self.fake, self.other_fake) if process):
                continue
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                alive.append(pid)
        return alive

    def workers(self):
        """The processes of aurad's workers, by their name inside the cage and their ancestor."""
        found, parents = [], {}
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    stat = Path(entry.path, "stat").read_text().rsplit(")", 1)[1].split()
                    parents[int(entry.name)] = int(stat[1])
                    command = Path(entry.path, "cmdline").read_bytes().split(b"\0")[0]
                except (FileNotFoundError, ProcessLookupError):
                    continue
                if command == b"/aura-worker":
                    found.append(int(entry.name))

        def is_ours(pid):
            # Those of a daemon that was killed are below us until the next one holds them.
            while pid and pid not in (self.daemon.pid, os.getpid()):
                pid = parents.get(pid)
            return bool(pid)

        return [pid for pid in found if is_ours(pid)]

    # ---- The operator ----------------------------------------------------------------------------

    def ctl(self, *arguments, check=True, timeout=120):
        result = subprocess.run(
            [self.installed / "usr/bin/aura-ctl", *arguments], capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "AURA_SOCKET": str(self.socket)},
            timeout=timeout)
        if check and result.returncode != 0:
            raise Deviation(f"aura-ctl {' '.join(arguments)}: status {result.returncode}\n"
                            f"{result.stdout}{result.stderr}")
        return result

    def json(self, *arguments):
        return json.loads(self.ctl(*arguments, "-o", "json").stdout)

    def runs(self, automaton):
        return self.json("runs", automaton, "-n", "1000")

    def entries(self, *arguments):
        lines = self.ctl("record", "cat", *arguments).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def replay(self):
        """Folds every run again: each has to come out the same. Answers how many."""
        verdicts = []
        for row in self.json("runs", "-n", "10000"):
            if "parent" not in row["trigger"]:
                found = self.ctl("replay", row["id"], "-o", "json", check=False)
                expect(found.returncode == 0, f"replay {row['id']}: {found.stdout}{found.stderr}")
                verdicts += json.loads(found.stdout)
        expect(verdicts and all("divergence" not in verdict for verdict in verdicts),
               f"replays: {verdicts}")
        return len(verdicts)

    def audited(self):
        """The sequence numbers of the audit lines so far, in order."""
        return [int(number) for number in AUDIT_LINE.findall(self.log.read_text(errors="replace"))]


def outcome(row):
    """How a run ended, or None while it goes on."""
    return row["phase"].get("finished", {}).get("outcome")


def cgroups_of(pid):
    """The directories of a process's cgroups that are mounted here."""
    found = set()
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for base in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", f"/sys/fs/cgroup/{controllers}"):
            if os.path.isdir(base + path):
                found.add(base + path)
    return found


def subdirectories(path):
    return {entry.name for entry in os.scandir(path) if entry.is_dir()}

