"""A store of root's in a directory that everybody may enter, its daemon, and users that are only numbers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from osconf.daemon.client import DaemonStore
from osconf.model.store_path import DEFAULT_STORE_DIR
from tests.functional.shells import copy_shell

ROOT = Path(__file__).parents[2]
ALICE, BOB = 1001, 1002
_WAIT_SECONDS = 30


def why_not() -> str:
    """Why this machine cannot play several users; empty when it can."""
    if os.geteuid() != 0:
        return "needs root, to be several users"
    if not _may_enter(ROOT):
        return f"other users may not read {ROOT}"
    if interpreter() is None:
        return "no Python that other users may run"
    return ""


def _may_enter(place: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (place, *place.parents))


def interpreter() -> str | None:
    """A Python that every user may run and that can load our libraries."""
    for name in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        real = Path(name).resolve()
        if real.exists() and _may_enter(real):
            return name
    return None


@dataclass
class Site:
    """A machine with a store for many."""

    root: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def store(self) -> Path:
        """The physical store."""
        return self.root / "store"

    @property
    def socket(self) -> Path:
        """Where the daemon listens."""
        return self.store / "run/osconf/store.sock"

    def home(self, uid: int) -> Path:
        """A directory of a user's own."""
        place = self.root / f"home-{uid}"
        if not place.exists():
            place.mkdir()
            os.chown(place, uid, uid)
        return place

    def command(self, *arguments: str | Path) -> list[str]:
        """The program's command line."""
        return [interpreter() or "", "-P", "-m", "osconf.cli", "--store", str(self.store), *map(str, arguments)]

    def environment(self, uid: int) -> dict[str, str]:
        """What a user's processes find."""
        libraries = sysconfig.get_paths()["purelib"]
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home(uid)) if uid else str(self.root),
            "PYTHONPATH": f"{ROOT}:{libraries}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1",
        }

    def start(
        self, uid: int, *arguments: str | Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start the program as a user, with more variables in its environment."""
        return subprocess.Popen(
            self.command(*arguments),
            user=uid,
            group=uid,
            extra_groups=[],
            cwd=self.home(uid) if uid else self.root,
            env={**self.environment(uid), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, uid: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the program as a user."""
        process = self.start(uid, *arguments)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def succeed(self, uid: int, *arguments: str | Path) -> str:
        """Run the program as a user; it must succeed."""
        done = self.run(uid, *arguments)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout.strip()

    def start_daemon(self, *options: str, cache: Path | None = None) -> subprocess.Popen[bytes]:
        """Start the daemon in a process group of its own and wait until it listens; `cache` holds its downloads."""
        log = (self.root / "daemon.log").open("ab")
        process = subprocess.Popen(
            self.command("daemon", *options),
            cwd=self.root,
            env={**self.environment(0), **({"XDG_CACHE_HOME": str(cache)} if cache else {})},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        self.wait_until(self._listens, "the daemon does not listen")
        return process

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def kill_daemon(self) -> None:
        """Kill the daemon with all its processes, as a crash would."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def wait_until(self, condition: Callable[[], bool], complaint: str) -> None:
        """Wait for a condition."""
        end = time.monotonic() + _WAIT_SECONDS
        while not condition():
            assert time.monotonic() < end, f"{complaint}: {(self.root / 'daemon.log').read_text()}"
            time.sleep(0.05)

    def write_recipe(self, name: str, script: str) -> str:
        """An expression that runs a shell script in the sandbox."""
        return (
            f'derivation {{ name = "{name}"; system = builtins.currentSystem; builder = "/usr/bin/sh";'
            f" args = [ \"-c\" ''{script}'' ]; osconfEnvironment = \"${{{self.root}/environment}}\"; }}"
        )

    def make_environment(self) -> None:
        """A folder with a shell, enough for builders."""
        copy_shell(self.root / "environment")

    @contextmanager
    def client(self) -> Iterator[DaemonStore]:
        """A conversation of root's with the daemon, to say what the program would not."""
        with DaemonStore.connect(self.socket, DEFAULT_STORE_DIR) as store:
            yield store


@contextmanager
def open_site() -> Iterator[Site]:
    """A fresh machine; its processes end with it."""
    root = Path(tempfile.mkdtemp(prefix="osconf-users-"))
    root.chmod(0o755)
    site = Site(root)
    site.make_environment()
    try:
        yield site
    finally:
        site.kill_daemon()
        shutil.rmtree(root, ignore_errors=True)


def run_as(uid: int, action: Callable[[], int | None]) -> int:
    """Call a function in a process of a user; its exit code is what the function returns, 99 for an exception."""
    return os.waitstatus_to_exitcode(os.waitpid(start_as(uid, action), 0)[1])


def start_as(uid: int, action: Callable[[], int | None]) -> int:
    """Call a function in a process of a user; its number."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            code = action() or 0
        except BaseException as error:
            print(f"as user {uid}: {error!r}", file=sys.stderr)
        finally:
            sys.stderr.flush()
            os._exit(code)
    return pid
