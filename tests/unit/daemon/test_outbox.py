"""Telling a client what happens never holds up what happens, however slowly the client reads."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from osconf.daemon import outbox as module
from osconf.daemon.events import EventSender
from osconf.daemon.outbox import Outbox
from osconf.daemon.wire import Channel

DRV = "/osconf/store/x.drv"


@dataclass
class Talk:
    """Both ends of a connection, one with an outbox."""

    theirs: socket.socket
    channel: Channel
    lost: threading.Event = field(default_factory=threading.Event)

    def open(self) -> Outbox:
        return Outbox(self.channel, self.lost.set)

    def is_hung_up(self) -> bool:
        """Whether the client sees the end, once it read what was on its way."""
        self.theirs.settimeout(5)
        while self.theirs.recv(1 << 16):
            pass
        return True


@pytest.fixture
def talk() -> Iterator[Talk]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel.over(ours)
        yield Talk(theirs, channel)
        channel.close()


def test_events_arrive_in_order(talk: Talk) -> None:
    outbox = talk.open()
    reporter = EventSender(outbox.send)
    reporter.build_started(DRV, "x")
    for number in range(100):
        reporter.log_line(DRV, str(number))
    outbox.close()
    talk.channel.send({"result": None})
    found = Channel.over(talk.theirs)
    assert found.receive() == {"event": "build_started", "arguments": [DRV, "x"]}
    assert [found.receive()["arguments"][1] for _ in range(100)] == [str(number) for number in range(100)]
    assert found.receive() == {"result": None}
    found.close()
    assert not talk.lost.is_set()


def test_client_that_does_not_read_holds_nothing_up(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_WAITING", 100_000)
    outbox = talk.open()
    reporter = EventSender(outbox.send)
    started = time.monotonic()
    for number in range(2000):
        reporter.log_line(DRV, f"{number} {'x' * 1000}")
    reporter.build_finished(DRV, "x", 1.0, None)
    assert time.monotonic() - started < 5
    assert outbox._waiting < 110_000
    # What could not be missed arrives when the client reads again, and it is told what it did not see.
    lines = []
    found = Channel.over(talk.theirs)
    while (message := found.receive()) is not None and message["event"] != "build_finished":
        lines.append(message["arguments"][1])
    assert lines[0].startswith("0 ") and len(lines) < 1000
    reporter.log_line(DRV, "last")
    assert "lines are left out" in found.receive()["arguments"][1]
    assert found.receive()["arguments"][1] == "last"
    outbox.close()
    found.close()


@pytest.mark.parametrize("reads", [False, True], ids=["nothing", "a byte at a time"])
def test_client_that_does_not_read_is_left(talk: Talk, monkeypatch: pytest.MonkeyPatch, reads: bool) -> None:
    monkeypatch.setattr(module, "_READ_SECONDS", 0.4)
    outbox = talk.open()
    outbox.send({"event": "planned", "arguments": ["x" * 3_000_000]})
    end = time.monotonic() + 10
    while not talk.lost.wait(0.02) and time.monotonic() < end:
        if reads:
            talk.theirs.recv(1)
    assert talk.lost.is_set()
    # Whoever waits for this client on the same connection learns that it is gone; nothing more is kept for it.
    assert talk.is_hung_up() and talk.channel.is_closed()
    outbox.send({"event": "planned", "arguments": []})
    assert outbox._waiting < 100
    started = time.monotonic()
    outbox.close()
    assert time.monotonic() - started < 0.3


def test_end_waits_a_bounded_time(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READ_SECONDS", 0.3)
    outbox = talk.open()
    for _ in range(50):
        outbox.send({"event": "planned", "arguments": ["x" * 100_000]})
    started = time.monotonic()
    outbox.close()
    assert time.monotonic() - started < 3 and talk.lost.is_set()


def test_too_much_at_all_is_too_much(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_WAITING_AT_ALL", 500_000)
    outbox = talk.open()
    for _ in range(20):
        outbox.send({"event": "planned", "arguments": ["x" * 100_000]})
    assert talk.lost.wait(5)
    outbox.close()
