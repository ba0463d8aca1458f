"""What a build tells its audience while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from osconf.errors import OsconfError


class Reporter(Protocol):
    """Receives events, from any thread. `drv` is the derivation's store path."""

    def planned(self, drvs: Mapping[str, Sequence[str]]) -> None:
        """These derivations will be built, inputs first; each with those of them that it waits for."""

    def build_started(self, drv: str, name: str) -> None:
        """A build begins."""

    def build_waits(self, drv: str, name: str, holder: str) -> None:
        """Another process, `holder`, builds the same; we wait for it."""

    def build_finished(self, drv: str, name: str, seconds: float, error: OsconfError | None) -> None:
        """A build is over; `error` is None when it succeeded."""

    def log_line(self, drv: str, line: str) -> None:
        """A line of a builder's output."""

    def progress(self, drv: str, done: int, total: int) -> None:
        """A download has `done` of `total` bytes (0 when unknown)."""

    def substituted(self, path: str, source: str) -> None:
        """A path came from a binary cache."""

    def all_finished(self) -> None:
        """Nothing is built or downloaded any more, whatever came of it."""


class QuietReporter:
    """Ignores everything; a base for reporters that care for some events."""

    def planned(self, drvs: Mapping[str, Sequence[str]]) -> None:
        """See `Reporter.planned`."""

    def build_started(self, drv: str, name: str) -> None:
        """See `Reporter.build_started`."""

    def build_waits(self, drv: str, name: str, holder: str) -> None:
        """See `Reporter.build_waits`."""

    def build_finished(self, drv: str, name: str, seconds: float, error: OsconfError | None) -> None:
        """See `Reporter.build_finished`."""

    def log_line(self, drv: str, line: str) -> None:
        """See `Reporter.log_line`."""

    def progress(self, drv: str, done: int, total: int) -> None:
        """See `Reporter.progress`."""

    def substituted(self, path: str, source: str) -> None:
        """See `Reporter.substituted`."""

    def all_finished(self) -> None:
        """See `Reporter.all_finished`."""
