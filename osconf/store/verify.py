"""Checking a store against its database: missing paths, changed content, unregistered leftovers.

Modes that are not canonical are put right on the way.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from osconf.model import nar
from osconf.store.canonical import canonicalise
from osconf.store.database import Database
from osconf.store.layout import StoreLayout

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
        real = layout.real_path(path)
        if not os.path.lexists(real):
            report.missing.append(path)
        elif check_contents and not _is_intact(database, path, real):
            report.changed.append(path)
        else:
            progress(number + 1, len(wanted))
            continue
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


def _is_intact(database: Database, path: str, real: Path) -> bool:
    info = database.query_path_info(path)
    if info is None:
        return True
    try:
        nar_hash, nar_size = nar.hash_path(real, info.nar_hash.algorithm)
    except (OSError, nar.UnsupportedFile):
        return False
    return (nar_hash, nar_size) == (info.nar_hash, info.nar_size) and (_has_canonical_mode(real) or _restore_mode(real))


def _restore_mode(real: Path) -> bool:
    """Put modes right that an interrupted `optimise` left (it must write in directories); False when we may not."""
    try:
        canonicalise(real)
    except OSError:
        return False
    return True


def _has_canonical_mode(real: Path) -> bool:
    """Whether the path itself is read-only and not setuid; its content's modes are not worth a second walk."""
    status = real.lstat()
    return stat.S_ISLNK(status.st_mode) or stat.S_IMODE(status.st_mode) in (0o444, 0o555)
