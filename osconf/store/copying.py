"""Copying trees into the store, with a filter: alone, or with the archive's hash in the same reading."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from osconf.errors import StoreError
from osconf.model.hashes import Hash, hash_file, new_hasher
from osconf.model.nar import ArchiveWriter, Keep, Sink, UnsupportedFile, entry_kind, hash_path
from osconf.store.canonical import remove_tree


def copy_tree(source: Path, destination: Path, keep: Keep | None = None) -> None:
    """Copy a file, link or tree; `keep` leaves files below the root out. Names need not be text."""
    raw = os.fsencode(source)
    _copy(raw, os.fsencode(destination), "", os.lstat(raw), keep)


def _copy(source: bytes, destination: bytes, relative: str, status: os.stat_result, keep: Keep | None) -> None:
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(source), destination)  # noqa: PTH115, PTH211 - bytes paths
    elif stat.S_ISDIR(status.st_mode):
        os.mkdir(destination)  # noqa: PTH102 - bytes paths
        with os.scandir(source) as found:
            entries = list(found)
        for entry in entries:
            below = f"{relative}/{os.fsdecode(entry.name)}" if relative else os.fsdecode(entry.name)
            if keep is None or keep(below, entry_kind(entry)):
                _copy(entry.path, destination + b"/" + entry.name, below, entry.stat(follow_symlinks=False), keep)
    elif stat.S_ISREG(status.st_mode):
        import shutil

        shutil.copyfile(source, destination)
        os.chmod(destination, 0o755 if status.st_mode & stat.S_IXUSR else 0o644)  # noqa: PTH101 - bytes paths
    else:
        raise UnsupportedFile(f"file '{os.fsdecode(source)}' has an unsupported type")


class _Counter:
    """A sink that hashes and counts."""

    def __init__(self) -> None:
        self.hasher = new_hasher("sha256")
        self.size = 0

    def take(self, data: bytes | memoryview) -> None:
        self.hasher.update(data)
        self.size += len(data)

    def hash(self) -> Hash:
        return Hash("sha256", self.hasher.digest())


@dataclass(frozen=True)
class CopiedTree:
    """A copy, with the hash and size of the archive of exactly what was written."""

    place: Path
    hash: Hash
    size: int


def copy_hashed(source: Path, destination: Path, keep: Keep | None = None) -> CopiedTree:
    """Copy a file, link or tree while its archive is hashed. What was written is removed when that fails."""
    counter = _Counter()
    raw = os.fsencode(source)
    try:
        _CopyingWriter(counter.take, keep, raw, os.fsencode(destination)).write_archive(raw)
    except BaseException:
        remove_tree(destination)
        raise
    return CopiedTree(destination, counter.hash(), counter.size)


class _CopyingWriter(ArchiveWriter):
    """Writes what it archives to another place, too."""

    def __init__(self, sink: Sink, keep: Keep | None, source: bytes, destination: bytes) -> None:
        super().__init__(sink, keep)
        self.source_length = len(source.rstrip(b"/"))
        self.destination = destination
        self.output = -1

    def _place(self, path: bytes) -> bytes:
        return self.destination + path[self.source_length :]

    def enter_directory(self, path: bytes) -> None:
        """See `ArchiveWriter.enter_directory`."""
        os.mkdir(self._place(path))  # noqa: PTH102 - bytes paths

    def read_link(self, path: bytes) -> bytes:
        """See `ArchiveWriter.read_link`."""
        target = super().read_link(path)
        os.symlink(target, self._place(path))  # noqa: PTH211 - bytes paths
        return target

    def open_file(self, path: bytes, status: os.stat_result) -> int:
        """See `ArchiveWriter.open_file`."""
        descriptor = super().open_file(path, status)
        mode = 0o555 if status.st_mode & stat.S_IXUSR else 0o444
        try:
            self.output = os.open(self._place(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def take_content(self, data: bytes | memoryview) -> None:
        """See `ArchiveWriter.take_content`."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.output, view) :]

    def close_file(self, descriptor: int) -> None:
        """See `ArchiveWriter.close_file`."""
        super().close_file(descriptor)
        os.close(self.output)


class _TooLarge(Exception):
    """An archive is larger than asked for."""


def hash_small(source: Path, limit: int, keep: Keep | None = None) -> Hash | None:
    """The hash of the archive of a file or tree; None when that is longer than `limit` bytes."""
    counter = _Counter()

    def take(data: bytes | memoryview) -> None:
        counter.take(data)
        if counter.size > limit:
            raise _TooLarge

    try:
        ArchiveWriter(take, keep).write_archive(os.fsencode(source))
    except _TooLarge:
        return None
    return counter.hash()


def copy_checked(source: Path, destination: Path, content: Hash, recursive: bool, keep: Keep | None) -> CopiedTree:
    """Copy what was hashed before: the archive, or with `recursive` off the plain file. It must not have changed."""
    try:
        if recursive:
            copied = copy_hashed(source, destination, keep)
            got = copied.hash if content.algorithm == "sha256" else hash_path(destination, content.algorithm)[0]
        else:
            import shutil

            shutil.copyfile(source, destination)
            copied = CopiedTree(destination, *hash_path(destination))
            got = hash_file(content.algorithm, destination)
        if got != content:
            raise StoreError(f"'{source}' changed while it was copied", code="file-changed")
    except BaseException:
        remove_tree(destination)
        raise
    return copied
