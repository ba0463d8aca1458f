"""One binary package of an index: the fields that osconf needs, as a frozen record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Package:
    """A stanza of a Packages file; relation fields stay text (`relation.parse_relations` reads them)."""

    name: str
    version: str
    architecture: str
    source: str = ""
    filename: str = ""
    size: int = 0
    sha256: str = ""
    installed_size: int = 0
    section: str = ""
    priority: str = ""
    essential: bool = False
    multi_arch: str = ""
    pre_depends: str = ""
    depends: str = ""
    recommends: str = ""
    provides: str = ""
    conflicts: str = ""
    breaks: str = ""
    description: str = ""
    homepage: str = ""
    origin: str = ""
    """Id of the source (`source.Source.id`) whose index lists the package; its base is where the file lies."""

    @property
    def source_name(self) -> str:
        """The source package that built it (Debian leaves the field out where the names are equal)."""
        return self.source or self.name

    def to_json(self) -> dict[str, Any]:
        """The record of a lock: fields that hold something."""
        return {key: value for key, value in asdict(self).items() if value not in ("", 0, False)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Package:
        """Read a lock's record; unknown keys belong to the lock."""
        return cls(**{key: data[key] for key in FIELD_NAMES if key in data})


FIELD_NAMES = tuple(field.name for field in fields(Package))
