"""Conversations of others that pass through ours: files made of streams and events."""

from __future__ import annotations

import io
import threading
from contextlib import suppress
from typing import BinaryIO

from osconf.daemon.wire import Channel, DataReader, Disconnected

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


class Relay:
    """Passes on what comes, as it comes, in a thread of its own, until it ends or is stopped."""

    def __init__(self, source: BinaryIO, channel: Channel) -> None:
        self._source = source
        self._channel = channel
        self._lock = threading.Lock()
        self._is_over = False
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        read = getattr(self._source, "read1", self._source.read)
        with suppress(Disconnected, OSError, ValueError):
            while data := read(_CHUNK):
                with self._lock:
                    if self._is_over:
                        return
                    self._channel.send_data(data)
        with suppress(Disconnected):
            self.stop()

    def stop(self) -> None:
        """Pass on nothing more."""
        with self._lock:
            if not self._is_over:
                self._is_over = True
                self._channel.end_data()
