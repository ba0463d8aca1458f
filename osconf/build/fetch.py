"""Downloads: logical URLs, mirrors, retries, and a cache of files by their hash."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import urllib3

from osconf.build.settings import BuildSettings
from osconf.errors import BuildError
from osconf.log import logger
from osconf.model.hashes import Hash, hash_file, new_hasher

_CHUNK = 1 << 18
_ATTEMPTS = 3
_MIRROR = "mirror://"
_pool_lock = threading.Lock()


@dataclass(frozen=True)
class Download:
    """Where a file may come from, in order, and its hash when it is known."""

    urls: tuple[str, ...]
    expected: Hash | None = None


class FetchError(BuildError):
    """A file cannot be downloaded."""

    code = "fetch-failed"


def resolve_url(url: str, settings: BuildSettings) -> list[str]:
    """The real URLs of a logical one; a real one stands for itself."""
    if not url.startswith(_MIRROR):
        return [url]
    name, _, rest = url.removeprefix(_MIRROR).partition("/")
    bases = settings.mirrors.get(name)
    if not bases:
        raise FetchError(
            f"no mirror is known for '{url}'",
            code="no-mirror",
            hint=f"known are {', '.join(sorted(settings.mirrors)) or 'none'}",
        )
    return [f"{base.rstrip('/')}/{rest}" for base in bases]


def fetch(
    download: Download,
    destination: Path,
    settings: BuildSettings,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write the file to `destination`, from the cache when it is there. Raises `FetchError`."""
    cached = cache_file(settings, download.expected)
    if cached is not None and cached.is_file() and download.expected is not None:
        if hash_file(download.expected.algorithm, cached) == download.expected:
            shutil.copyfile(cached, destination)
            return
        cached.unlink()
    problems: list[str] = []
    mismatch: FetchError | None = None
    for url in [real for logical in download.urls for real in resolve_url(logical, settings)]:
        for attempt in range(_ATTEMPTS):
            try:
                got = _download(url, destination, settings, download.expected, progress)
            except (OSError, urllib3.exceptions.HTTPError, _Refused) as error:
                problems.append(f"{url}: {(isinstance(error, OSError) and error.strerror) or error}")
                logger.info("fetching %s failed (%d): %s", url, attempt + 1, error)
                if isinstance(error, _Refused):
                    break
                continue
            if download.expected is None or got == download.expected:
                if cached is not None:
                    _keep(destination, cached)
                return
            mismatch = FetchError(
                f"hash mismatch in the file from '{url}':\n  specified: {download.expected.sri()}\n"
                f"  got:       {got.sri()}",
                code="hash-mismatch",
                hint="if the new content is right, write the hash that was got",
            )
            break
    if mismatch is not None:
        raise mismatch
    raise FetchError(
        "cannot download " + "\n  ".join(dict.fromkeys(problems)), hint="check the network and the address"
    )


def cache_file(settings: BuildSettings, expected: Hash | None) -> Path | None:
    """Where the cache keeps a file with this hash."""
    if settings.cache_dir is None or expected is None:
        return None
    return settings.cache_dir / "files" / f"{expected.algorithm}-{expected.base16()}"


class _Refused(Exception):
    """The server will not give the file however often it is asked."""


def _download(
    url: str,
    destination: Path,
    settings: BuildSettings,
    expected: Hash | None,
    progress: Callable[[int, int], None],
) -> Hash:
    algorithm = expected.algorithm if expected is not None else "sha256"
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "file":
        _copy_file(urllib.parse.unquote(parts.path), destination, must_be_public=settings.public_files)
        return hash_file(algorithm, destination)
    if parts.scheme not in ("http", "https"):
        raise _Refused(f"unknown scheme '{parts.scheme}'")
    if settings.offline:
        raise _Refused("osconf is told to stay offline")
    pool = _pool(settings.proxy, settings.connect_timeout)
    with pool.request("GET", url, preload_content=False, headers={"Accept-Encoding": "identity"}) as response:
        if response.status != 200:
            refused = f"the server answers {response.status} {response.reason or ''}".rstrip()
            raise _Refused(refused) if response.status < 500 else OSError(refused)
        total = int(response.headers.get("Content-Length") or 0)
        hasher = new_hasher(algorithm)
        done = 0
        with destination.open("wb") as file:
            for chunk in response.stream(_CHUNK):
                hasher.update(chunk)
                file.write(chunk)
                done += len(chunk)
                progress(done, total)
        if total and done != total:
            raise OSError(f"the connection broke after {done} of {total} bytes")
    return Hash(algorithm, hasher.digest())


def _copy_file(source: str, destination: Path, *, must_be_public: bool) -> None:
    # What was opened is what is checked: its owner may put another file in its place meanwhile.
    with os.fdopen(os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
        if must_be_public and not _is_public(file.fileno()):
            raise _Refused("not everybody may read it, and everybody may read the store")
        with destination.open("wb") as copy:
            shutil.copyfileobj(file, copy, _CHUNK)


def _is_public(descriptor: int) -> bool:
    """Whether an open file is a plain one that every user of this machine can reach and read."""
    mode = os.fstat(descriptor).st_mode
    parents = Path(f"/proc/self/fd/{descriptor}").readlink().parents
    return (
        stat.S_ISREG(mode)
        and bool(mode & stat.S_IROTH)
        and all(parent.stat().st_mode & stat.S_IXOTH for parent in parents)
    )


@lru_cache
def _new_pool(proxy: str | None, timeout: float) -> urllib3.PoolManager:
    limits = urllib3.Timeout(connect=timeout, read=60)
    retries = urllib3.Retry(total=2, redirect=10, backoff_factor=0.5)
    if proxy:
        return urllib3.ProxyManager(proxy, timeout=limits, retries=retries, maxsize=16)
    return urllib3.PoolManager(timeout=limits, retries=retries, maxsize=16)


def _pool(proxy: str | None, timeout: float) -> urllib3.PoolManager:
    with _pool_lock:
        return _new_pool(proxy, timeout)


def _keep(file: Path, cached: Path) -> None:
    """Copy into the cache; a cache that cannot be written is no reason to fail."""
    temporary = cached.with_name(f"{cached.name}.{threading.get_ident()}")
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, temporary)
        temporary.replace(cached)
    except OSError as error:
        logger.info("cannot keep %s in the download cache: %s", cached.name, error)
