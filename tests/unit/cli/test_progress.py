"""Progress as a person sees it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from osconf.build.reporter import Reporter
from osconf.cli.live import Progress, Task, show_time
from osconf.cli.progress import LiveReporter, PlainReporter
from osconf.errors import BuildError


def report_builds(reporter: Reporter) -> None:
    """A download and four builds: a quick one, a slow one, one that fails, one that is interrupted."""
    reporter.progress("packages", 2_000_000, 8_000_000)
    reporter.planned({name: () for name in ("quick", "slow", "bad", "stopped")})
    for name in ("quick", "slow", "bad", "stopped"):
        reporter.build_started(name, name)
    reporter.build_waits("quick", "quick", "pid 7 (osconf build)")
    reporter.build_finished("quick", "quick", 0.1, None)
    reporter.build_finished("slow", "slow", 2.5, None)
    reporter.build_finished("bad", "bad", 0.2, BuildError("it broke"))
    reporter.build_finished("stopped", "stopped", 9.0, BuildError("stop", code="interrupted"))
    reporter.all_finished()


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    report_builds(PlainReporter())
    assert capsys.readouterr().err.splitlines() == [
        "downloading packages, 8.0 MB",
        "4 derivations to build",
        "waiting for the lock on quick, held by pid 7 (osconf build)",
        "built slow in 2.5 s",
        "failed after 0.2 s: bad",
    ]


def test_terminal_is_left_clean() -> None:
    screen = io.StringIO()
    report_builds(LiveReporter(Console(file=screen, force_terminal=True, no_color=True, width=60)))
    text = screen.getvalue()
    assert "✓ slow (2.5 s)\n" in text
    assert "✗ bad (0.2 s)\n" in text
    assert "stopped (9" not in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1, "the cursor is hidden, then shown again"


def test_nothing_is_drawn_when_nothing_is_built() -> None:
    screen = io.StringIO()
    reporter = LiveReporter(Console(file=screen, force_terminal=True))
    reporter.planned({})
    reporter.all_finished()
    assert screen.getvalue() == ""


def test_late_news_draw_nothing() -> None:
    screen = io.StringIO()
    reporter = LiveReporter(Console(file=screen, force_terminal=True))
    reporter.planned({"one": ()})
    reporter.all_finished()
    drawn = screen.getvalue()
    reporter.build_finished("one", "one", 5.0, None)
    assert screen.getvalue() == drawn


def test_tree_of_what_builds_and_waits() -> None:
    state = Progress()
    state.add_goals({"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "other": ()})
    state.tasks["a"] = Task("a", 0)
    state.tasks["other"] = Task("other", 0)
    assert [(depth, name, task is None) for depth, name, task in state.rows(10)] == [
        (0, "d", True),
        (1, "b", True),
        (2, "a", False),
        (0, "other", False),
    ]
    assert [name for _, name, _ in state.rows(2)] == ["a", "other"], "without room, only what goes on"


def test_what_a_person_sees() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, no_color=True, width=80, height=20)
    reporter = LiveReporter(console)
    reporter.planned({"/osconf/store/00000000000000000000000000000000-a.drv": (), "b": ()})
    reporter.build_started("c", "c")
    reporter.build_finished("c", "c", 0.1, BuildError("no"))
    reporter.build_started("b", "b")
    reporter.log_line("b", "checking for \x1b[31mcc\x07")
    reporter.build_waits("c", "c", "pid 7 (osconf build)")
    reporter.progress("/osconf/store/00000000000000000000000000000000-a.drv", 3_000_000, 12_000_000)
    reporter.substituted("/osconf/store/00000000000000000000000000000000-x", "https://cache.example.org")
    display = reporter._open()
    with console.capture() as captured:
        console.print(display.draw())
    reporter.all_finished()
    text = captured.get()
    assert "0 of 2 built, 1 failed" in text
    assert "checking for [31mcc" in text
    assert "waits for pid 7 (osconf build)" in text
    assert "a  0.0 s  3.0 of 12.0 MB" in text
    assert "fetched 1 path from https://cache.example.org" in text


@pytest.mark.parametrize(("seconds", "shown"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (65, "1:05"), (3725, "1:02:05")])
def test_times(seconds: float, shown: str) -> None:
    assert show_time(seconds) == shown


def test_long_names_leave_room() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, no_color=True, width=40, height=20)
    reporter = LiveReporter(console)
    reporter.planned({"p": ()})
    reporter.build_started("p", "name-" * 30)
    with console.capture() as captured:
        console.print(reporter._open().draw())
    reporter.all_finished()
    assert "name-name-name-name…  0.0 s" in captured.get()
