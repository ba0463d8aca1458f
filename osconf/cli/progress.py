"""Builds and downloads as a person sees them: a live line per build on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from osconf.build.reporter import QuietReporter, Reporter
from osconf.cli.live import DOWNLOADS, Display, name_of
from osconf.errors import OsconfError

if TYPE_CHECKING:
    from rich.console import Console

    from osconf.cli.context import Invocation

# Builtin builders make hundreds of small things in milliseconds: only what takes longer is worth a line.
_WORTH_A_LINE = 1.0
_WORTH_BYTES = 5_000_000


def make_reporter(invocation: Invocation) -> Reporter:
    """The reporter that fits the terminal and the options."""
    if invocation.quiet:
        return QuietReporter()
    if invocation.is_terminal:
        return LiveReporter()
    return PlainReporter(shows_log=invocation.verbose > 0)


def _is_failure(error: OsconfError | None) -> bool:
    """Whether a build went wrong; one that somebody interrupted did not."""
    return error is not None and error.code != "interrupted"


class PlainReporter(QuietReporter):
    """One line for what will be done, one for each build that took a while or failed."""

    def __init__(self, *, shows_log: bool = False) -> None:
        self._shows_log = shows_log
        self._announced: set[tuple[str, int]] = set()

    def planned(self, drvs: Mapping[str, Sequence[str]]) -> None:
        """Say how much there is to do."""
        if drvs:
            self._say(f"{len(drvs)} derivation{'s' if len(drvs) > 1 else ''} to build")

    def build_waits(self, drv: str, name: str, holder: str) -> None:
        """Another process builds it."""
        self._say(f"waiting for the lock on {name}, held by {holder}")

    def build_finished(self, drv: str, name: str, seconds: float, error: OsconfError | None) -> None:
        """Say what took a while, and what failed."""
        if _is_failure(error):
            self._say(f"failed after {seconds:.1f} s: {name}")
        elif error is None and seconds >= _WORTH_A_LINE:
            self._say(f"built {name} in {seconds:.1f} s")

    def progress(self, drv: str, done: int, total: int) -> None:
        """Announce downloads that take a while; each once."""
        if total - done >= _WORTH_BYTES and (drv, total) not in self._announced:
            self._announced.add((drv, total))
            self._say(f"downloading {drv if drv in DOWNLOADS else name_of(drv)}, {total / 1e6:.1f} MB")

    def substituted(self, path: str, source: str) -> None:
        """Say where a result came from."""
        self._say(f"fetched {name_of(path)} from {source}")

    def log_line(self, drv: str, line: str) -> None:
        """With --verbose, what builders print."""
        if self._shows_log:
            self._say(line)

    def _say(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class LiveReporter(QuietReporter):
    """How much is left, and what runs now with its time, redrawn in place; gone when all is done."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console
        self._lock = threading.RLock()
        self._display: Display | None = None

    def planned(self, drvs: Mapping[str, Sequence[str]]) -> None:
        """Set the goal; the download before the builds is over."""
        if drvs:
            with self._lock:
                display = self._open()
                for download in DOWNLOADS:
                    display.finish(download)
                display.state.add_goals(drvs)

    def build_started(self, drv: str, name: str) -> None:
        """A line more."""
        with self._lock:
            self._open().show(drv, name)

    def build_waits(self, drv: str, name: str, holder: str) -> None:
        """Show who else has it."""
        with self._lock:
            self._open().show(drv, name, f"waits for {holder}")

    def progress(self, drv: str, done: int, total: int) -> None:
        """Show how far a download is; that of the packages precedes the builds and has no derivation."""
        with self._lock:
            display = self._open()
            if drv not in display.state.tasks:
                display.show(drv, f"downloading {drv}" if drv in DOWNLOADS else name_of(drv))
            task = display.state.tasks[drv]
            task.done, task.total = done, total
            if drv in DOWNLOADS and done >= total:
                display.finish(drv)
                if not (display.state.tasks or display.state.total):
                    self.all_finished()

    def log_line(self, drv: str, line: str) -> None:
        """The last thing that a builder said stands beside its name."""
        with self._lock:
            if self._display is not None and drv in self._display.state.tasks and line.strip():
                self._display.state.tasks[drv].last_line = "".join(filter(str.isprintable, line.strip()))

    def substituted(self, path: str, source: str) -> None:
        """Count what caches had."""
        with self._lock:
            fetched = self._open().state.fetched
            fetched[source] = fetched.get(source, 0) + 1

    def build_finished(self, drv: str, name: str, seconds: float, error: OsconfError | None) -> None:
        """A line less; what took a while or failed stays on the screen."""
        with self._lock:
            if self._display is None:
                return
            self._display.finish(drv)
            self._display.state.finished += error is None
            self._display.state.failed += _is_failure(error)
            if _is_failure(error):
                self._display.leave_line("✗", "red", f"{name} ({seconds:.1f} s)")
            elif error is None and seconds >= _WORTH_A_LINE:
                self._display.leave_line("✓", "green", f"{name} ({seconds:.1f} s)")

    def all_finished(self) -> None:
        """Give the terminal back."""
        with self._lock:
            if self._display is not None:
                self._display.close()
                self._display = None

    def _open(self) -> Display:
        """The display, made when there is something to show: most commands show nothing, and rich loads slowly."""
        if self._display is None:
            self._display = Display(self._console)
        return self._display
