"""What happens during a build, told over a connection as it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from osconf.build.reporter import Reporter
from osconf.daemon.messages import decode_error, encode_error
from osconf.errors import OsconfError
from osconf.log import logger

_MAX_LINE = 1 << 16
_PROGRESS_STEP = 0.01


class EventSender:
    """A reporter whose audience is at the other end of a connection."""

    def __init__(self, send: Callable[[Mapping[str, Any]], None]) -> None:
        self._send = send
        self._shown: dict[str, int] = {}

    def _tell(self, event: str, *arguments: Any) -> None:
        self._send({"event": event, "arguments": arguments})

    def planned(self, drvs: Mapping[str, Sequence[str]]) -> None:
        """See `Reporter.planned`."""
        self._tell("planned", {path: list(inputs) for path, inputs in drvs.items()})

    def build_started(self, drv: str, name: str) -> None:
        """See `Reporter.build_started`."""
        self._tell("build_started", drv, name)

    def build_waits(self, drv: str, name: str, holder: str) -> None:
        """See `Reporter.build_waits`."""
        self._tell("build_waits", drv, name, holder)

    def build_finished(self, drv: str, name: str, seconds: float, error: OsconfError | None) -> None:
        """See `Reporter.build_finished`."""
        self._tell("build_finished", drv, name, seconds, None if error is None else encode_error(error))

    def log_line(self, drv: str, line: str) -> None:
        """See `Reporter.log_line`."""
        self._tell("log_line", drv, line[:_MAX_LINE])

    def progress(self, drv: str, done: int, total: int) -> None:
        """See `Reporter.progress`; steps that nobody could see are not told."""
        step = max(1, int(total * _PROGRESS_STEP), 1 << 16)
        if done >= total > 0 or done - self._shown.get(drv, -step) >= step:
            self._shown[drv] = done
            self._tell("progress", drv, done, total)

    def substituted(self, path: str, source: str) -> None:
        """See `Reporter.substituted`."""
        self._tell("substituted", path, source)

    def all_finished(self) -> None:
        """See `Reporter.all_finished`; the client knows when its request is over."""


def deliver_event(reporter: Reporter, message: Mapping[str, Any]) -> None:
    """Tell a reporter of an event that arrived; one that this version does not know is passed over."""
    arguments = list(message.get("arguments") or ())
    match message.get("event"):
        case "planned":
            reporter.planned(*arguments)
        case "build_started":
            reporter.build_started(*arguments)
        case "build_waits":
            reporter.build_waits(*arguments)
        case "build_finished":
            drv, name, seconds, error = arguments
            reporter.build_finished(drv, name, seconds, None if error is None else decode_error(error))
        case "log_line":
            reporter.log_line(*arguments)
        case "progress":
            reporter.progress(*arguments)
        case "substituted":
            reporter.substituted(*arguments)
        case "warning":
            logger.warning("%s", *arguments)
