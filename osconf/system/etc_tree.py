"""The tree behind /etc: what the configuration declares over what the packages of the environment bring.

The plan is pure: from declarations and the environment's files to the entries and links of the tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from osconf.errors import BuildError

SYMLINK = "symlink"
DIRECT_SYMLINK = "direct-symlink"


@dataclass(frozen=True)
class EtcEntry:
    """A path below /etc; `target` is what the link in the tree says. See `etc.json`."""

    path: str
    mode: str
    target: str
    user: str = "+0"
    group: str = "+0"

    def to_json(self) -> dict[str, str]:
        """The form that activation reads; `target` matters to it only for links that are made as they are."""
        data = {"path": self.path, "mode": self.mode, "user": self.user, "group": self.group}
        if self.mode == DIRECT_SYMLINK:
            data["target"] = self.target
        return data


def declared_entry(data: Mapping[str, Any]) -> EtcEntry:
    """An entry of `environment.etc`."""
    path = data["path"].strip("/")
    if not path or any(part in ("", ".", "..") for part in path.split("/")):
        raise BuildError(
            f"environment.etc names '{data['path']}', which is no path below /etc",
            hint="leave out /etc, and dots",
            code="etc-path",
        )
    return EtcEntry(path, data["mode"], data["source"], data["user"], data["group"])


def plan_etc(
    package_entries: Iterable[EtcEntry],
    declared: Iterable[EtcEntry],
    directories: Mapping[str, str],
    removed: Collection[str],
) -> list[EtcEntry]:
    """All entries, by path. A declared entry takes the place of a package's, and of everything below it."""
    chosen: dict[str, EtcEntry] = {}
    for entry in declared:
        if entry.path in chosen and chosen[entry.path] != entry:
            raise BuildError(f"environment.etc declares '{entry.path}' twice", code="etc-conflict")
        chosen[entry.path] = entry
    for path, target in directories.items():
        chosen[path] = EtcEntry(path, SYMLINK, target)
    for path in chosen:
        above = next((parent for parent in _parents(path) if parent in chosen), None)
        if above is not None:
            raise BuildError(
                f"environment.etc declares '{path}' and '{above}', which it would have to be in",
                hint=f"'{above}' is one link: put the file into its source, or declare the files of it one by one",
                code="etc-conflict",
            )
    for entry in package_entries:
        covers = {entry.path, *_parents(entry.path)}
        is_parent = any(path.startswith(f"{entry.path}/") for path in chosen)
        if not is_parent and not covers & chosen.keys() and not covers & set(removed):
            chosen[entry.path] = entry
    return [chosen[path] for path in sorted(chosen)]


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
