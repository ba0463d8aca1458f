"""Replaying a recorded disk: each power cut's image is repaired as at a boot, mounted, and its store judged."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from osconf.vm.block_log import BlockLog, DiskReplay, plan_power_cuts
from tests.durability.disks import mounted, repair_file_system
from tests.durability.judge import judge_store

MEMORY = Path("/dev/shm")


@dataclass
class Timeline:
    """What was promised (see `work.Promises`) from which size of the log on."""

    log: Path
    entries: list[tuple[int, frozenset[str]]] = field(default_factory=lambda: [(0, frozenset())])

    def note(self, paths: frozenset[str]) -> None:
        """From now on these paths must be valid."""
        self.entries.append((self.log.stat().st_size, paths))


def judge_power_cuts(timeline: Timeline, base: Path, count: int, place: Path, *, store: str = "", turn: int) -> str:
    """Make `count` power cuts of a recording and judge the store at `store` of the file system, mounted at `place`.

    `base` is the image before; it is used up. Gives the figures; raises `AssertionError` with what was found wrong.
    """
    log = BlockLog.read(timeline.log)
    since = [(log.count_at(size), paths) for size, paths in timeline.entries]
    replay = DiskReplay(log, base)
    copy = (MEMORY if MEMORY.is_dir() else base.parent) / f"osconf-power-cut-{os.getpid()}.img"
    seen: Counter[str] = Counter()
    problems = []
    try:
        for number, cut in enumerate(plan_power_cuts(log, count, seed=1)):
            replay.write_image(cut, copy)
            problems += [f"{cut}: e2fsck: {text}" for text in repair_file_system(copy).splitlines()]
            promised = next(paths for done, paths in reversed(since) if done <= cut.at)
            with mounted(copy, place) as mount:
                root = mount / store
                root.mkdir(exist_ok=True)
                if number % 50 == 10:
                    problems += [f"{cut}: {problem}" for problem in verify_by_command(root)]
                verdict = judge_store(root, promised, turn, build_first=number % 2 == 0, sandbox=False)
            problems += [f"{cut}: {problem}" for problem in verdict.problems]
            seen.update(cuts=1, stores=bool(verdict.valid), leftovers=bool(verdict.leftovers))
            seen.update(promises=bool(promised), survivors=bool(cut.survivors), torn=cut.torn is not None)
    finally:
        copy.unlink(missing_ok=True)
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:40])
    assert seen["cuts"] == count and seen["leftovers"] and seen["promises"], dict(seen)
    return f"{len(log.requests)} requests, {len(log.flushes)} flushes: {dict(seen)}"


def verify_by_command(root: Path) -> list[str]:
    """What the command says that a person would give."""
    command = [sys.executable, "-m", "osconf.cli", "--store", str(root), "store", "verify", "--check-contents"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"osconf store verify: {done.stdout}{done.stderr}"]
