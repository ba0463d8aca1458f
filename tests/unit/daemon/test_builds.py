"""The process that builds for a client, and what becomes of it when the client leaves."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest

from osconf.build.reporter import Reporter
from osconf.build.settings import BuildSettings
from osconf.daemon.builds import Outputs, realise_for_client
from osconf.daemon.wire import Channel, Disconnected
from osconf.store.local import LocalStore


@dataclass(frozen=True)
class FakeBuilder:
    """Writes down its process, then does something."""

    note: Path
    act: Callable[[Event], object]
    settings: BuildSettings

    def realise(
        self, store: LocalStore, wanted: Sequence[str], settings: BuildSettings, reporter: Reporter, cancelled: Event
    ) -> Outputs:
        """See `Builder.realise`."""
        self.note.write_text(str(os.getpid()))
        self.act(cancelled)
        self.note.with_name("end").touch()
        return {}

    def plan(self, store: LocalStore, wanted: Sequence[str], settings: BuildSettings) -> list[str]:
        """See `Builder.plan`."""
        return []


def leave_during(tmp_path: Path, act: Callable[[Event], object]) -> float:
    """Leave while something is built; how long it took to end after that."""
    ours, theirs = socket.socketpair()
    builder = FakeBuilder(tmp_path / "pid", act, BuildSettings())
    left: list[float] = []

    def leave() -> None:
        while not builder.note.exists():
            time.sleep(0.01)
        left.append(time.monotonic())
        # The forked process holds this end, too.
        theirs.shutdown(socket.SHUT_RDWR)

    leaving = threading.Thread(target=leave)
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        channel = Channel.over(ours)
        ours.close()
        leaving.start()
        with pytest.raises(Disconnected):
            realise_for_client(store, channel, builder, [], builder.settings, None)
    leaving.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int(builder.note.read_text()), 0)
    return time.monotonic() - left[0]


def test_one_endless_step_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter computes, and hears no signal."""
    monkeypatch.setattr("osconf.daemon.builds._SILENT_SECONDS", 2.0)
    nine = len("kilobytes")
    assert leave_during(tmp_path, lambda _cancelled: nine ** (nine**nine)) < 20
    assert not (tmp_path / "end").exists()


def test_what_shows_that_it_lives_may_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a build does for which somebody else waits."""
    monkeypatch.setattr("osconf.daemon.builds._SILENT_SECONDS", 2.0)

    def finish_slowly(cancelled: Event) -> None:
        cancelled.wait()
        time.sleep(4)

    assert leave_during(tmp_path, finish_slowly) > 4
    assert (tmp_path / "end").exists()
