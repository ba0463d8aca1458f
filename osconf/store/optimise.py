"""Saving space: equal files of different store paths become hard links to one."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from osconf.model.hashes import hash_file
from osconf.store.canonical import explaining
from osconf.store.local import LocalStore
from osconf.store.locks import OPTIMISE_LOCK, PathLock

_MIN_SIZE = 512


@dataclass(frozen=True)
class OptimiseResult:
    """How many files were replaced by links, and the bytes that this frees."""

    linked: int
    freed: int


def optimise_store(
    store: LocalStore, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> OptimiseResult:
    """Replace equal files by hard links; safe beside builds, since content and names stay as they are.

    No collection of garbage takes what is looked at, and a second process that does the same waits.
    """
    by_size: dict[tuple[int, int], list[Path]] = {}
    seen: set[int] = set()
    with explaining("optimise the store"), PathLock(store.layout.locks, OPTIMISE_LOCK):
        paths = store.valid_paths()
        store.add_temp_roots(paths)
        # A collection may have begun before they were roots.
        for path in sorted(store.valid_among(paths)):
            for file, status in _files(store.real_path(path)):
                if status.st_size >= _MIN_SIZE and status.st_ino not in seen:
                    seen.add(status.st_ino)
                    by_size.setdefault((status.st_size, stat.S_IMODE(status.st_mode)), []).append(file)
        groups = [files for files in by_size.values() if len(files) > 1]
        linked = freed = 0
        for number, files in enumerate(groups):
            known: dict[bytes, Path] = {}
            for file in files:
                digest = hash_file("sha256", file).digest
                first = known.setdefault(digest, file)
                if first is file:
                    continue
                try:
                    freed += _link(store, first, file)
                    linked += 1
                except OSError as error:
                    if error.errno != errno.EMLINK:
                        raise
                    # A file has as many names as the filesystem lets it have (65 000 on ext4): begin another.
                    known[digest] = file
            progress(number + 1, len(groups))
    return OptimiseResult(linked, freed)


def _files(top: Path) -> Iterator[tuple[Path, os.stat_result]]:
    status = top.lstat()
    if stat.S_ISREG(status.st_mode):
        yield top, status
    elif stat.S_ISDIR(status.st_mode):
        with os.scandir(top) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            if not entry.is_symlink():
                yield from _files(Path(entry.path))


def _link(store: LocalStore, first: Path, file: Path) -> int:
    """Put a link to `first` in the place of `file` by rename; the directory keeps its time and mode."""
    before = file.lstat()
    parent = file.parent
    directory = parent.stat()
    temporary = store.temporary_path()
    must_open = parent != store.layout.store and not os.access(parent, os.W_OK)
    temporary.hardlink_to(first)
    try:
        if must_open:
            parent.chmod(0o755)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
        if parent != store.layout.store:
            os.utime(parent, ns=(directory.st_atime_ns, directory.st_mtime_ns))
        if must_open:
            parent.chmod(stat.S_IMODE(directory.st_mode))
    return before.st_blocks * 512 if before.st_nlink == 1 else 0
