"""What a result rests on: files, names and store paths, as they were when they were looked at.

Loaded before anything else by every call of the program: no import here that takes time.
"""

from __future__ import annotations

import os
import stat
import time

TYPE_CHECKING = False  # As `typing` has it, which takes longer to load than all that is loaded here.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Stamp = tuple[int, int, int, int, int]
    """Mode, size in bytes, inode, and when content and inode were last changed, in nanoseconds."""

LIFETIME = 24 * 3600
"""Seconds for which a result counts: once a day everything is done, which also shows what is in use."""
_GRAIN = 20_000_000
"""The clock of a file system goes in steps of at most 10 ms: what changed less than two of them before it was looked at
can change again and look the same."""
_COARSE_GRAIN = 2_000_000_000
"""The same for file systems that keep whole seconds."""
_SECOND = 1_000_000_000
_TIMED_KINDS = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
"""Not pipes, sockets and devices."""
_KEPT = ("until", "_contents", "_entries", "_kinds", "_resolved", "_links", "_valid", "_database")
"""What of the evidence is kept for the next call."""


class Evidence:
    """What a result rests on. It is written down before it is used, and `holds` looks whether it is still so."""

    def __init__(self) -> None:
        self.objection = ""
        """Why the result must not be repeated, such as that it depends on the clock."""
        self.began = time.time()
        self.until = self.began + LIFETIME
        self._contents: dict[str, Stamp] = {}
        self._entries: dict[str, Stamp] = {}
        self._kinds: dict[str, int | None] = {}
        self._resolved: dict[str, str] = {}
        self._links: dict[str, str] = {}
        self._valid: set[str] = set()
        self._database = ""
        self._untimed: frozenset[int] | None = None

    # -- writing down --------------------------------------------------------------------------------------------------

    def object(self, reason: str) -> None:
        """The result depends on something that cannot be looked at again."""
        self.objection = self.objection or reason

    def content(self, path: str) -> Stamp | None:
        """The content of a file, or the names in a folder, links followed; None when it cannot be looked at."""
        return self._stamp(self._contents, path, os.stat)

    def entry(self, path: str) -> Stamp | None:
        """What is at a path, a link as a link: content, names in a folder, or target."""
        return self._stamp(self._entries, path, os.lstat)

    def _stamp(self, stamps: dict[str, Stamp], path: str, look: Callable[[str], os.stat_result]) -> Stamp | None:
        # Of several looks the first counts: what changed in between does not hold.
        if path not in stamps:
            try:
                status = look(path)
            except (OSError, ValueError):
                self.object(f"{path} cannot be looked at")
                return None
            self._check_times(path, status)
            changed = status.st_ctime_ns
            if changed > time.time_ns() - (_GRAIN if changed % _SECOND else _COARSE_GRAIN):
                self.object(f"{path} was changed just now")
            stamps[path] = _stamp_of(status)
        return stamps[path]

    def _check_times(self, path: str, status: os.stat_result) -> None:
        """What changes without a time that tells is objected to."""
        if self._untimed is None:
            from osconf.memo.devices import untimed_devices

            self._untimed = untimed_devices()
        if stat.S_IFMT(status.st_mode) not in _TIMED_KINDS or status.st_dev in self._untimed:
            self.object(f"{path} does not tell when it was changed")

    def tree(self, path: str) -> None:
        """Everything in a tree."""
        stamp = self.entry(path)
        if stamp is not None and stat.S_ISDIR(stamp[0]):
            for name in os.listdir(path):  # noqa: PTH208 - names alone
                self.tree(f"{path}/{name}")

    def kind(self, path: str) -> None:
        """Whether something is at a path (links not followed), and of which kind; or why nobody can tell."""
        self._kinds.setdefault(path, _kind_of(path))

    def resolved(self, path: str, found: str) -> None:
        """Where the links in a path lead."""
        self._resolved[path] = found

    def link(self, path: str, target: str) -> None:
        """A link that has to lead to a target: what was made, not what is there, which may be another call's by now."""
        self._links[path] = target

    def valid(self, path: str) -> None:
        """A store path that is there."""
        self._valid.add(path)

    def store(self, database: str) -> None:
        """The database that says which store paths are there."""
        self._database = database

    def age(self, path: str, seconds: float) -> None:
        """A file that must not be older."""
        try:
            self.until = min(self.until, os.stat(path).st_mtime + seconds)  # noqa: PTH116
        except OSError:
            self.object(f"{path} cannot be looked at")

    # -- looking again -------------------------------------------------------------------------------------------------

    def holds(self) -> bool:
        """Whether everything is as it was."""
        if self.objection or not self.until - LIFETIME <= time.time() < self.until:
            return False
        try:
            return (
                all(_stamp_of(os.stat(path)) == stamp for path, stamp in self._contents.items())  # noqa: PTH116
                and all(_stamp_of(os.lstat(path)) == stamp for path, stamp in self._entries.items())
                and all(_kind_of(path) == kind for path, kind in self._kinds.items())
                and all(os.path.realpath(path) == found for path, found in self._resolved.items())
                and all(os.readlink(path) == target for path, target in self._links.items())  # noqa: PTH115
                and self._has_store_paths()
            )
        except (OSError, ValueError):
            return False

    def _has_store_paths(self) -> bool:
        if not self._valid:
            return True
        from osconf.store.presence import are_valid

        return bool(self._database) and are_valid(self._database, self._valid)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def to_data(self) -> tuple[Any, ...]:
        """Plain values; only of what nothing was objected to."""
        return tuple(getattr(self, name) for name in _KEPT)

    @classmethod
    def from_data(cls, data: Iterable[Any]) -> Evidence:
        """What `to_data` gave."""
        self = cls()
        for name, value in zip(_KEPT, data, strict=True):
            setattr(self, name, value)
        return self


def _stamp_of(status: os.stat_result) -> Stamp:
    return status.st_mode, status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _kind_of(path: str) -> int | None:
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        # An answer, too: to `pathExists` nothing is there.
        return -(error.errno or 0)
