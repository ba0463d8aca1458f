"""Conversations of others that pass through ours: files made of streams and events."""

from __future__ import annotations

import io
from typing import BinaryIO

from osconf.daemon.wire import Channel, DataReader

_CHUNK = 1 << 16


class StreamFile(io.RawIOBase):
    """A stream that arrives, as a file that `io` can buffer."""

    def __init__(self, reader: DataReader) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._reader.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class AnswerFile:
    """Lines of text that the other side is told as events."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._text = b""

    def write(self, data: bytes) -> int:
        """Take a part of an answer."""
        self._text += data
        return len(data)

    def flush(self) -> None:
        """Tell what was written."""
        text, self._text = self._text, b""
        if text:
            self._channel.send({"event": "answer", "answer": text.decode()})


def relay_stream(source: BinaryIO, channel: Channel) -> None:
    """Pass on what comes, as it comes."""
    read = getattr(source, "read1", source.read)
    while data := read(_CHUNK):
        channel.send_data(data)
