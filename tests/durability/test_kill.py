"""kill -9 while a store works: at every kind of step, in a store that has seen all the kills before."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.durability.judge import judge_store
from tests.durability.work import CACHE, Promises, work

# What changes files, as the interpreter reports it before it happens.
CHANGES = {
    *("os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "os.symlink", "os.chmod", "os.chown", "os.utime"),
    *("os.truncate", "os.removexattr", "fcntl.flock", "subprocess.Popen", "os.posix_spawn", "os.exec"),
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Doomed:
    """A process that does one turn of work, and is killed at a step or after a time; tells what it finished."""

    def __init__(self, root: Path, turn: int, *, sandbox: bool, die_at: int = 0, die_after: float = 0) -> None:
        reader, writer = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reader)
            self._live(root, turn, sandbox, die_at, writer)
        os.close(writer)
        self.die_after = die_after
        self.reader = reader

    @staticmethod
    def _live(root: Path, turn: int, sandbox: bool, die_at: int, writer: int) -> None:
        code = 1
        try:
            count = _count_changes(lambda number: number == die_at and os.kill(os.getpid(), signal.SIGKILL))
            work(root, turn, Promises(lambda paths: _say(writer, paths)), sandbox=sandbox, durable=False)
            _say(writer, {f"changes {count['changes']}"})
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def end(self) -> tuple[set[str], int, bool]:
        """Wait for the end; gives the paths that were promised last, the changes of a whole turn, and if it died."""
        if self.die_after:
            time.sleep(self.die_after)
            os.kill(self.pid, signal.SIGKILL)
        with os.fdopen(self.reader, "rb") as reader:
            lines = reader.read().decode().splitlines()
        status = os.waitpid(self.pid, 0)[1]
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        changes = 0
        if lines and lines[-1].startswith("changes "):
            changes = int(lines.pop().split()[1])
        return set(lines[-1].split()) if lines else set(), changes, os.WIFSIGNALED(status)


def _say(writer: int, words: set[str] | frozenset[str]) -> None:
    os.write(writer, (" ".join(sorted(words)) + "\n").encode())


def _count_changes(reached: Callable[[int], object]) -> Counter[str]:
    count: Counter[str] = Counter()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES):
            count["changes"] += 1
            reached(count["changes"])

    sys.addaudithook(hook)
    return count


@pytest.mark.parametrize(("kills", "sandbox"), [(40, False), pytest.param(500, True, marks=pytest.mark.slow)])
def test_a_store_survives_kills(tmp_path: Path, kills: int, sandbox: bool) -> None:
    root = tmp_path / "root"
    root.mkdir()
    started = time.monotonic()
    promised, changes, killed = Doomed(root, 0, sandbox=sandbox).end()
    duration = time.monotonic() - started
    assert changes > 200 and promised and not killed
    chance = random.Random(1)
    seen: Counter[str] = Counter()
    problems = []
    for number in range(1, kills + 1):
        shutil.rmtree(root / CACHE, ignore_errors=True)
        if number % 4:
            doomed = Doomed(root, number, sandbox=sandbox, die_at=1 + number * changes // (kills + 1))
        else:
            doomed = Doomed(root, number, sandbox=sandbox, die_after=chance.uniform(0.001, duration))
        promised, _, killed = doomed.end()
        verdict = judge_store(root, promised, number, build_first=number % 2 == 0, sandbox=sandbox and number % 10 == 0)
        problems += [f"kill {number}: {problem}" for problem in verdict.problems]
        seen.update(killed=killed, leftovers=bool(verdict.leftovers), promised=bool(promised))
        (root / f"result-source-{number - 1}").unlink(missing_ok=True)
    print(f"{changes} changes in a turn: {dict(seen)}")
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:40])
    assert seen["killed"] > kills * 0.7 and seen["leftovers"] > kills * 0.3
