"""Stopping builtin builders: they run in threads of this process, and nothing kills a thread.

An exception is raised in the thread of a builder that is cancelled or takes too long, again and again until it ends:
its own cleaning up still happens. What is in one long call of the system or of a library does not notice; it is given
up then, and ends with the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

from osconf.errors import BuildError

_AGAIN_SECONDS = 1.0
_GRACE_SECONDS = 5.0
_SOON_SECONDS = 0.2

T = TypeVar("T")


class Stopped(BaseException):
    """Raised in a builder's thread. No `Exception`: a builder must not take it for a failure of its own."""


@dataclass
class _Running:
    """A builder at work; times are those of the monotonic clock."""

    drv_path: str
    name: str
    cancelled: Event
    timeout: float
    thread: int = field(default_factory=threading.get_ident)
    started: float = field(default_factory=time.monotonic)
    error: BuildError | None = None
    asked: float = 0
    asked_again: float = 0

    def find_reason(self, now: float) -> BuildError | None:
        """Why it has to end, when it has to."""
        if self.cancelled.is_set():
            message = f"the build of '{self.name}' was interrupted"
            return BuildError(message, drv=self.drv_path, code="interrupted")
        if self.timeout and now - self.started > self.timeout:
            message = f"the build of '{self.name}' took longer than {self.timeout:g} seconds"
            return BuildError(message, drv=self.drv_path, code="build-timeout")
        return None


class Overseer:
    """The builtin builders of one run. Whoever waits for them calls `look` from time to time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}

    def run(self, drv_path: str, name: str, cancelled: Event, timeout: float, build: Callable[[], T]) -> T:
        """Call a builder in this thread; raises `BuildError` when it was stopped. A timeout of 0 is none."""
        running = _Running(drv_path, name, cancelled, timeout)
        try:
            try:
                with self._lock:
                    self._running[drv_path] = running
                return build()
            finally:
                self._forget(running)
        except Stopped:
            # It may have come before the builder was forgotten.
            self._forget(running)
            assert running.error is not None
            raise running.error from None

    def _forget(self, running: _Running) -> None:
        with self._lock:
            self._running.pop(running.drv_path, None)
            # From here none can come: those that were sent and have not arrived are taken back.
            if running.error is not None:
                _raise_in(running.thread, None)

    def look(self) -> dict[str, BuildError]:
        """Stop the builders that have to end; those that do not hear of it, by derivation, with what to say of them."""
        now = time.monotonic()
        with self._lock:
            for running in self._running.values():
                if running.error is None:
                    running.error = running.find_reason(now)
                    running.asked = now
                if running.error is not None and now >= running.asked_again:
                    _raise_in(running.thread, Stopped)
                    running.asked_again = now + _AGAIN_SECONDS
            return {
                path: running.error
                for path, running in self._running.items()
                if running.error is not None and now - running.asked > _GRACE_SECONDS
            }

    def pause(self, longest: float) -> float:
        """After how many seconds to look again."""
        now = time.monotonic()
        with self._lock:
            waits = [
                _SOON_SECONDS if running.error is not None else running.started + running.timeout - now
                for running in self._running.values()
                if running.error is not None or running.timeout
            ]
        return min([longest, *(max(wait, _SOON_SECONDS) for wait in waits)])


def _raise_in(thread: int, exception: type[BaseException] | None) -> None:
    """Have an exception raised in a thread, at its next step in Python; None takes back one that has not come yet."""
    import ctypes

    kind = ctypes.py_object() if exception is None else ctypes.py_object(exception)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)
