"""Sources as data: which suite of which archive, and whom to trust for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from osconf.errors import ArchiveError


@dataclass(frozen=True, slots=True)
class Source:
    """One suite of one archive, or a directory of .debs.

    `base` is a logical mirror (`mirror:debian`, `mirror:debian-security`: see `mirror`), or an address (`https://…`,
    `file:///…`). An empty `suite` makes it a flat directory: a Packages file, or nothing but *.deb files.
    `fingerprints` pins the keys (primary key, upper-case hex) one of which must have signed; `trusted` waives that.
    """

    id: str
    suite: str
    base: str
    components: tuple[str, ...] = ("main",)
    architecture: str = "amd64"
    trusted: bool = False
    fingerprints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.id or "/" in self.id:
            raise ArchiveError(f"‘{self.id}’ cannot be the id of a source", code="bad-source")
        if not self.base.startswith(("mirror:", "http://", "https://", "file://")):
            raise ArchiveError(
                f"source ‘{self.id}’: ‘{self.base}’ is neither mirror:NAME nor an http, https or file address",
                code="bad-source",
            )
        if not self.trusted and not self.fingerprints:
            raise ArchiveError(
                f"source ‘{self.id}’ names no key that must have signed it",
                code="untrusted-source",
                hint="list `fingerprints`, or set `trusted = true` for a directory of your own",
            )

    @property
    def is_flat(self) -> bool:
        """Whether the base directory itself is the repository."""
        return not self.suite

    @property
    def release_directory(self) -> str:
        """Where InRelease lies, relative to the base."""
        return f"dists/{self.suite}"

    def to_json(self) -> dict[str, Any]:
        """The definition, as a lock and the language hold it."""
        return {
            "id": self.id,
            "suite": self.suite,
            "base": self.base,
            "components": list(self.components),
            "architecture": self.architecture,
            "trusted": self.trusted,
            "fingerprints": list(self.fingerprints),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Source:
        """Read a definition; `id` defaults to the suite. Raises ArchiveError on unknown or missing keys."""
        known = {"id", "suite", "base", "components", "architecture", "trusted", "fingerprints"}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ArchiveError(
                f"a source has no attribute ‘{unknown[0]}’",
                code="bad-source",
                hint=f"known: {', '.join(sorted(known))}",
            )
        if "base" not in data or not (data.get("id") or data.get("suite")):
            raise ArchiveError("a source needs `base`, and `suite` or `id`", code="bad-source")
        return cls(
            id=str(data.get("id") or data["suite"]),
            suite=str(data.get("suite", "")),
            base=str(data["base"]).rstrip("/"),
            components=tuple(str(item) for item in data.get("components", ("main",))),
            architecture=str(data.get("architecture", "amd64")),
            trusted=bool(data.get("trusted", False)),
            fingerprints=tuple(str(item).replace(" ", "").upper() for item in data.get("fingerprints", ())),
        )
