"""Builds and downloads as a person sees them: a live line per build on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from osconf.build.reporter import QuietReporter, Reporter
from osconf.errors import OsconfError
from osconf.model.store_path import HASH_LENGTH

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.progress import Progress, TaskID

    from osconf.cli.context import Invocation

# Builtin builders make hundreds of small things in milliseconds: only what takes longer is worth a line.
_WORTH_A_LINE = 1.0


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

    def planned(self, drvs: Sequence[str]) -> None:
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

    def substituted(self, path: str, source: str) -> None:
        """Say where a result came from."""
        self._say(f"fetched {path.rpartition('/')[2][HASH_LENGTH + 1 :]} from {source}")

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
        self._display: _Display | None = None

    def planned(self, drvs: Sequence[str]) -> None:
        """Set the goal."""
        if drvs:
            with self._lock:
                self._open().add_goal(len(drvs))

    def build_started(self, drv: str, name: str) -> None:
        """A line more."""
        with self._lock:
            self._open().show(drv, name)

    def build_waits(self, drv: str, name: str, holder: str) -> None:
        """Show who else has it."""
        with self._lock:
            self._open().show(drv, f"{name} (waits for {holder})")

    def progress(self, drv: str, done: int, total: int) -> None:
        """Show how far a download is; that of the packages precedes the builds and has no derivation."""
        with self._lock:
            self._open().show_amount(drv, done, total)

    def substituted(self, path: str, source: str) -> None:
        """Count what caches had."""
        with self._lock:
            self._open().count_fetched(source)

    def build_finished(self, drv: str, name: str, seconds: float, error: OsconfError | None) -> None:
        """A line less; what took a while or failed stays on the screen."""
        with self._lock:
            if self._display is None:
                return
            self._display.finish(drv)
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

    def _open(self) -> _Display:
        """The display, made when there is something to show: most commands show nothing, and rich loads slowly."""
        if self._display is None:
            self._display = _Display(self._console)
        return self._display


class _Display:
    """The lines on the terminal."""

    def __init__(self, console: Console | None) -> None:
        from rich.console import Console, Group
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.console = console or Console(stderr=True, highlight=False)
        label = TextColumn("{task.description}", markup=False)
        self.goal: Progress = Progress(label, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.running: Progress = Progress(
            TextColumn(" ", markup=False), label, TimeElapsedColumn(), TextColumn("{task.fields[amount]}", markup=False)
        )
        self.goal_task: TaskID | None = None
        self.tasks: dict[str, TaskID] = {}
        self.fetched: dict[str, int] = {}
        self.live: Live = Live(Group(self.goal, self.running), console=self.console, transient=True)
        self.live.start()

    def add_goal(self, count: int) -> None:
        """So many more builds are to be done; the download before them is over."""
        self.finish("packages", counts=False)
        if self.goal_task is None:
            self.goal_task = self.goal.add_task("building", total=0)
        self.goal.update(self.goal_task, total=(self.goal.tasks[0].total or 0) + count)

    def show(self, drv: str, text: str) -> None:
        """A line for a build."""
        if drv in self.tasks:
            self.running.update(self.tasks[drv], description=text)
        else:
            self.tasks[drv] = self.running.add_task(text, total=None, amount="")

    def show_amount(self, drv: str, done: int, total: int) -> None:
        """How much of a download is there."""
        if drv not in self.tasks:
            self.show(drv, f"downloading {drv}")
        amount = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{done / 1e6:.1f} MB"
        self.running.update(self.tasks[drv], amount=amount)

    def count_fetched(self, source: str) -> None:
        """One more path came from a cache."""
        self.fetched[source] = count = self.fetched.get(source, 0) + 1
        self.show(source, f"fetched {count} path{'s' if count > 1 else ''} from {source}")

    def finish(self, drv: str, *, counts: bool = True) -> None:
        """Take a line away."""
        if drv in self.tasks:
            self.running.remove_task(self.tasks.pop(drv))
        if counts and self.goal_task is not None:
            self.goal.advance(self.goal_task)

    def leave_line(self, mark: str, color: str, text: str) -> None:
        """A line that stays."""
        from rich.text import Text

        self.console.print(Text.assemble((mark, color), " ", text), soft_wrap=True)

    def close(self) -> None:
        """Remove what is drawn and show the cursor again."""
        self.live.stop()
