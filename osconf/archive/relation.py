"""Dependency fields: `a (>= 1) | b:any, c` as data (Debian Policy 7.1)."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from osconf.errors import ArchiveError

_ATOM = re.compile(
    r"\s*([A-Za-z0-9][A-Za-z0-9+.\-]*)(?::([a-z0-9\-]+))?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s)]+)\s*\))?"
)


class Atom(NamedTuple):
    """One name of a dependency: `name:qualifier (relation version)`; empty strings where a part is absent."""

    name: str
    qualifier: str = ""
    relation: str = ""
    version: str = ""

    def __str__(self) -> str:
        qualifier = f":{self.qualifier}" if self.qualifier else ""
        constraint = f" ({self.relation} {self.version})" if self.relation else ""
        return f"{self.name}{qualifier}{constraint}"


Group = tuple[Atom, ...]


@functools.lru_cache(maxsize=100_000)
def parse_relations(field: str) -> tuple[Group, ...]:
    """Parse a dependency field into groups of alternatives; raises ArchiveError where it is malformed."""
    groups: list[Group] = []
    for part in field.split(","):
        if not part.strip():
            continue
        atoms: list[Atom] = []
        for alternative in part.split("|"):
            match = _ATOM.match(alternative)
            if match is None:
                raise ArchiveError(f"malformed dependency ‘{alternative.strip()}’", code="bad-dependency")
            name, qualifier, relation, version = match.groups(default="")
            atoms.append(Atom(name, qualifier, relation, version))
        groups.append(tuple(atoms))
    return tuple(groups)


def format_group(group: Group) -> str:
    """The group as it stands in a control file."""
    return " | ".join(str(atom) for atom in group)
