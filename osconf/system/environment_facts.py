"""What a built environment says about itself: its packages, their dependencies, who owns a program.

Reads environment.json and the dpkg database that `osconf.environment` wrote.
"""

from __future__ import annotations

import functools
import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from osconf.store.follow import LeadsOut

_DEPENDENCY = re.compile(r"[a-z0-9][a-z0-9+.-]*")
_MERGED_DIRECTORIES = ("/bin/", "/sbin/", "/lib/", "/lib64/")


class Find(Protocol):
    """Finds the physical place of a logical path; raises `LeadsOut` for one that leaves the store."""

    def __call__(self, path: str, *, follow_last: bool = True) -> Path: ...


@dataclass
class EnvironmentFacts:
    """An environment at a store path; `find` finds what logical paths lead to."""

    path: str
    find: Find
    _owners: dict[str, str | None] = field(default_factory=dict)

    @functools.cached_property
    def description(self) -> Mapping[str, Any]:
        """environment.json."""
        data: Mapping[str, Any] = json.loads(self.find(f"{self.path}/environment.json").read_text())
        return data

    @functools.cached_property
    def contents(self) -> Mapping[str, str]:
        """Package → the store path of its files."""
        return {package["name"]: package["contents"] for package in self.description["packages"]}

    @functools.cached_property
    def dependencies(self) -> Mapping[str, frozenset[str]]:
        """Package → packages of the environment that satisfy something it depends on."""
        stanzas = list(_read_stanzas(self.find(f"{self.path}/usr/lib/osconf/dpkg/status")))
        providers: dict[str, set[str]] = {}
        for stanza in stanzas:
            for name in (stanza["Package"], *_names(stanza.get("Provides", ""))):
                providers.setdefault(name, set()).add(stanza["Package"])
        return {
            stanza["Package"]: frozenset(
                provider
                for key in ("Depends", "Pre-Depends")
                for name in _names(stanza.get(key, ""))
                for provider in providers.get(name, ())
            )
            for stanza in stanzas
        }

    def resolve_program(self, path: str) -> str:
        """The place below /usr that a program's path leads to: a view's link and the merged directories resolved."""
        if "/store/" in path:
            link = self._find_entry(path)
            if link is not None and link.is_symlink():
                path = str(link.readlink())
        for directory in _MERGED_DIRECTORIES:
            if path.startswith(directory):
                return posixpath.normpath("/usr" + path)
        return posixpath.normpath(path)

    def find_owner(self, path: str) -> str | None:
        """The package that brings the file at `path` (below /usr); None for what no package does."""
        if path not in self._owners:
            relative = path.lstrip("/")
            candidates = [relative, relative.replace("usr/bin/", "usr/sbin/", 1)]
            self._owners[path] = next(
                (
                    name
                    for candidate in candidates
                    for name, contents in self.contents.items()
                    if self._has(contents, candidate)
                ),
                None,
            )
        return self._owners[path]

    def _has(self, contents: str, relative: str) -> bool:
        place = self._find_entry(f"{contents}/{relative}")
        return place is not None and (place.is_symlink() or place.is_file())

    def _find_entry(self, path: str) -> Path | None:
        """The file or link at a path; None where the way to it leads out of the store."""
        try:
            return self.find(path, follow_last=False)
        except LeadsOut:
            return None

    def find_file(self, path: str) -> str | None:
        """The store path of the file that `path` (below /usr, or a link in a view) names in its package."""
        resolved = self.resolve_program(path)
        owner = self.find_owner(resolved)
        return None if owner is None else self.contents[owner] + resolved

    def fingerprint_program(self, path: str) -> str | None:
        """A hash that changes when the program's package, or one it depends on, does; None if no package has it."""
        owner = self.find_owner(self.resolve_program(path))
        return None if owner is None else self._fingerprint(owner)

    def _fingerprint(self, package: str) -> str:
        closure: set[str] = set()
        pending = [package]
        while pending:
            name = pending.pop()
            if name not in closure:
                closure.add(name)
                pending.extend(self.dependencies.get(name, ()))
        lines = "".join(f"{name} {self.contents.get(name, '')}\n" for name in sorted(closure))
        return hashlib.sha256(lines.encode()).hexdigest()[:32]


def _names(relation: str) -> list[str]:
    """The package names in a dependency field, alternatives included."""
    return [
        match[0] for clause in re.split(r"[,|]", relation) if (match := _DEPENDENCY.match(clause.strip())) is not None
    ]


def _read_stanzas(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    stanzas = []
    for text in path.read_text(errors="surrogateescape").split("\n\n"):
        stanza: dict[str, str] = {}
        for line in text.splitlines():
            if line and not line[0].isspace():
                key, _, value = line.partition(":")
                stanza[key] = value.strip()
        if "Package" in stanza:
            stanzas.append(stanza)
    return stanzas
