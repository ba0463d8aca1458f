"""The store beside the real Nix on the same data: whole processes, start-up included, runs of both in turns.

`NIX_INSTANTIATE` names a program of the Nix to compare with, which has the others beside it. Judged by processor time:
the machine may have other work. What is built in sandboxes counts, whoever started it.
"""

from __future__ import annotations

import ctypes
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from osconf.model.hashes import hash_bytes
from osconf.model.path_info import PathInfo
from osconf.store.canonical import remove_tree
from osconf.store.local import LocalStore
from osconf.store.signing import SecretKey
from tests.unit.model.oracle import NixOracle, has_nix

pytestmark = pytest.mark.skipif(not has_nix(), reason="no nix-store here")

BARS = {
    "hash": 1.2,
    "dump": 1.2,
    "import": 1.5,
    "add": 1.5,
    "closure": 2.0,
    "build": 1.5,
    "nothing to do": 2.0,
    "evaluated": 4.5,
    "garbage": 2.0,
    "sign": 2.0,
    "verify": 2.0,
}
"""How many times longer than Nix each may take; `evaluated` is nothing to do, found by evaluating (docs/adr/0009)."""
SLACK = 1.25
"""For a machine that has other work."""
RUNS = 3
_PR_SET_CHILD_SUBREAPER = 36


class Cost(NamedTuple):
    """Seconds on the clock and of processors."""

    clock: float
    processor: float


class Contest:
    """Runs both programs in turns on stores of their own below a directory."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self.capsys = capsys
        self.ours = directory / "ours"
        self.memo = "1"
        """Whether calls of osconf with nothing to do may be repeated without evaluating."""
        self.oracle = NixOracle(directory / "oracle")
        self.theirs = self.oracle.root / "root"
        programs = directory / "programs"
        programs.mkdir()
        nix = os.environ.get("NIX_INSTANTIATE") or shutil.which("nix-store")
        for name in ("nix", "nix-build", "nix-instantiate", "nix-store"):
            (programs / name).symlink_to(Path(str(nix)).with_name(name))
        self.programs = programs
        self.oracle.environment["PATH"] = f"{programs}:{os.environ['PATH']}"
        self.oracle.environment["NIX_CONFIG"] += (
            "sandbox = true\nsandbox-fallback = false\nsandbox-paths =\nmax-jobs = 2\n"
        )
        # What builds leave behind is ours to wait for, so that it is counted.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def nix(self, *words: str, source: Path | None = None) -> Cost:
        """What a command of Nix costs."""
        return self._run([str(self.programs / words[0]), *words[1:]], self.oracle.environment, source)

    def osconf(self, *words: str, source: Path | None = None) -> Cost:
        """What a command of osconf costs."""
        store = {"OSCONF_STORE_DIR": "/nix/store", "OSCONF_STORE": str(self.ours)}
        environment = {**os.environ, **store, "OSCONF_MEMO": self.memo}
        return self._run([sys.executable, "-m", "osconf.cli", *words], environment, source)

    def _run(self, command: list[str], environment: dict[str, str], source: Path | None) -> Cost:
        with (source or Path(os.devnull)).open("rb") as stdin:
            before = _processor_seconds()
            started = time.monotonic()
            done = subprocess.run(
                command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, check=False
            )
            clock = time.monotonic() - started
        assert done.returncode == 0, done.stderr.decode()
        with suppress(ChildProcessError):
            while True:
                os.wait()
        return Cost(clock, _processor_seconds() - before)

    def clear(self) -> None:
        """Empty both stores."""
        remove_tree(self.ours)
        remove_tree(self.theirs)
        self.theirs.mkdir()

    def hold(
        self,
        name: str,
        theirs: Callable[[], Cost],
        ours: Callable[[], Cost],
        prepare: Callable[[], None] = lambda: None,
        runs: int = RUNS,
    ) -> None:
        """Run both in turns, print the least that each took, and compare with the bar."""
        costs: list[tuple[Cost, Cost]] = []
        for _ in range(runs):
            prepare()
            costs.append((theirs(), ours()))
        nix, osconf = ([min(run[side][kind] for run in costs) for kind in (0, 1)] for side in (0, 1))
        ratio = osconf[1] / nix[1]
        with self.capsys.disabled():
            print(
                f"\n| {name:14} | {nix[1]:6.3f} | {osconf[1]:6.3f} | {ratio:4.2f} | {BARS[name]:3.1f} |"
                f" {nix[0]:6.3f} | {osconf[0]:6.3f} |",
                end="",
            )
        assert ratio <= BARS[name] * SLACK


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture
def contest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Contest:
    return Contest(tmp_path, capsys)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gigabyte in 20 000 files, most of them small."""
    chooser = random.Random(1)
    top = tmp_path_factory.mktemp("gigabyte") / "tree"
    block = chooser.randbytes(1 << 20)
    for number in range(20_000):
        place = top / f"d{number // 200}" / f"f{number % 200}"
        place.parent.mkdir(parents=True, exist_ok=True)
        size = chooser.randrange(40_000) if number % 20 else chooser.randrange(500_000, 900_000)
        place.write_bytes(block[-size:] if size else b"")
        place.chmod(0o755 if number % 7 == 0 else 0o644)
    return top


def test_archive_of_a_gigabyte(contest: Contest, tree: Path) -> None:
    contest.hold(
        "hash",
        lambda: contest.nix("nix", "hash", "path", str(tree)),
        lambda: contest.osconf("store", "hash", str(tree)),
    )
    contest.hold(
        "dump",
        lambda: contest.nix("nix-store", "--dump", str(tree)),
        lambda: contest.osconf("store", "dump", str(tree)),
    )


def test_import_of_a_gigabyte(contest: Contest, tree: Path) -> None:
    added = contest.oracle.text("nix-store", "--add", str(tree))
    export = contest.directory / "export"
    with export.open("wb") as file:
        subprocess.run(
            [contest.programs / "nix-store", "--export", added], stdout=file, env=contest.oracle.environment, check=True
        )
    contest.hold(
        "import",
        lambda: contest.nix("nix-store", "--import", source=export),
        lambda: contest.osconf("store", "import", source=export),
        contest.clear,
    )
    contest.hold(
        "add",
        lambda: contest.nix("nix-store", "--add", str(tree)),
        lambda: contest.osconf("store", "add", str(tree)),
        contest.clear,
    )
    contest.clear()


def make_graph(count: int) -> list[PathInfo]:
    """Paths that refer to the one before and to five others."""
    chooser = random.Random(1)
    content = hash_bytes("sha256", b"x")
    paths = [f"/nix/store/{hash_bytes('sha1', b'%d' % number).base32()}-p{number}" for number in range(count)]
    return [
        PathInfo(
            path,
            content,
            100,
            frozenset([*chooser.sample(paths[:number], min(number, 5)), *paths[number - 1 : number]]),
        )
        for number, path in enumerate(paths)
    ]


def register(contest: Contest, infos: list[PathInfo]) -> None:
    """Make the same paths valid for both, each with a file."""
    lines: list[str] = []
    for info in infos:
        references = sorted(info.references)
        lines += [info.path, info.nar_hash.base16(), str(info.nar_size), "", str(len(references)), *references]
    contest.oracle.run("nix-store", "--load-db", data=("\n".join(lines) + "\n").encode())
    with LocalStore.open(contest.ours, "/nix/store", durable=False) as store:
        store.registrar.register(infos)
    for root in (contest.ours, contest.theirs):
        (root / "nix/store").mkdir(parents=True, exist_ok=True)
        for info in infos:
            (root / info.path.lstrip("/")).write_text("x")


def test_ten_thousand_paths(contest: Contest) -> None:
    infos = make_graph(10_000)
    register(contest, infos)
    top = infos[-1].path
    contest.hold(
        "closure", lambda: contest.nix("nix-store", "-qR", top), lambda: contest.osconf("store", "closure", top)
    )
    key = SecretKey.generate("bench-1")
    (contest.directory / "key").write_text(key.render())

    def forget() -> None:
        for database in contest.theirs.rglob("db.sqlite"):
            subprocess.run([sys.executable, "-c", FORGET, str(database), "ValidPaths", "sigs"], check=True)
        for database in contest.ours.rglob("store.sqlite"):
            subprocess.run([sys.executable, "-c", FORGET, str(database), "paths", "signatures"], check=True)

    contest.hold(
        "sign",
        lambda: contest.nix("nix", "store", "sign", "-k", str(contest.directory / "key"), "-r", top),
        lambda: contest.osconf("store", "sign", "--key", str(contest.directory / "key"), "-r", top),
        forget,
    )
    contest.oracle.environment["NIX_CONFIG"] += f"trusted-public-keys = {key.render_public()}\n"
    contest.hold(
        "verify",
        lambda: contest.nix("nix", "store", "verify", "--no-contents", "--sigs-needed", "1", "-r", top),
        lambda: contest.osconf("store", "verify", "--signatures", "--trusted-key", key.render_public()),
    )


FORGET = (
    "import sqlite3, sys\n"
    "with sqlite3.connect(sys.argv[1]) as db: db.execute(f\"UPDATE {sys.argv[2]} SET {sys.argv[3]} = ''\")"
)


def test_garbage_of_a_hundred_thousand(contest: Contest) -> None:
    infos = make_graph(100_000)

    def prepare() -> None:
        contest.clear()
        register(contest, infos)

    contest.hold("garbage", lambda: contest.nix("nix-store", "--gc"), lambda: contest.osconf("gc"), prepare, runs=1)
    with LocalStore.open(contest.ours, "/nix/store", durable=False) as store:
        assert store.valid_paths() == []


PROGRAM = """
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) { return write(open(getenv("out"), O_WRONLY | O_CREAT, 0666), "x\\n", 2) != 2; }
"""
EXPRESSION = """
let make = n: derivation { name = "t${toString n}"; system = "x86_64-linux"; builder = ./tiny; number = n; };
in derivation { name = "all"; system = "x86_64-linux"; builder = ./tiny; inputs = builtins.genList make 300; }
"""


def test_three_hundred_builds(contest: Contest) -> None:
    work = contest.directory
    subprocess.run(
        ["gcc", "-static", "-O2", "-x", "c", "-", "-o", str(work / "tiny")], input=PROGRAM.encode(), check=True
    )
    (work / "all.nix").write_text(EXPRESSION)
    commands = (
        lambda: contest.nix("nix-build", str(work / "all.nix"), "--no-out-link"),
        lambda: contest.osconf("build", str(work / "all.nix"), "--no-link", "-j", "2"),
    )
    contest.hold("build", *commands, contest.clear)
    contest.hold("nothing to do", *commands, runs=7)
    contest.memo = "0"
    contest.hold("evaluated", *commands, runs=7)
