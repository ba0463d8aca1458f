"""Checking a store against its database: missing paths, changed content, unregistered leftovers.

Modes that are not canonical are put right on the way.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.hashes import Hash, new_hasher
from osconf.store.canonical import canonicalise
from osconf.store.database import Database
from osconf.store.layout import StoreLayout
from osconf.store.locks import OPTIMISE_LOCK, PathLock

Repair = Callable[[str], bool]
"""Makes a path's content good again (by building or fetching it anew); returns whether it could."""


@dataclass
class VerifyReport:
    """What was found. A repaired path is listed with its fault as well."""

    checked: int = 0
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unregistered: list[str] = field(default_factory=list)
    database: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong, or everything was repaired. Leftovers are harmless."""
        return not self.database and set(self.missing + self.changed) <= set(self.repaired)


def verify_store(
    layout: StoreLayout,
    database: Database,
    *,
    check_contents: bool = False,
    repair: Repair | None = None,
    paths: Iterable[str] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> VerifyReport:
    """Check the paths (all of them by default); with `check_contents` their hashes too."""
    report = VerifyReport(database=database.check_integrity())
    wanted = sorted(paths) if paths is not None else database.valid_paths()
    for number, path in enumerate(wanted):
        report.checked += 1
        faults = _find_faults(layout, database, path, report, check_contents)
        # Another process may collect the path meanwhile: it is forgotten before its files go.
        if faults is not None and database.is_valid(path):
            faults.append(path)
            if repair is not None and repair(path):
                report.repaired.append(path)
        progress(number + 1, len(wanted))
    if paths is None:
        known = set(wanted)
        report.unregistered = sorted(
            f"{layout.store_dir}/{entry.name}"
            for entry in layout.store.iterdir()
            if not entry.name.startswith(".") and f"{layout.store_dir}/{entry.name}" not in known
        )
    return report


def _find_faults(
    layout: StoreLayout, database: Database, path: str, report: VerifyReport, check_contents: bool
) -> list[str] | None:
    """The list of the report that a path belongs to; None when nothing is wrong."""
    real = layout.real_path(path)
    if not os.path.lexists(real):
        return report.missing
    if check_contents and not _is_intact(layout, database, path):
        return report.changed
    return None


def _is_intact(layout: StoreLayout, database: Database, path: str) -> bool:
    real = layout.real_path(path)
    info = database.query_path_info(path)
    if info is None:
        return True
    hasher = new_hasher(info.nar_hash.algorithm)
    reader = _Reader(hasher)
    try:
        reader.write_archive(os.fsencode(real))
    except (OSError, StoreError):
        return False
    found = (Hash(info.nar_hash.algorithm, hasher.digest()), reader.size)
    return found == (info.nar_hash, info.nar_size) and (reader.has_canonical_modes or _restore_modes(layout, real))


class _Reader(nar.ArchiveWriter):
    """Hashes and measures a path's archive, and looks at the modes of everything on the way."""

    def __init__(self, hasher: hashlib._Hash) -> None:
        super().__init__(self._take, None)
        self.hasher = hasher
        self.size = 0
        self.has_canonical_modes = True

    def _take(self, data: bytes | memoryview) -> None:
        self.hasher.update(data)
        self.size += len(data)

    def enter_directory(self, path: bytes) -> None:
        self._look(os.lstat(path).st_mode, (0o555,))

    def open_file(self, path: bytes, status: os.stat_result) -> int:
        self._look(status.st_mode, (0o444, 0o555))
        return super().open_file(path, status)

    def _look(self, mode: int, canonical: tuple[int, ...]) -> None:
        if stat.S_IMODE(mode) not in canonical:
            self.has_canonical_modes = False


def _restore_modes(layout: StoreLayout, real: Path) -> bool:
    """Put modes right that an interrupted `optimise` left (it must write in directories); False when we may not."""
    try:
        # One that is at work puts them right itself.
        with PathLock(layout.locks, OPTIMISE_LOCK):
            canonicalise(real)
    except OSError:
        return False
    return True
