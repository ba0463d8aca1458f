"""The facade: a set of sources resolved together, pinned by a lock file.

`LockFile` holds the lock of one configuration; `Archive` answers questions about packages and notes which ones came
into use, so that `LockFile.save` records them. `update_lock` moves a lock forward and says what changed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from osconf.archive.acquire import Access, fetch_packages, lock_source, open_indexes
from osconf.archive.fetch import ProgressCallback
from osconf.archive.lock import (
    Lock,
    LockedPackage,
    LockedSource,
    VersionChange,
    diff_packages,
    load_lock,
    save_lock,
)
from osconf.archive.mixed import ForeignRoot, resolve_mixed
from osconf.archive.package import Package
from osconf.archive.resolver import Resolution, Root, resolve_closure
from osconf.archive.source import Source
from osconf.archive.universe import MemoryIndex, PackageIndex, Universe
from osconf.errors import ArchiveError


def group_name(sources: Sequence[Source]) -> str:
    """The name under which a lock keeps the packages of sources that are resolved together."""
    return "+".join(source.id for source in sources)


class LockFile:
    """A lock in memory with its file (None: nothing is written).

    `waits`: nothing is written before `save` is called, so that a mistake leaves no lock behind.
    """

    def __init__(self, path: Path | None, *, frozen: bool = False, waits: bool = False) -> None:
        self.path = path
        self.frozen = frozen
        self.waits = waits
        self.lock = (load_lock(path) if path else None) or Lock()
        self._mutex = threading.RLock()

    def locked_source(self, access: Access, source: Source) -> LockedSource:
        """The locked state of a source; one that the lock lacks (or defines otherwise) is locked now."""
        with self._mutex:
            known = self.lock.sources.get(source.id)
            if known is not None and known.answers(source):
                return replace(known, source=source)
            if self.frozen:
                raise ArchiveError(
                    f"the lock has no source ‘{source.id}’ as it is defined now",
                    code="lock-frozen",
                    hint="run `osconf lock update`",
                )
            locked = lock_source(access, source)
            self.lock = self.lock.with_source(locked)
            if not self.waits:
                self.save()
            return locked

    def record(self, group: str, packages: Iterable[LockedPackage]) -> None:
        """Add records of packages that came into use; records that are there stay when only their reason differs."""
        with self._mutex:
            known = self.lock.packages.get(group, {})
            new = [
                item
                for item in packages
                if item.package.name not in known or known[item.package.name].package != item.package
            ]
            if new:
                self.lock = self.lock.with_packages(group, new)

    def save(self) -> None:
        """Write the file when something changed."""
        if self.path is not None and not self.frozen:
            save_lock(self.path, self.lock)


class Archive:
    """The packages of some sources at the versions of a lock."""

    def __init__(self, access: Access, sources: Sequence[Source], lock_file: LockFile) -> None:
        if not sources:
            raise ArchiveError("a package set needs at least one source", code="bad-source")
        architectures = {source.architecture for source in sources}
        if len(architectures) > 1:
            raise ArchiveError(
                f"the sources are of several architectures: {', '.join(sorted(architectures))}", code="bad-source"
            )
        self.access = access
        self.sources = {source.id: source for source in sources}
        self.group = group_name(sources)
        self.lock_file = lock_file
        self.architecture = sources[0].architecture
        held = lock_file.lock.held_packages(self.group)
        indexes: list[PackageIndex] = []
        try:
            for source in sources:
                indexes.extend(open_indexes(access, lock_file.locked_source(access, source)))
        except ArchiveError as error:
            # Mirrors forget superseded indexes; what the lock recorded is enough for a configuration that is unchanged.
            recorded = [item.package for item in lock_file.lock.packages.get(self.group, {}).values()]
            if not recorded or error.code not in ("download-failed", "no-mirror"):
                raise
            indexes = [MemoryIndex(recorded)]
        self.universe = Universe(indexes, self.architecture, held)

    def find(self, name: str) -> Package | None:
        """The package of that name."""
        return self.universe.find(name)

    def resolve(self, roots: Iterable[Root], *, essential: bool = True) -> Resolution:
        """The closure of the roots; its packages are noted for the lock."""
        wanted = list(roots)
        resolution = resolve_closure(self.universe, wanted, essential=essential)
        self._record(resolution, wanted, resolution.parents)
        return resolution

    def resolve_with(
        self, roots: Iterable[Root], foreign: Iterable[tuple[Root, Archive]], *, essential: bool = True
    ) -> list[tuple[str, Archive]]:
        """The closure of roots here and in other archives: each package with the archive that it comes from."""
        wanted, others = list(roots), list(foreign)
        by_universe = {id(archive.universe): archive for _, archive in others}
        foreign_roots = [ForeignRoot(root, archive.universe) for root, archive in others]
        mixed = resolve_mixed(self.universe, wanted, foreign_roots, essential=essential)
        reasons = [*wanted, *(root for root, _ in others)]
        homes = {
            name: by_universe[id(mixed.foreign[name])] if name in mixed.foreign else self
            for name in mixed.resolution.names
        }
        for archive in {id(home): home for home in homes.values()}.values():
            archive._record(mixed.resolution, reasons, [name for name, home in homes.items() if home is archive])
        return list(homes.items())

    def _record(self, resolution: Resolution, roots: Sequence[Root], names: Iterable[str]) -> None:
        reasons = {root.name: root.reason for root in reversed(roots)}
        parents = resolution.parents
        self.lock_file.record(
            self.group,
            [
                LockedPackage(package, reason=f"needed by {parents[name]}" if parents[name] else reasons.get(name, ""))
                for name in names
                if (package := self.universe.find(name)) is not None
            ],
        )

    def source_of(self, package: Package) -> Source:
        """The source that a package comes from."""
        return self.sources[package.origin]

    def prefetch(self, names: Iterable[str], callback: ProgressCallback | None = None) -> None:
        """Bring the .debs of packages into the cache, many at a time."""
        packages = [package for name in names if (package := self.find(name)) is not None]
        fetch_packages(self.access, [(package, self.source_of(package)) for package in packages], callback)


@dataclass(frozen=True, slots=True)
class LockUpdate:
    """What an update would do: the new lock, and the changes of the packages in use."""

    lock: Lock
    changes: tuple[VersionChange, ...]


def update_lock(
    access: Access,
    lock: Lock,
    *,
    names: Sequence[str] = (),
    security_only: bool = False,
    notify: Callable[[str], None] | None = None,
) -> LockUpdate:
    """Move the sources of a lock to the archive's current state.

    With `names`, or `security_only` (what a `-security` suite offers), every other package in use is held at its
    locked version. Nothing is written: save `LockUpdate.lock` to make it so. Raises ArchiveError when a release is
    not genuine, has expired, or is older than the locked one.
    """
    _check_known(names, lock)
    updated = lock
    for source_id, locked in sorted(lock.sources.items()):
        if notify:
            notify(f"reading {source_id}")
        updated = updated.with_source(lock_source(access, locked.source, locked))
    changes: list[VersionChange] = []
    for group, records in lock.packages.items():
        sources = [updated.sources[item].source for item in group.split("+") if item in updated.sources]
        if not sources:
            continue
        indexes = [index for source in sources for index in open_indexes(access, updated.sources[source.id])]
        universe = Universe(indexes, sources[0].architecture)
        old: dict[str, Package] = {}
        new: dict[str, Package] = {}
        fresh: list[LockedPackage] = []
        for name, item in records.items():
            old[name] = item.package
            offered = universe.find(name)
            selected = not (names or security_only) or name in names
            if security_only and offered is not None:
                selected = selected or updated.sources[offered.origin].source.suite.endswith("-security")
            if selected and offered is not None:
                new[name] = offered
                fresh.append(replace(item, package=offered, held=False))
            elif selected:
                continue  # gone from the archive: the next evaluation says who still wants it
            else:
                new[name] = item.package
                fresh.append(replace(item, held=offered is None or offered.version != item.package.version))
        updated = replace(updated, packages={**updated.packages, group: {item.package.name: item for item in fresh}})
        changes.extend(diff_packages(old, new))
    return LockUpdate(updated, tuple(changes))


def refresh_lock(access: Access, path: Path, max_age: timedelta) -> None:
    """Move a lock that nobody keeps under version control (a user's own) forward when it is old.

    Mirrors drop superseded packages, so such a lock rots. Without network it stays, and is tried again after `max_age`.
    """
    try:
        age = access.now().timestamp() - path.stat().st_mtime
    except FileNotFoundError:
        return
    if age < max_age.total_seconds():
        return
    lock = load_lock(path) or Lock()
    with contextlib.suppress(ArchiveError):
        lock = update_lock(access, lock).lock
    save_lock(path, lock)
    path.touch()


def _check_known(names: Sequence[str], lock: Lock) -> None:
    unknown = [name for name in names if not any(name in records for records in lock.packages.values())]
    if unknown:
        raise ArchiveError(
            f"‘{unknown[0]}’ is not among the packages of the lock",
            code="unknown-package",
            hint="`osconf lock update NAME` updates a package that the configuration already uses",
        )
