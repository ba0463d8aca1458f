"""The download cache: every blob of the archive (InRelease, Packages, .deb) under its own sha256.

What is here needs no mirror: a lock whose blobs are cached replays offline, after mirrors have dropped the versions.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from osconf.errors import ArchiveError

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Blob:
    """Content to fetch: its path below a mirror's base, and what it must be. `size` 0 means unknown."""

    path: str
    sha256: str
    size: int = 0


class BlobCache:
    """Blobs in `directory/ab/<sha256>`, written once, read-only; `others` are such directories that are only read."""

    def __init__(self, directory: Path, others: Sequence[Path] = ()) -> None:
        self.directory = directory
        self.others = tuple(others)

    def path_of(self, sha256: str) -> Path:
        """Where the blob is, or would be."""
        if len(sha256) != 64 or not sha256.isalnum():
            raise ArchiveError(f"‘{sha256}’ is not a sha256 digest", code="bad-digest")
        return self.directory / sha256[:2] / sha256

    def find(self, sha256: str) -> Path | None:
        """The blob's file when it is cached."""
        path = self.path_of(sha256)
        for place in (path, *(other / sha256[:2] / sha256 for other in self.others)):
            if place.exists():
                return place
        return None

    def find_intact(self, sha256: str) -> Path | None:
        """The blob's file when it is cached and still what it was; a damaged one is removed."""
        path = self.find(sha256)
        if path is None:
            return None
        with path.open("rb") as file:
            if hash_stream(file).hexdigest() == sha256:
                return path
        if path.is_relative_to(self.directory):
            path.unlink(missing_ok=True)
        return None

    def add_bytes(self, data: bytes) -> str:
        """Keep the data; returns its sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        if self.find(sha256) is None:
            with self.open_partial(sha256) as partial:
                if self.find(sha256) is None:  # nobody else finished it while we waited
                    partial.truncate()
                    partial.write(data)
                    self.publish(sha256, partial)
        return sha256

    @contextlib.contextmanager
    def open_partial(self, sha256: str) -> Iterator[BinaryIO]:
        """Open the file that a download of the blob grows in, locked against other processes.

        It survives a broken download, so that the next one resumes; position is at its start.
        """
        path = self.path_of(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{sha256}.partial")
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def publish(self, sha256: str, partial: BinaryIO) -> Path:
        """Make the finished partial file the blob."""
        partial.flush()
        os.fchmod(partial.fileno(), 0o444)
        # Indexes are used without another look at their hash: the name must not outlive a power cut without the bytes.
        os.fsync(partial.fileno())
        path = self.path_of(sha256)
        path.with_name(f"{sha256}.partial").replace(path)
        return path


def hash_stream(stream: BinaryIO) -> hashlib._Hash:
    """The running sha256 over the rest of the stream."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest
