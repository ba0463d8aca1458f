"""`osconf lock`: the lock of a configuration, shown and moved forward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osconf.archive.archive import update_lock
from osconf.archive.lock import Lock, VersionChange, load_lock, save_lock
from osconf.errors import ArchiveError

if TYPE_CHECKING:
    from osconf.rebuild.session import Session

LOCK_NAME = "osconf.lock"


def lock_path(configuration: Path) -> Path:
    """The lock lies next to the configuration."""
    return configuration.parent / LOCK_NAME


@dataclass(frozen=True, slots=True)
class LockSummary:
    """What a lock holds."""

    path: Path
    lock: Lock

    def as_json(self) -> dict[str, Any]:
        """The sources and the versions of the packages in use."""
        return {
            "path": str(self.path),
            "sources": {name: locked.to_json() for name, locked in sorted(self.lock.sources.items())},
            "packages": {
                name: item.package.version
                for group in self.lock.packages.values()
                for name, item in sorted(group.items())
            },
        }

    def as_text(self) -> str:
        """A table for people."""
        lines = [f"{self.path}"]
        for name, locked in sorted(self.lock.sources.items()):
            lines.append(f"  {name:<24} {locked.date or 'no date'}  {locked.in_release_sha256[:16]}")
        count = sum(len(group) for group in self.lock.packages.values())
        held = [name for group in self.lock.packages.values() for name, item in group.items() if item.held]
        lines.append(f"  {count} packages in use" + (f", held: {', '.join(sorted(held))}" if held else ""))
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class LockChanges:
    """What an update changed among the packages in use."""

    changes: tuple[VersionChange, ...]

    def as_json(self) -> list[dict[str, str]]:
        """One record per change."""
        return [{"name": change.name, "old": change.old, "new": change.new} for change in self.changes]

    def as_text(self) -> str:
        """One line per change."""
        if not self.changes:
            return "the lock is up to date: no package in use changes"
        width = max(len(change.name) for change in self.changes)
        return "\n".join(
            f"{change.kind:<10} {change.name:<{width}}  {change.old or '-'} -> {change.new or '-'}"
            for change in self.changes
        )


def describe_lock(session: Session, configuration: Path) -> LockSummary:
    """Read the lock of a configuration."""
    path = lock_path(configuration)
    lock = load_lock(path)
    if lock is None:
        raise ArchiveError(
            f"there is no lock yet at {path}",
            code="no-lock",
            hint="`osconf build` or `osconf switch` makes it; commit it beside the configuration",
        )
    return LockSummary(path, lock)


def update_configuration_lock(
    session: Session, configuration: Path, names: Sequence[str] = (), *, security_only: bool = False
) -> LockChanges:
    """Move the lock to the archive's present state and write it."""
    summary = describe_lock(session, configuration)
    update = update_lock(session.access, summary.lock, names=names, security_only=security_only)
    save_lock(summary.path, update.lock)
    return LockChanges(update.changes)
