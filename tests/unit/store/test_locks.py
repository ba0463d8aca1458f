"""Waiting for locks: who holds them is said, and no wait is without end."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from osconf.errors import StoreError
from osconf.store import locks
from osconf.store.database import Database
from osconf.store.local import LocalStore
from osconf.store.locks import LockTimeout, LockWait, PathLock, describe_holder, hold_lock
from tests.unit.build.conftest import Workbench

HOLD = "import fcntl, sys\nfile = open(sys.argv[1], 'a')\nfcntl.flock(file, fcntl.LOCK_EX)\nprint(flush=True)\ninput()"
WRITE = (
    "import sqlite3, sys\nconnection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "connection.execute('BEGIN IMMEDIATE')\nprint(flush=True)\ninput()"
)


@contextmanager
def another_process(program: str, file: Path) -> Iterator[int]:
    """A process that holds something until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(file), "osconf build"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid


def test_holder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.lock"
    assert describe_holder(file) == "another process"
    with another_process(HOLD, file) as pid:
        assert describe_holder(file).startswith(f"pid {pid} (")
        assert not PathLock(tmp_path, "a").try_acquire()
    assert PathLock(tmp_path, "a").try_acquire()


def test_what_another_process_calls_itself_is_one_plain_line(tmp_path: Path) -> None:
    with another_process(HOLD + "\n'\x1b[2J'", tmp_path / "a.lock"):
        assert describe_holder(tmp_path / "a.lock").isprintable()


def test_a_long_wait_is_announced_once_and_ends(tmp_path: Path) -> None:
    told: list[str] = []
    file = tmp_path / "a.lock"
    with another_process(HOLD, file) as pid:
        wait = LockWait(file, "'thing'", limit=0.3, silent=0.1, tell=told.append)
        with pytest.raises(LockTimeout, match=f"lock on 'thing' did not get free within 0.3 seconds.*pid {pid}"):
            while True:
                wait.pause()
    assert len(told) == 1 and told[0].startswith(f"pid {pid} ")


def test_a_lock_that_is_given_back_has_no_new_holder(tmp_path: Path) -> None:
    told: list[str] = []
    file = tmp_path / "a.lock"
    wait = LockWait(file, "'thing'", silent=0, tell=told.append)
    with another_process(HOLD, file):
        wait.pause()
    wait.tell_at = 0
    wait.pause()
    assert len(told) == 1


@pytest.mark.parametrize("take", ["path", "shared", "exclusive"])
def test_every_lock_names_its_holder(
    take: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locks, "_SILENT_SECONDS", 0.05)
    file = tmp_path / "a.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD.replace("input()", "import time; time.sleep(0.5)"), str(file)],
        stdout=subprocess.PIPE,
    )
    with holder, caplog.at_level(logging.WARNING, "osconf"):
        assert holder.stdout is not None
        holder.stdout.readline()
        with PathLock(tmp_path, "a") if take == "path" else hold_lock(file, exclusive=take == "exclusive"):
            pass
    assert f"held by pid {holder.pid}" in caplog.text


def test_a_busy_database_names_its_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "db"
    database = Database(file)
    database.connection.execute("PRAGMA busy_timeout = 100")
    with another_process(WRITE, file) as pid, pytest.raises(StoreError, match=f"held by pid {pid}") as caught:
        database.invalidate([])
    assert caught.value.code == "lock-timeout"
    database.close()


def test_a_build_waits_for_the_one_that_has_it(tmp_path: Path) -> None:
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        bench = Workbench(store)
        recipe = bench.text("x", "x")
        file = store.layout.locks / f"{recipe.out.rpartition('/')[2]}.lock"
        with another_process(HOLD, file) as pid, pytest.raises(LockTimeout, match=f"lock on 'x'.*pid {pid}"):
            bench.build(recipe, lock_timeout=0.3)
        assert bench.build(recipe).read_text() == "x"
