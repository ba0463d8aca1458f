"""Builds and downloads as a person sees them: a live line per build on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from osconf.build.reporter import QuietReporter, Reporter
from osconf.errors import OsconfError

if TYPE_CHECKING:
    from osconf.cli.context import Invocation

# Builtin builders make hundreds of small things in milliseconds: only what takes longer is worth a line.
_WORTH_A_LINE = 1.0
_REFRESH = 0.1


def make_reporter(invocation: Invocation) -> Reporter:
    """The reporter that fits the terminal and the options."""
    if invocation.quiet:
        return QuietReporter()
    if invocation.is_terminal:
        return LiveReporter()
    return PlainReporter(shows_log=invocation.verbose > 0)


class PlainReporter(QuietReporter):
    """One line for what will be done, one for each build that took a while or failed."""

    def __init__(self, *, shows_log: bool = False) -> None:
        self._shows_log = shows_log

    def planned(self, drvs: Sequence[str]) -> None:
        """Say how much there is to do."""
        if drvs:
            self._say(f"{len(drvs)} derivations to build")

    def build_waits(self, drv: str, name: str) -> None:
        """Another process builds it."""
        self._say(f"waiting for another process that builds {name}")

    def build_finished(self, drv: str, name: str, seconds: float, error: OsconfError | None) -> None:
        """Say what took a while, and what failed."""
        if error is not None:
            self._say(f"failed after {seconds:.1f} s: {name}")
        elif seconds >= _WORTH_A_LINE:
            self._say(f"built {name} in {seconds:.1f} s")

    def log_line(self, drv: str, line: str) -> None:
        """With --verbose, what builders print."""
        if self._shows_log:
            self._say(line)

    def _say(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class LiveReporter(QuietReporter):
    """What runs now, with its time, and how much is left, redrawn in place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, tuple[str, float]] = {}
        self._amounts: dict[str, tuple[int, int]] = {}
        self._total = 0
        self._done = 0
        self._drawn = 0
        self._last = 0.0

    def planned(self, drvs: Sequence[str]) -> None:
        """Set the goal."""
        with self._lock:
            self._total += len(drvs)

    def build_started(self, drv: str, name: str) -> None:
        """A line more."""
        with self._lock:
            self._running[drv] = (name, time.monotonic())
            self._draw()

    def build_waits(self, drv: str, name: str) -> None:
        """Show that somebody else has it."""
        with self._lock:
            self._running[drv] = (f"{name} (another process builds it)", time.monotonic())
            self._draw()

    def progress(self, drv: str, done: int, total: int) -> None:
        """Show how far a download is."""
        with self._lock:
            self._amounts[drv] = (done, total)
            self._draw()

    def log_line(self, drv: str, line: str) -> None:
        """A sign of life is enough here; `osconf log` has the text."""
        with self._lock:
            self._draw()

    def build_finished(self, drv: str, name: str, seconds: float, error: OsconfError | None) -> None:
        """A line less; what took a while or failed stays on the screen."""
        with self._lock:
            self._running.pop(drv, None)
            self._amounts.pop(drv, None)
            self._done += 1
            if error is not None:
                self._print(f"\033[31m✗\033[0m {name} ({seconds:.1f} s)")
            elif seconds >= _WORTH_A_LINE:
                self._print(f"\033[32m✓\033[0m {name} ({seconds:.1f} s)")
            self._draw(force=not self._running)

    def _print(self, line: str) -> None:
        self._clear()
        sys.stderr.write(line + "\n")

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write(f"\033[{self._drawn}F\033[J")
            self._drawn = 0

    def _draw(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if not force and now - self._last < _REFRESH:
            return
        self._last = now
        self._clear()
        if self._done < self._total or self._running:
            lines = [f"building {self._done} of {self._total}"]
            for drv, (name, started) in list(self._running.items())[:6]:
                done, total = self._amounts.get(drv, (0, 0))
                amount = f"  {done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else ""
                lines.append(f"  {name}  {now - started:.1f} s{amount}")
            sys.stderr.write("\n".join(lines) + "\n")
            self._drawn = len(lines)
        sys.stderr.flush()
