"""Messages for a client who may read slowly, or not at all: telling what happens in a build must never hold it up.

A thread sends what waits. When much waits, what can be missed is left out; who does not read for long is left alone.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from osconf.daemon.wire import Channel, Disconnected, make_frames
from osconf.log import logger

_READ_SECONDS = 60.0
_MAX_WAITING, _MAX_WAITING_AT_ALL = 4 << 20, 64 << 20
_CAN_BE_MISSED = frozenset({"log_line", "progress"})


class Outbox:
    """Sends messages over a channel in their order, and never waits; calls `on_lost` when the client is gone."""

    def __init__(self, channel: Channel, on_lost: Callable[[], object]) -> None:
        self._channel = channel
        self._on_lost = on_lost
        self._socket = socket.socket(fileno=os.dup(channel.sink.fileno()))
        self._changed = threading.Condition()
        self._frames: deque[bytes] = deque()
        self._waiting = 0
        self._missed = 0
        self._is_sending = False
        self._is_over = False
        threading.Thread(target=self._run, name="outbox", daemon=True).start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Have a message sent; one that can be missed is left out when too much waits."""
        frames = make_frames(message)
        event = message.get("event")
        with self._changed:
            if self._is_over:
                return
            if event in _CAN_BE_MISSED and self._waiting + len(frames) > _MAX_WAITING:
                self._missed += event == "log_line"
                return
            if event == "log_line" and self._missed:
                text = f"({self._missed} lines are left out here, they came too fast; `osconf log` shows them)"
                self._missed = 0
                self._put(make_frames({"event": event, "arguments": [message["arguments"][0], text]}))
            self._put(frames)
            is_too_much = self._waiting > _MAX_WAITING_AT_ALL
            self._changed.notify_all()
        if is_too_much:
            self._lose("too much waits for it")

    def _put(self, frames: bytes) -> None:
        self._frames.append(frames)
        self._waiting += len(frames)

    def close(self) -> None:
        """Send what waits, for a bounded time, and stop."""
        with self._changed:
            is_done = self._changed.wait_for(
                lambda: self._is_over or not (self._frames or self._is_sending), _READ_SECONDS
            )
        if not is_done:
            self._lose("it does not read")
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_over or self._frames)
                if self._is_over:
                    return
                frames = self._frames.popleft()
                self._waiting -= len(frames)
                self._is_sending = True
            try:
                self._write(frames)
            except (OSError, Disconnected) as error:
                self._lose(str(error))
            with self._changed:
                self._is_sending = False
                self._changed.notify_all()

    def _write(self, data: bytes) -> None:
        """Send all of it; a client that takes it byte by byte has no more time than one that takes nothing."""
        deadline = time.monotonic() + _READ_SECONDS
        view = memoryview(data)
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT)
        while view:
            try:
                view = view[self._socket.send(view, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) :]
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0 or not poll.poll(left * 1000):
                    raise Disconnected(f"it did not read for {_READ_SECONDS:g} seconds") from None

    def _lose(self, reason: str) -> None:
        with self._changed:
            if self._is_over:
                return
            self._is_over = True
            self._frames.clear()
            self._changed.notify_all()
        logger.info("a client is left during its build: %s", reason)
        # Whoever else holds this connection learns of it, too.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._on_lost()
