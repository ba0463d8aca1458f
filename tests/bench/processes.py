"""What a process costs: run one to its end, and read what the kernel counted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A process counts as its own the memory of the one that started it, as it was then: so a small one starts it.
_LAUNCHER = """
import os, sys, time
started = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
with open(int(sys.argv[1]), "w") as report:
    print(time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=report)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""


@dataclass(frozen=True)
class Cost:
    """What a process took: elapsed and processor seconds, the most memory it had in MB, what it printed."""

    elapsed: float
    seconds: float
    megabytes: float
    output: str

    def __str__(self) -> str:
        return f"{self.elapsed:6.2f} s elapsed, {self.seconds:6.2f} s of processor, {self.megabytes:5.0f} MB"


def run_process(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Cost:
    """Run a program to its end; it must succeed."""
    source, sink = os.pipe()
    with os.fdopen(source) as report:
        try:
            outcome = subprocess.run(
                [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(sink), *command],
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
                cwd=cwd,
                pass_fds=(sink,),
                check=True,
            )
        finally:
            os.close(sink)
        elapsed, seconds, megabytes = map(float, report.read().split())
    return Cost(elapsed, seconds, megabytes, outcome.stdout.strip())
