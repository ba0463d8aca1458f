"""Copying trees into the store, with a filter."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from osconf.model.nar import Keep, UnsupportedFile, entry_kind


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
        shutil.copyfile(source, destination)
        os.chmod(destination, 0o755 if status.st_mode & stat.S_IXUSR else 0o644)  # noqa: PTH101 - bytes paths
    else:
        raise UnsupportedFile(f"file '{os.fsdecode(source)}' has an unsupported type")
