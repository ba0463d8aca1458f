"""Bring sources here: lock the archive's current state, and open what a lock pins."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from osconf.archive.cache import Blob, BlobCache
from osconf.archive.directory import write_packages
from osconf.archive.fetch import Fetcher, ProgressCallback
from osconf.archive.index import Index
from osconf.archive.lock import LockedIndex, LockedSource
from osconf.archive.mirror import Mirrors
from osconf.archive.package import Package
from osconf.archive.source import Source
from osconf.archive.trust import (
    DEFAULT_KEYRING,
    Release,
    ReleaseFile,
    check_freshness,
    choose_index_paths,
    read_release,
)
from osconf.errors import ArchiveError


def _current_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Access:
    """Everything that reaches the archive: mirrors, cache directory, fetcher, keyring, clock.

    `other_caches` are directories like the cache's that are only read: what the running system brought. `listen` is
    told how far the download of an index is.
    """

    mirrors: Mirrors
    cache_directory: Path
    fetcher: Fetcher = field(default_factory=Fetcher)
    keyring: Path = DEFAULT_KEYRING
    now: Callable[[], datetime] = _current_time
    other_caches: tuple[Path, ...] = ()
    listen: ProgressCallback | None = None

    @property
    def cache(self) -> BlobCache:
        """The blobs, under their sha256."""
        return BlobCache(self.cache_directory / "blobs", [place / "blobs" for place in self.other_caches])


def _local_directory(source: Source) -> Path:
    parts = urllib.parse.urlsplit(source.base)
    if parts.scheme != "file":
        raise ArchiveError(f"source ‘{source.id}’ has no suite, so its base must be a file address", code="bad-source")
    return Path(urllib.parse.unquote(parts.path))


def lock_source(access: Access, source: Source, previous: LockedSource | None = None) -> LockedSource:
    """Lock a source's current state: fetch, verify, check that time runs forward, bring its indexes here."""
    if source.is_flat:
        text = write_packages(_local_directory(source))
        index = LockedIndex("", "Packages", access.cache.add_bytes(text), len(text))
        return LockedSource(source, "", "", "", (index,))
    previous_date = datetime.fromisoformat(previous.date) if previous is not None and previous.date else None
    data, release = _fetch_release(access, source, previous_date)
    indexes = tuple(_lock_index(access, source, release, component) for component in source.components)
    return LockedSource(
        source=source,
        in_release_sha256=access.cache.add_bytes(data),
        date=release.date.isoformat(),
        fingerprint=release.fingerprint,
        indexes=indexes,
    )


def _fetch_release(access: Access, source: Source, previous_date: datetime | None) -> tuple[bytes, Release]:
    """The release of the first mirror with a genuine, fresh one; else what is wrong with the first that answers."""
    failures: list[ArchiveError] = []
    for base in access.mirrors.resolve(source.base):
        try:
            data = access.fetcher.read_bytes(f"{base}/{source.release_directory}/InRelease")
            release = read_release(data, source, access.keyring)
            check_freshness(release, source, access.now(), previous_date)
        except ArchiveError as error:
            failures.append(error)
            continue
        return data, release
    raise next((error for error in failures if error.code != "download-failed"), failures[0])


def _lock_index(access: Access, source: Source, release: Release, component: str) -> LockedIndex:
    """Fetch a component's Packages file in the first form that the mirrors hold."""
    failure: ArchiveError | None = None
    for path, file in choose_index_paths(release, component, source.architecture):
        index = LockedIndex(component, path, file.sha256, file.size)
        try:
            fetch_index(access, source, index)
        except ArchiveError as error:
            failure = failure or error
            continue
        return index
    if failure is not None:
        raise failure
    raise ArchiveError(
        f"‘{source.suite}’ has no component ‘{component}’ for {source.architecture}", code="no-such-component"
    )


def fetch_index(access: Access, source: Source, index: LockedIndex) -> Path:
    """The Packages file of a lock, from the cache or by hash from a mirror (which keeps superseded ones a while)."""
    found = access.cache.find(index.sha256)
    if found is not None:
        return found
    if source.is_flat:
        text = write_packages(_local_directory(source))
        if access.cache.add_bytes(text) != index.sha256:
            raise ArchiveError(
                f"the directory of source ‘{source.id}’ is not the one that was locked",
                code="lock-lost",
                hint="run `osconf lock update` to lock its current packages",
            )
        return access.cache.path_of(index.sha256)
    by_hash, plain = index_blobs(source, ReleaseFile(index.sha256, index.size), index.path)
    bases = access.mirrors.resolve(source.base)
    try:
        access.fetcher.fetch_blobs(access.cache, [(by_hash, bases)], access.listen)
        return access.cache.path_of(index.sha256)
    except ArchiveError as error:
        try:
            return access.fetcher.fetch_blob(access.cache, plain, bases)
        except ArchiveError:
            raise error.while_(f"fetching the index of ‘{source.id}’ that the lock names") from None


def index_blobs(source: Source, file: ReleaseFile, path: str) -> tuple[Blob, Blob]:
    """Where an index may lie: by its hash (never half updated), or under its plain name (simple mirrors)."""
    full = f"{source.release_directory}/{path}"
    directory = full.rpartition("/")[0]
    return Blob(f"{directory}/by-hash/SHA256/{file.sha256}", file.sha256, file.size), Blob(full, file.sha256, file.size)


def open_indexes(access: Access, locked: LockedSource) -> list[Index]:
    """Open the package tables of a locked source."""
    source = locked.source
    directory = access.cache_directory / "indexes"
    return [
        Index.open(directory, item.sha256, source.id, fetch_index(access, source, item), source.architecture)
        for item in locked.indexes
    ]


def package_blob(package: Package) -> Blob:
    """The .deb of a package, below its source's base."""
    return Blob(package.filename.removeprefix("./"), package.sha256, package.size)


def fetch_packages(
    access: Access, wanted: list[tuple[Package, Source]], callback: ProgressCallback | None = None
) -> None:
    """Bring the .debs of packages into the cache, many at a time."""
    access.fetcher.fetch_blobs(
        access.cache,
        [(package_blob(package), access.mirrors.resolve(source.base)) for package, source in wanted],
        callback,
    )
