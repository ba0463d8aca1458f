"""`osconf.lock`: what pins the package set. Same lock, same packages, bit for bit, offline when they are cached.

Per source: its definition, the InRelease that was verified (sha256, date, key) and its Packages files. Per package
that a configuration came to use: the record of the index, so that the versions stay known, and can be held at a
partial update, when the mirrors have moved on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from osconf.archive.package import Package
from osconf.archive.resolver import RESOLVER_VERSION
from osconf.archive.source import Source
from osconf.archive.version import compare_versions
from osconf.errors import ArchiveError

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class LockedIndex:
    """One Packages file: path below the release directory (or the flat base), and its content."""

    component: str
    path: str
    sha256: str
    size: int

    def to_json(self) -> dict[str, Any]:
        return {"component": self.component, "path": self.path, "sha256": self.sha256, "size": self.size}


@dataclass(frozen=True, slots=True)
class LockedSource:
    """A source as it was at the time of the lock. A flat directory has no release: those fields are empty."""

    source: Source
    in_release_sha256: str
    date: str
    fingerprint: str
    indexes: tuple[LockedIndex, ...]

    def answers(self, source: Source) -> bool:
        """Whether this is a state of the source as it is defined now: the same place, signed by a key still trusted.

        Another list of keys alone is no reason to move to other packages.
        """
        same_place = replace(source, trusted=True, fingerprints=()) == replace(
            self.source, trusted=True, fingerprints=()
        )
        return same_place and (source.trusted or self.fingerprint in source.fingerprints)

    def to_json(self) -> dict[str, Any]:
        return {
            "source": self.source.to_json(),
            "inRelease": self.in_release_sha256,
            "date": self.date,
            "fingerprint": self.fingerprint,
            "indexes": [index.to_json() for index in self.indexes],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LockedSource:
        return cls(
            source=Source.from_json(data["source"]),
            in_release_sha256=data["inRelease"],
            date=data["date"],
            fingerprint=data["fingerprint"],
            indexes=tuple(LockedIndex(**index) for index in data["indexes"]),
        )


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package in use: its record, and whether a partial update holds it at this version."""

    package: Package
    held: bool = False
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        record = self.package.to_json()
        if self.held:
            record["held"] = True
        if self.reason:
            record["reason"] = self.reason
        return record


@dataclass(frozen=True, slots=True)
class Lock:
    """The content of a lock file. `packages` has one group of records per set of sources that is resolved together."""

    sources: Mapping[str, LockedSource] = field(default_factory=dict)
    packages: Mapping[str, Mapping[str, LockedPackage]] = field(default_factory=dict)

    def with_source(self, locked: LockedSource) -> Lock:
        """Add or replace a source."""
        return replace(self, sources={**self.sources, locked.source.id: locked})

    def with_packages(self, group: str, packages: Iterable[LockedPackage]) -> Lock:
        """Add or replace records of a group."""
        records = {**self.packages.get(group, {}), **{item.package.name: item for item in packages}}
        return replace(self, packages={**self.packages, group: records})

    def held_packages(self, group: str) -> dict[str, Package]:
        """The packages of a group that stay at their locked version."""
        return {name: item.package for name, item in self.packages.get(group, {}).items() if item.held}

    def to_json(self) -> dict[str, Any]:
        return {
            "version": _FORMAT,
            "resolver": RESOLVER_VERSION,
            "sources": {name: self.sources[name].to_json() for name in sorted(self.sources)},
            "packages": {
                group: {name: records[name].to_json() for name in sorted(records)}
                for group, records in sorted(self.packages.items())
            },
        }


def parse_lock(text: str, label: str = "osconf.lock") -> Lock:
    """Read a lock's text; raises ArchiveError when it is damaged or of a newer format."""
    try:
        data = json.loads(text)
        version = data["version"]
        if version == _FORMAT:
            return Lock(
                sources={name: LockedSource.from_json(item) for name, item in data["sources"].items()},
                packages={
                    group: {
                        name: LockedPackage(
                            Package.from_json(record), bool(record.get("held")), str(record.get("reason", ""))
                        )
                        for name, record in records.items()
                    }
                    for group, records in data.get("packages", {}).items()
                },
            )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(
            f"{label} is damaged: {error}",
            code="bad-lock",
            hint="restore it from version control, or delete it to lock the current state of the archive",
        ) from error
    raise ArchiveError(
        f"{label} has format {version}; this osconf reads format {_FORMAT}",
        code="bad-lock",
        hint="another version of osconf wrote it: use that one, or delete it to lock the archive's present state",
    )


def load_lock(path: Path) -> Lock | None:
    """The lock in the file; None when there is no file."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    return parse_lock(text, str(path))


def save_lock(path: Path, lock: Lock) -> None:
    """Write the lock, atomically, and only when it changed (so that its mtime tells something)."""
    text = json.dumps(lock.to_json(), indent=2, ensure_ascii=False) + "\n"
    if path.exists() and path.read_text("utf-8") == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ArchiveError(
            f"cannot write {path}: {error.strerror}",
            code="lock-not-writable",
            hint="the lock lies beside the configuration: make it there as the owner, or copy the configuration",
        ) from error


@dataclass(frozen=True, slots=True)
class VersionChange:
    """One line of an update's report; an empty version means absent."""

    name: str
    old: str
    new: str

    @property
    def kind(self) -> str:
        """`added`, `removed`, `upgraded` or `downgraded`."""
        if not self.old:
            return "added"
        if not self.new:
            return "removed"
        return "upgraded" if compare_versions(self.new, self.old) > 0 else "downgraded"


def diff_packages(old: Mapping[str, Package], new: Mapping[str, Package]) -> list[VersionChange]:
    """The differences of version between two sets of packages, by name."""
    changes: list[VersionChange] = []
    for name in sorted(old.keys() | new.keys()):
        before = old[name].version if name in old else ""
        after = new[name].version if name in new else ""
        if before != after:
            changes.append(VersionChange(name, before, after))
    return changes
