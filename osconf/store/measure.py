"""How much space removing files would free, in the blocks of the disk; `canonical.remove_tree` counts the same way."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_BLOCK = 512


class Measure:
    """Counts what several trees free together: a file of which some links stay frees nothing."""

    def __init__(self) -> None:
        self.freed = 0
        self._links: dict[tuple[int, int], int] = {}

    def add(self, place: Path | str) -> None:
        """Count a file or tree, as far as it may be read."""
        with suppress(OSError):
            self._add(os.lstat(place), place)

    def _add(self, status: os.stat_result, path: Path | str) -> None:
        if stat.S_ISDIR(status.st_mode):
            self.freed += status.st_blocks * _BLOCK
            with suppress(OSError), os.scandir(path) as entries:
                for entry in entries:
                    self._add(entry.stat(follow_symlinks=False), entry.path)
        elif status.st_nlink == 1 or self._is_last_link(status):
            self.freed += status.st_blocks * _BLOCK

    def _is_last_link(self, status: os.stat_result) -> bool:
        file = (status.st_dev, status.st_ino)
        self._links[file] = self._links.get(file, 0) + 1
        return self._links[file] == status.st_nlink
