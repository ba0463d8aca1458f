"""Downloads: pooled keep-alive connections, bounded retries, resume, next mirror, several at a time."""

from __future__ import annotations

import concurrent.futures
import hashlib
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from osconf.archive.cache import Blob, BlobCache, hash_stream
from osconf.errors import ArchiveError

_T = TypeVar("_T")
_CHUNK = 1 << 18
_GONE = frozenset((401, 403, 404, 410))
_PARTIAL_CONTENT = 206
_RANGE_REFUSED = 416


class FetchFailure(Exception):
    """One address did not give the content; `missing`: it says that it does not have it."""

    def __init__(self, reason: str, *, missing: bool = False, range_refused: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing
        self.range_refused = range_refused


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How patient to be: attempts per address, seconds per read, first pause between attempts."""

    connections: int = 8
    attempts: int = 4
    timeout: float = 30.0
    pause: float = 0.3


@dataclass(frozen=True, slots=True)
class Progress:
    """State of a group of downloads, given to the progress callback after each piece."""

    done_files: int
    total_files: int
    done_bytes: int
    total_bytes: int
    current: str


ProgressCallback = Callable[[Progress], None]


class _Meter:
    """Counts pieces of parallel downloads and reports them one at a time."""

    def __init__(self, blobs: Sequence[Blob], callback: ProgressCallback | None) -> None:
        self.is_cancelled = False
        self._callback = callback
        self._lock = threading.Lock()
        self._files = self._bytes = 0
        self._total = (len(blobs), sum(blob.size for blob in blobs))

    def advance(self, blob: Blob, size: int, *, finished: bool = False) -> None:
        if self.is_cancelled:
            raise FetchFailure("cancelled", missing=True)
        if self._callback is None:
            return
        with self._lock:
            self._bytes += size
            self._files += finished
            self._callback(Progress(self._files, self._total[0], self._bytes, self._total[1], blob.path))


class Fetcher:
    """Fetches from http, https and file addresses. Safe to share between threads."""

    def __init__(self, settings: FetchSettings | None = None) -> None:
        self.settings = settings or FetchSettings()
        self._pools: dict[str, Any] = {}
        self._lock = threading.Lock()

    def read_bytes(self, url: str) -> bytes:
        """Fetch something whose hash is not known beforehand, into memory."""
        try:
            return self._with_attempts(lambda: self._read(url))
        except FetchFailure as failure:
            hint = (
                "nothing is at this address"
                if failure.missing
                else "nothing was changed; try again when it answers, or use another mirror"
            )
            raise ArchiveError(f"cannot fetch {url}: {failure}", code="download-failed", hint=hint) from failure

    def fetch_blob(self, cache: BlobCache, blob: Blob, bases: Sequence[str], progress: _Meter | None = None) -> Path:
        """Bring one blob into the cache and return its file; raises ArchiveError when no base gives it intact."""
        found = cache.find(blob.sha256)
        if found is not None:
            if progress:
                progress.advance(blob, blob.size, finished=True)
            return found
        failures: list[tuple[str, FetchFailure]] = []
        with cache.open_partial(blob.sha256) as partial:
            if (found := cache.find(blob.sha256)) is not None:  # another process finished it while we waited
                return found
            for base in bases:
                url = f"{base}/{urllib.parse.quote(blob.path, safe='/+~:')}"
                try:
                    self._with_attempts(lambda url=url: self._download(url, blob, partial, progress))  # type: ignore[misc]
                except FetchFailure as failure:
                    failures.append((url, failure))
                    continue
                if progress:
                    progress.advance(blob, 0, finished=True)
                return cache.publish(blob.sha256, partial)
        raise _explain_failures(blob.path, failures)

    def fetch_blobs(
        self,
        cache: BlobCache,
        wanted: Iterable[tuple[Blob, Sequence[str]]],
        callback: ProgressCallback | None = None,
    ) -> None:
        """Bring all blobs into the cache, several at a time; the first failure stops the rest."""
        missing = {blob.sha256: (blob, bases) for blob, bases in wanted if cache.find(blob.sha256) is None}
        if not missing:
            return
        # The large ones first: the last connection then does not end alone with a kernel.
        order = sorted(missing.values(), key=lambda item: -item[0].size)
        meter = _Meter([blob for blob, _ in order], callback)
        with concurrent.futures.ThreadPoolExecutor(self.settings.connections) as executor:
            futures = [executor.submit(self.fetch_blob, cache, blob, bases, meter) for blob, bases in order]
            try:
                for future in concurrent.futures.as_completed(futures):
                    future.result()
            except BaseException:
                # Those under way end at their next piece; what they have is kept for the next time.
                meter.is_cancelled = True
                executor.shutdown(wait=False, cancel_futures=True)
                raise

    def _with_attempts(self, action: Callable[[], _T]) -> _T:
        pause = self.settings.pause
        for attempt in range(self.settings.attempts):
            try:
                return action()
            except FetchFailure as failure:
                if failure.missing or attempt + 1 == self.settings.attempts:
                    raise
            time.sleep(pause)
            pause *= 2
        raise FetchFailure("no attempt was allowed")

    def _pool(self, url: str) -> Any:
        import urllib3

        parts = urllib.parse.urlsplit(url)
        proxy = None
        if not urllib.request.proxy_bypass(parts.hostname or ""):
            proxy = urllib.request.getproxies().get(parts.scheme)
        with self._lock:
            pool = self._pools.get(proxy or "")
            if pool is None:
                options = {"maxsize": self.settings.connections, "timeout": self.settings.timeout}
                pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)  # type: ignore[arg-type]
                self._pools[proxy or ""] = pool
        return pool

    def _open(self, url: str, offset: int = 0) -> Any:
        """Start a GET; the caller reads or releases. Raises FetchFailure."""
        import urllib3

        headers = {"User-Agent": "osconf", "Accept-Encoding": "identity"}
        # Attempts are ours, to resume where the last one ended; urllib3 only follows redirects.
        retries = urllib3.Retry(total=5, connect=0, read=0, status=0, other=0, redirect=5)
        if offset:
            headers["Range"] = f"bytes={offset}-"
        try:
            response = self._pool(url).request("GET", url, headers=headers, preload_content=False, retries=retries)
        except urllib3.exceptions.HTTPError as error:
            raise FetchFailure(_describe(error)) from error
        if response.status not in (200, _PARTIAL_CONTENT):
            response.drain_conn()
            raise FetchFailure(
                f"status {response.status}",
                missing=response.status in _GONE,
                range_refused=response.status == _RANGE_REFUSED,
            )
        return response

    def _read(self, url: str) -> bytes:
        import urllib3

        if url.startswith("file://"):
            return _read_local(url)
        response = self._open(url)
        try:
            return bytes(response.read())
        except urllib3.exceptions.HTTPError as error:
            raise FetchFailure(_describe(error)) from error
        finally:
            response.release_conn()

    def _download(self, url: str, blob: Blob, partial: BinaryIO, progress: _Meter | None) -> None:
        """Grow the partial file to the whole blob and check it; content that is wrong is thrown away."""
        partial.seek(0)
        digest = hash_stream(partial)
        if url.startswith("file://") or (blob.size and partial.tell() >= blob.size):
            digest = _restart(partial)
        if url.startswith("file://"):
            data = _read_local(url)
            partial.write(data)
            digest.update(data)
        else:
            digest = self._stream(url, blob, partial, digest, progress)
            if partial.tell() < blob.size:  # kept: the next attempt resumes
                raise FetchFailure(f"the connection ended after {partial.tell()} of {blob.size} bytes")
        if digest.hexdigest() != blob.sha256:
            size = partial.tell()
            _restart(partial)
            raise FetchFailure(
                f"wrong content: {size} bytes with sha256 {digest.hexdigest()}, expected {blob.size or 'any'} bytes "
                f"with {blob.sha256}"
            )

    def _stream(
        self, url: str, blob: Blob, partial: BinaryIO, digest: hashlib._Hash, progress: _Meter | None
    ) -> hashlib._Hash:
        """Append what is missing from an HTTP address; returns the hash of the whole so far."""
        import urllib3

        try:
            response = self._open(url, partial.tell())
        except FetchFailure as failure:
            if not failure.range_refused:
                raise
            digest = _restart(partial)
            response = self._open(url)
        if response.status != _PARTIAL_CONTENT:  # the server does not resume: from the start
            digest = _restart(partial)
        try:
            for chunk in response.stream(_CHUNK):
                partial.write(chunk)
                digest.update(chunk)
                if progress:
                    progress.advance(blob, len(chunk))
        except urllib3.exceptions.HTTPError as error:
            raise FetchFailure(_describe(error)) from error
        finally:
            partial.flush()
            response.release_conn()
        return digest


def _restart(partial: BinaryIO) -> hashlib._Hash:
    partial.seek(0)
    partial.truncate()
    return hashlib.sha256()


def _read_local(url: str) -> bytes:
    path = Path(urllib.parse.unquote(urllib.parse.urlsplit(url).path))
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FetchFailure("no such file", missing=True) from error
    except OSError as error:
        raise FetchFailure(error.strerror or str(error), missing=True) from error


def _describe(error: Exception) -> str:
    """One short line of an urllib3 error: its deepest cause says most."""
    text = str(error)
    return text.rpartition(": ")[2].strip("()'\"") or type(error).__name__


def _explain_failures(what: str, failures: Sequence[tuple[str, FetchFailure]]) -> ArchiveError:
    listed = "\n".join(f"  {url}: {failure}" for url, failure in failures) or "  no mirror is configured"
    if failures and all(failure.missing for _, failure in failures):
        hint = "mirrors drop superseded versions: run `osconf lock update`, or copy the cache of a machine that has it"
    else:
        hint = "check the network and the mirrors in /etc/apt/sources.list.d; what is cached is not fetched again"
    return ArchiveError(f"cannot fetch {what}:\n{listed}", code="download-failed", hint=hint)
