"""Frames: how messages and streams of bytes follow each other on one connection.

A frame is its length (4 bytes, big endian), its kind (1 byte) and its payload. A message is one frame of JSON, before
which others bring its beginning when it is long; a stream is frames of data and an empty one at its end. Everything has
a limit, so that a stranger cannot fill our memory.
"""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, BinaryIO, cast

from osconf.errors import StoreError

VERSION = 1
PROTOCOL = "osconf-store"
MAX_MESSAGE = 16 << 20
MAX_ANSWER = 1 << 30
"""What a client takes of a daemon, whose answers grow with the store."""
MAX_GREETING = 4096
_MAX_DATA = 1 << 20
_HEADER = 5
_MESSAGE, _PART, _DATA = b"J", b"P", b"D"

Message = dict[str, Any]


class BadFrame(StoreError):
    """The other side does not speak the protocol."""

    code = "bad-frame"


class Disconnected(StoreError):
    """The other side is gone."""

    code = "daemon-gone"


def make_frames(message: Mapping[str, Any], limit: int = MAX_ANSWER) -> bytes:
    """A message as it is sent: in one frame, a long one in several."""
    data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
    if len(data) > limit:
        raise BadFrame(f"a message of {len(data)} bytes is too long for the store's protocol")
    parts = [data[start : start + MAX_MESSAGE] for start in range(0, len(data), MAX_MESSAGE)]
    return b"".join(_make_frame(_PART, part) for part in parts[:-1]) + _make_frame(_MESSAGE, parts[-1])


def _make_frame(kind: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + kind + payload


class Channel:
    """One connection. Sending is safe for threads; receiving is one thread's business."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, hang_up: Callable[[], None] | None = None) -> None:
        self.source = source
        self.sink = sink
        self._hang_up = hang_up
        self._lock = threading.Lock()

    @classmethod
    def over(cls, connection: socket.socket) -> Channel:
        """A channel over a connected socket, which the caller may let go of."""
        own = connection.dup()

        def hang_up() -> None:
            with suppress(OSError):
                own.shutdown(socket.SHUT_RDWR)

        return cls(own.makefile("rb"), own.makefile("wb"), hang_up)

    # Sending

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        self._write(make_frames(message))

    def send_data(self, data: bytes | memoryview) -> None:
        """Send a part of a stream."""
        view = memoryview(data)
        for start in range(0, len(view), _MAX_DATA):
            part = view[start : start + _MAX_DATA]
            self._write(len(part).to_bytes(4, "big") + _DATA, part)

    def end_data(self) -> None:
        """End a stream."""
        self._write(_make_frame(_DATA, b""))

    def _write(self, *parts: bytes | memoryview) -> None:
        with self._lock:
            try:
                for part in parts:
                    self.sink.write(part)
                self.sink.flush()
            except (OSError, ValueError) as error:
                raise Disconnected(f"the connection broke: {error}") from error

    # Receiving

    def receive(self, limit: int = MAX_MESSAGE) -> Message | None:
        """The next message, of `limit` bytes at most; None when the other side ended the conversation."""
        data = bytearray()
        header = self._read(_HEADER, may_end=True)
        if not header:
            return None
        while header[4:] == _PART:
            data += self._read(_check_header(header, _PART, limit - len(data)))
            header = self._read(_HEADER)
        data += self._read(_check_header(header, _MESSAGE, limit - len(data)))
        try:
            message = json.loads(data.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError) as error:
            raise BadFrame(f"a message is not JSON: {error}") from error
        if not isinstance(message, dict):
            raise BadFrame("a message is not an object")
        return message

    def receive_within(self, seconds: float, limit: int = MAX_MESSAGE) -> Message | None:
        """The next message; a connection that does not bring it in time is ended, as if the other side had left."""
        late = threading.Timer(seconds, self.hang_up)
        late.daemon = True
        late.start()
        try:
            return self.receive(limit)
        finally:
            late.cancel()

    def stream(self) -> DataReader:
        """The stream that follows; read it to its end before the next message."""
        return DataReader(self)

    def read_data(self) -> bytes:
        """The next part of a stream; empty at its end."""
        return self._read(_check_header(self._read(_HEADER), _DATA, _MAX_DATA))

    def _read(self, size: int, *, may_end: bool = False) -> bytes:
        try:
            data = self.source.read(size)
        except TimeoutError as error:
            raise Disconnected("the other side says nothing") from error
        except (OSError, ValueError) as error:
            raise Disconnected(f"the connection broke: {error}") from error
        if len(data) < size and (data or not may_end):
            raise Disconnected("the connection ended in the middle of a message")
        return data

    def is_closed(self) -> bool:
        """Whether the other side is gone, as far as one can see without reading."""
        poll = select.poll()
        poll.register(self.source.fileno(), select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        return bool(poll.poll(0))

    def hang_up(self) -> None:
        """End the connection under a thread that reads from it."""
        if self._hang_up is not None:
            self._hang_up()

    def close(self) -> None:
        """End the connection."""
        self.hang_up()
        for file in (self.sink, self.source):
            try:
                file.close()
            except OSError:
                continue


def _check_header(header: bytes, kind: bytes, limit: int) -> int:
    size, found = int.from_bytes(header[:4], "big"), header[4:]
    if found not in (_MESSAGE, _PART, _DATA):
        raise BadFrame("this is not the store's protocol")
    if found != kind:
        raise BadFrame(f"a frame of kind {found!r} came where one of kind {kind!r} is due")
    if size > limit:
        raise BadFrame(f"a frame of {size} bytes is longer than {limit}")
    return size


class DataReader:
    """A stream as a file to read from."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._buffer = memoryview(b"")
        self._is_over = False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; nothing at the end of the stream."""
        if not self._buffer and not self._is_over:
            data = self.channel.read_data()
            self._buffer = memoryview(data)
            self._is_over = not data
        if size < 0:
            size = len(self._buffer)
        data, self._buffer = bytes(self._buffer[:size]), self._buffer[size:]
        return data

    def read_exactly(self, size: int) -> bytes:
        """Exactly so many bytes."""
        parts = []
        while size:
            data = self.read(size)
            if not data:
                raise BadFrame("a stream ended too early")
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def drain(self) -> int:
        """Read what is left; how much that was."""
        count = 0
        while data := self.read(_MAX_DATA):
            count += len(data)
        return count

    def as_file(self) -> BinaryIO:
        """The same, for functions that want a file and only read it."""
        return cast(BinaryIO, self)
