"""Progress as a person sees it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from osconf.build.reporter import Reporter
from osconf.cli.progress import LiveReporter, PlainReporter
from osconf.errors import BuildError


def report_builds(reporter: Reporter) -> None:
    """A download and four builds: a quick one, a slow one, one that fails, one that is interrupted."""
    reporter.progress("packages", 2_000_000, 8_000_000)
    reporter.planned(["quick", "slow", "bad", "stopped"])
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
    reporter.planned([])
    reporter.all_finished()
    assert screen.getvalue() == ""


def test_late_news_draw_nothing() -> None:
    screen = io.StringIO()
    reporter = LiveReporter(Console(file=screen, force_terminal=True))
    reporter.planned(["one"])
    reporter.all_finished()
    drawn = screen.getvalue()
    reporter.build_finished("one", "one", 5.0, None)
    assert screen.getvalue() == drawn
