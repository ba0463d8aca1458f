"""The live display of a terminal: a bar for the whole, and a tree of what builds, downloads and waits.

`progress` decides what is told; this draws it. A derivation hangs below the first one that waits for it; of those that
only wait, the tree has the way to the root.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osconf.model.store_path import DRV_SUFFIX, HASH_LENGTH

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

_PER_SECOND = 8
_MIN_LINES, _MAX_LINES = 4, 24
_BAR_WIDTH = 30
# Downloads that no derivation makes.
DOWNLOADS = frozenset(("packages", "package index"))


@dataclass
class Task:
    """Something that goes on: a build, a download, a wait."""

    name: str
    started: float
    note: str = ""
    done: int = 0
    total: int = 0
    last_line: str = ""


@dataclass
class Progress:
    """The state of a run, without a terminal."""

    total: int = 0
    finished: int = 0
    failed: int = 0
    started: float = 0
    tasks: dict[str, Task] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    """Derivation → the first that waits for it."""
    fetched: dict[str, int] = field(default_factory=dict)

    def add_goals(self, goals: Mapping[str, Sequence[str]]) -> None:
        """So many more builds are to be done."""
        self.total += len(goals)
        for path, inputs in goals.items():
            for inner in inputs:
                self.parents.setdefault(inner, path)

    def rows(self, limit: int) -> list[tuple[int, str, Task | None]]:
        """The tree as (depth, name, task), a task being None for what only waits; at most `limit` rows.

        The thread that draws asks, while others add and remove tasks: it works on a copy.
        """
        tasks = self.tasks.copy()
        children: dict[str, list[str]] = {}
        shown: set[str] = set()
        for path in tasks:
            at = path
            while at not in shown:
                shown.add(at)
                parent = self.parents.get(at, "")
                children.setdefault(parent, []).append(at)
                if not parent:
                    break
                at = parent
        if len(shown) > limit:
            return [(0, task.name, task) for task in list(tasks.values())[:limit]]
        rows: list[tuple[int, str, Task | None]] = []
        pending = [(path, 0) for path in reversed(children.get("", []))]
        while pending:
            path, depth = pending.pop()
            task = tasks.get(path)
            rows.append((depth, task.name if task else name_of(path), task))
            pending.extend((child, depth + 1) for child in reversed(children.get(path, [])))
        return rows


def name_of(path: str) -> str:
    """The name in a store path, without the suffix of derivations."""
    return path.rpartition("/")[2][HASH_LENGTH + 1 :].removesuffix(DRV_SUFFIX) or path


def show_time(seconds: float) -> str:
    """A duration such as 3.2 s, 4:05 or 1:02:03."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_amount(done: int, total: int, seconds: float) -> str:
    """How much of a download is there, and how fast it comes."""
    of = f" of {total / 1e6:.1f}" if total else ""
    speed = f", {done / 1e6 / seconds:.1f} MB/s" if seconds > 1 else ""
    return f"{done / 1e6:.1f}{of} MB{speed}"


class Display:
    """The lines on the terminal."""

    def __init__(self, console: Console | None) -> None:
        from rich.console import Console
        from rich.live import Live

        self.console = console or Console(stderr=True, highlight=False)
        self.state = Progress(started=time.monotonic())
        # Standard output carries results and stays out of this.
        self.live: Live = Live(
            get_renderable=self.draw,
            console=self.console,
            transient=True,
            refresh_per_second=_PER_SECOND,
            redirect_stdout=False,
        )
        self.live.start()

    def show(self, path: str, name: str, note: str = "") -> None:
        """A line for something that goes on."""
        task = self.state.tasks.get(path)
        if task is None:
            self.state.tasks[path] = Task(name, time.monotonic(), note)
        else:
            task.note = note

    def finish(self, path: str) -> None:
        """Take a line away."""
        self.state.tasks.pop(path, None)

    def leave_line(self, mark: str, color: str, text: str) -> None:
        """A line that stays."""
        from rich.text import Text

        self.console.print(Text.assemble((mark, color), " ", text), soft_wrap=True)

    def close(self) -> None:
        """Remove what is drawn and show the cursor again."""
        self.live.stop()

    def draw(self) -> RenderableType:
        """The present state."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        now = time.monotonic()
        lines: list[RenderableType] = []
        if self.state.total:
            from rich.progress_bar import ProgressBar

            head = Table.grid(padding=(0, 1))
            bar = ProgressBar(total=self.state.total, completed=self.state.finished, width=_BAR_WIDTH)
            failed = f", {self.state.failed} failed" if self.state.failed else ""
            count = f"{self.state.finished} of {self.state.total} built{failed}"
            head.add_row("building", bar, count, show_time(now - self.state.started))
            lines.append(head)
        limit = max(_MIN_LINES, min(_MAX_LINES, self.console.height - 6))
        rows = self.state.rows(limit)
        lines.extend(_draw_row(row, now, self.console.width // 2) for row in rows)
        hidden = len(self.state.tasks) - sum(task is not None for _, _, task in rows)
        if hidden > 0:
            lines.append(Text(f"  … and {hidden} more"))
        for source, number in self.state.fetched.copy().items():
            lines.append(Text(f"  fetched {number} path{'s' if number > 1 else ''} from {source}", no_wrap=True))
        return Group(*lines)


def _draw_row(row: tuple[int, str, Task | None], now: float, longest: int) -> Text:
    from rich.text import Text

    depth, name, task = row
    if len(name) > longest:
        # What goes on is worth more than the end of a name.
        name = f"{name[: longest - 1]}…"
    line = Text("  " * (depth + 1), no_wrap=True, overflow="ellipsis")
    if task is None:
        line.append(f"{name} waits", "dim")
        return line
    seconds = now - task.started
    line.append(name)
    line.append(f"  {show_time(seconds)}", "cyan")
    if task.done or task.total:
        line.append(f"  {show_amount(task.done, task.total, seconds)}")
    if task.note:
        line.append(f"  {task.note}", "yellow")
    if task.last_line:
        line.append(f"  {task.last_line}", "dim")
    return line
