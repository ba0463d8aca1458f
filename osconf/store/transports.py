"""How the files of a binary cache are read: from a directory, or from a web server with bounded waits.

A server that cannot be reached, or says nothing, has nothing: that is told once, and it is not asked again.
"""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from osconf.errors import StoreError
from osconf.log import logger
from osconf.store.narinfo import BadNarInfo

if TYPE_CHECKING:
    import urllib3

PARALLEL_REQUESTS = 24
_CONNECT_SECONDS, _ANSWER_SECONDS, _CHUNK_SECONDS = 5.0, 10.0, 30.0
_SLOWEST = 10_000
"""Bytes in a second; what sends its small files more slowly is as good as silent."""
MAX_SMALL = 4 << 20


class Transport(Protocol):
    """Reads files of a cache by their relative names."""

    name: str
    parallel: int
    """How many files are worth asking for at once."""

    def read_small(self, name: str, *, most: int = MAX_SMALL) -> bytes | None:
        """The content of a small file; None when it is not there or the cache cannot be reached.

        More than `most` bytes are not taken from a server.
        """

    def open(self, name: str) -> BinaryIO:
        """A stream of a large file."""


class FileTransport:
    """A cache in a directory."""

    parallel = 1

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = f"file://{directory}"

    def read_small(self, name: str, *, most: int = MAX_SMALL) -> bytes | None:
        """See `Transport.read_small`."""
        try:
            return (self.directory / name).read_bytes()
        except OSError:
            return None

    def open(self, name: str) -> BinaryIO:
        """See `Transport.open`."""
        place = (self.directory / name).resolve()
        if not place.is_relative_to(self.directory.resolve()):
            raise BadNarInfo(f"the cache '{self.name}' names a file outside of itself: '{name}'")
        try:
            return place.open("rb")
        except OSError as error:
            raise StoreError(f"'{self.name}/{name}' cannot be read: {error.strerror}", code="cache-failed") from error


class HttpTransport:
    """A cache behind a web server. Connections are kept; times are in seconds."""

    parallel = PARALLEL_REQUESTS

    def __init__(self, url: str, *, answer_seconds: float = _ANSWER_SECONDS) -> None:
        import urllib3

        self.name = url.rstrip("/")
        self.reachable = True
        self.answer_seconds = answer_seconds
        self.pool = urllib3.PoolManager(
            maxsize=PARALLEL_REQUESTS, retries=urllib3.Retry(total=None, connect=1, read=0, redirect=5, status=0)
        )
        self.errors: tuple[type[Exception], ...] = (urllib3.exceptions.HTTPError, OSError)

    def request(self, name: str, seconds: float, headers: dict[str, str] | None = None) -> urllib3.BaseHTTPResponse:
        """Ask for a file; once more when a kept connection turns out to be closed."""
        import urllib3

        timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), read=seconds)
        for attempt in (1, 2):
            try:
                return self.pool.request(
                    "GET", f"{self.name}/{name}", timeout=timeout, headers=headers, preload_content=False
                )
            except urllib3.exceptions.MaxRetryError as error:
                if attempt == 2 or not isinstance(error.reason, urllib3.exceptions.ProtocolError):
                    raise
        raise AssertionError

    def read_small(self, name: str, *, most: int = MAX_SMALL) -> bytes | None:
        """See `Transport.read_small`."""
        if not self.reachable:
            return None
        try:
            response = self.request(name, self.answer_seconds)
            data = _read_in_time(response, most + 1, self.answer_seconds)
            response.release_conn()
        except self.errors as error:
            if self.reachable:
                self.reachable = False
                logger.warning("the binary cache %s cannot be reached: %s", self.name, _reason(error))
            return None
        if response.status != 200:
            if response.status >= 500:
                logger.warning("the binary cache %s answers %d for %s", self.name, response.status, name)
            return None
        if len(data) > most:
            raise BadNarInfo(f"'{self.name}/{name}' is far too long")
        return data

    def open(self, name: str) -> BinaryIO:
        """See `Transport.open`."""
        return cast(BinaryIO, io.BufferedReader(_Download(self, name), 1 << 18))


class _Download(io.RawIOBase):
    """A large file as a stream; when the connection breaks it is taken up once where it ended."""

    def __init__(self, transport: HttpTransport, name: str) -> None:
        self.transport = transport
        self.name = name
        self.position = 0
        self.resumes = 1
        self.response = self._request()

    def _request(self) -> urllib3.BaseHTTPResponse:
        headers = {"Range": f"bytes={self.position}-"} if self.position else None
        place = f"{self.transport.name}/{self.name}"
        try:
            response = self.transport.request(self.name, _CHUNK_SECONDS, headers)
        except self.transport.errors as error:
            raise StoreError(f"'{place}' cannot be fetched: {_reason(error)}", code="cache-failed") from error
        if response.status not in (200, 206):
            response.release_conn()
            raise StoreError(f"'{place}' cannot be fetched: the server answers {response.status}", code="cache-failed")
        if self.position and response.status == 200:
            response.read(self.position)
        return response

    def readable(self) -> bool:
        """See `io.IOBase.readable`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase.readinto`."""
        while True:
            try:
                data = self.response.read(len(buffer))
                break
            except self.transport.errors as error:
                if not self.resumes:
                    raise StoreError(
                        f"'{self.transport.name}/{self.name}' broke off: {_reason(error)}", code="cache-failed"
                    ) from error
                self.resumes -= 1
                self.response = self._request()
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)

    def close(self) -> None:
        """Give the connection back when everything was read, else end it."""
        if not self.closed:
            if getattr(self.response, "length_remaining", None) == 0:
                self.response.release_conn()
            else:
                self.response.close()
        super().close()


def _read_in_time(response: urllib3.BaseHTTPResponse, most: int, seconds: float) -> bytes:
    """The first bytes of an answer, which may not trickle in for ever."""
    # Old versions of urllib3 only read until they have all.
    read_some = getattr(response, "read1", response.read)
    started = time.monotonic()
    data = bytearray()
    while len(data) < most and (piece := read_some(most - len(data))):
        data += piece
        if time.monotonic() - started > seconds + len(data) / _SLOWEST:
            response.close()
            raise TimeoutError(f"only {len(data)} bytes came in {seconds:g} seconds")
    return bytes(data)


def _reason(error: Exception) -> str:
    """The cause at the bottom of what urllib3 wraps, without addresses of objects."""
    cause = getattr(error, "reason", None)
    text = str(cause if isinstance(cause, Exception) else error)
    return text.partition(">: ")[2] or text
