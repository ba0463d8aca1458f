"""Frames: what is sent arrives, what is not the protocol is refused, nothing is taken beyond its limit."""

from __future__ import annotations

import io
import json
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osconf.daemon import wire
from osconf.daemon.wire import MAX_MESSAGE, BadFrame, Channel, Disconnected

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def frame(kind: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + kind + payload


def reading(data: bytes) -> Channel:
    return Channel(io.BytesIO(data), io.BytesIO())


@given(st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS)))
def test_messages_arrive(message: dict[str, object]) -> None:
    sink = io.BytesIO()
    Channel(io.BytesIO(), sink).send(message)
    assert reading(sink.getvalue()).receive() == message


@given(st.lists(st.binary(max_size=5000)), st.integers(1, 4000))
def test_streams_arrive(parts: list[bytes], size: int) -> None:
    sink = io.BytesIO()
    sender = Channel(io.BytesIO(), sink)
    for part in parts:
        sender.send_data(part)
    sender.end_data()
    sender.send({"after": 1})
    channel = reading(sink.getvalue())
    stream, got = channel.stream(), b""
    while data := stream.read(size):
        assert len(data) <= size
        got += data
    assert got == b"".join(parts)
    assert stream.read(1) == b""
    assert channel.receive() == {"after": 1}


def test_large_parts_are_cut() -> None:
    sink = io.BytesIO()
    sender = Channel(io.BytesIO(), sink)
    sender.send_data(bytes(5 << 20))
    sender.end_data()
    assert reading(sink.getvalue()).stream().drain() == 5 << 20


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        frame(b"X", b"{}"),
        frame(b"D", b"{}"),
        frame(b"J", b"[]"),
        frame(b"J", b"{"),
        frame(b"J", b"\xff\xfe"),
        frame(b"J", b"[" * 100_000),
        (MAX_MESSAGE + 1).to_bytes(4, "big") + b"J",
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(BadFrame):
        reading(data).receive()


def test_first_message_has_a_smaller_limit() -> None:
    data = frame(b"J", json.dumps({"x": "y" * 5000}).encode())
    with pytest.raises(BadFrame, match="longer"):
        reading(data).receive(4096)


@pytest.mark.parametrize("length", range(1, 8))
def test_broken_off_conversations_are_told(length: int) -> None:
    with pytest.raises(Disconnected):
        reading(frame(b"J", b"{}xx")[:length]).receive()


def test_the_end_is_no_message() -> None:
    assert reading(b"").receive() is None


def test_a_message_in_a_stream_is_refused() -> None:
    with pytest.raises(BadFrame):
        reading(frame(b"D", b"x") + frame(b"J", b"{}")).stream().read_exactly(2)


def test_short_streams_are_told() -> None:
    with pytest.raises(BadFrame, match="too early"):
        reading(frame(b"D", b"x") + frame(b"D", b"")).stream().read_exactly(2)


def test_leaving_is_noticed() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel.over(ours)
    ours.close()
    assert not channel.is_closed()
    theirs.close()
    assert channel.is_closed()
    with pytest.raises(Disconnected):
        channel.send({"x": "y" * 1_000_000})
        channel.send({})
    channel.close()


def test_silent_side_is_left() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            channel = Channel.over(ours)
        theirs.sendall(frame(b"J", b"{}")[:3])
        with pytest.raises(Disconnected):
            channel.receive_within(0.05)
        assert theirs.recv(1) == b""


def test_side_that_speaks_in_time_may_be_silent_later() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            channel = Channel.over(ours)
        theirs.sendall(frame(b"J", b"{}"))
        assert channel.receive_within(0.2) == {}
        threading.Timer(0.4, theirs.sendall, [frame(b"J", b'{"late":1}')]).start()
        assert channel.receive() == {"late": 1}


def test_long_messages_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_MESSAGE", 1000)
    message = {"paths": [f"é{number}" for number in range(1000)]}
    sink = io.BytesIO()
    Channel(io.BytesIO(), sink).send(message)
    data = sink.getvalue()
    channel = reading(data + frame(b"J", b"{}"))
    assert channel.receive(20_000) == message and channel.receive() == {}
    # What a stranger says is as short as ever.
    with pytest.raises(BadFrame, match="longer"):
        reading(data).receive(1000)
    with pytest.raises(BadFrame, match="is due"):
        reading(frame(b"P", b"{") + frame(b"D", b"}")).receive()
    with pytest.raises(BadFrame, match="too long"):
        wire.make_frames(message, 1000)
