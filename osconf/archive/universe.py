"""All packages of several sources at once: one version of each name, and who satisfies a dependency."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from osconf.archive.package import Package
from osconf.archive.relation import Atom, Group, parse_relations
from osconf.archive.version import compare_versions, satisfies

_PRIORITIES = {"required": 0, "important": 1, "standard": 2, "optional": 3, "extra": 4}
_NATIVE = frozenset(("", "any", "all", "native"))


class PackageIndex(Protocol):
    """What a universe asks of each of its sources, in order of preference between equal versions."""

    def find(self, name: str) -> Package | None: ...
    def find_built_from(self, source: str) -> list[str]: ...
    def find_providers(self, name: str) -> list[tuple[str, str]]: ...
    def search(self, word: str) -> list[Package]: ...
    def essential_names(self) -> list[str]: ...
    def names(self) -> list[str]: ...


class MemoryIndex:
    """An index over given packages: those that a lock holds back, and tests."""

    def __init__(self, packages: Iterable[Package]) -> None:
        self._packages = {package.name: package for package in packages}
        self._providers: dict[str, list[tuple[str, str]]] = {}
        for package in self._packages.values():
            for group in parse_relations(package.provides):
                for atom in group:
                    self._providers.setdefault(atom.name, []).append((package.name, atom.version))

    def find(self, name: str) -> Package | None:
        return self._packages.get(name)

    def find_built_from(self, source: str) -> list[str]:
        return sorted(name for name, package in self._packages.items() if package.source_name == source)

    def find_providers(self, name: str) -> list[tuple[str, str]]:
        return self._providers.get(name, [])

    def search(self, word: str) -> list[Package]:
        lowered = word.lower()
        return [
            package
            for _, package in sorted(self._packages.items())
            if lowered in package.name.lower() or lowered in package.description.lower()
        ]

    def essential_names(self) -> list[str]:
        return sorted(name for name, package in self._packages.items() if package.essential)

    def names(self) -> list[str]:
        return sorted(self._packages)


class Universe:
    """The packages to choose from. `held` packages stand whatever the indexes offer (partial lock updates)."""

    def __init__(
        self, indexes: Sequence[PackageIndex], architecture: str, held: Mapping[str, Package] | None = None
    ) -> None:
        self._held = MemoryIndex((held or {}).values())
        self._indexes: tuple[PackageIndex, ...] = (self._held, *indexes)
        self.architecture = architecture
        self._found: dict[str, Package | None] = {}
        self._satisfiers: dict[Atom, tuple[str, ...]] = {}
        self._names: list[str] | None = None
        self._lock = threading.RLock()

    def find(self, name: str) -> Package | None:
        """The chosen version of a package: held, else the newest, of equal ones the earliest source's."""
        try:
            return self._found[name]
        except KeyError:
            pass
        chosen = self._held.find(name)
        if chosen is None:
            for index in self._indexes[1:]:
                package = index.find(name)
                if package is not None and (chosen is None or compare_versions(package.version, chosen.version) > 0):
                    chosen = package
        self._found[name] = chosen
        return chosen

    def names(self) -> list[str]:
        """Every package name, sorted."""
        with self._lock:
            if self._names is None:
                self._names = sorted({name for index in self._indexes for name in index.names()})
            return self._names

    def search(self, word: str) -> list[Package]:
        """The packages (chosen versions) whose name or description has the word, by name."""
        names = sorted({package.name for index in self._indexes for package in index.search(word)})
        return [package for name in names if (package := self.find(name)) is not None]

    def essential_names(self) -> list[str]:
        """The packages that every environment holds though nobody depends on them."""
        names = {name for index in self._indexes for name in index.essential_names()}
        return sorted(name for name in names if (found := self.find(name)) is not None and found.essential)

    def find_built_from(self, source: str) -> list[str]:
        """Names of the packages whose chosen version the source package built."""
        names = {name for index in self._indexes for name in index.find_built_from(source)}
        return sorted(name for name in names if (found := self.find(name)) is not None and found.source_name == source)

    def find_providers(self, name: str) -> list[tuple[str, str]]:
        """(provider, provided version or "") pairs, from chosen versions only, best first."""
        providers: dict[str, str] = {}
        for provider in {provider for index in self._indexes for provider, _ in index.find_providers(name)}:
            package = self.find(provider)
            if package is None:
                continue
            for group in parse_relations(package.provides):
                for atom in group:
                    if atom.name == name:
                        providers[provider] = atom.version or providers.get(provider, "")
        return sorted(providers.items(), key=lambda item: self._rank(item[0]))

    def _rank(self, name: str) -> tuple[bool, int, str]:
        package = self.find(name)
        if package is None:
            return (True, 9, name)
        return (not package.essential, _PRIORITIES.get(package.priority, 5), name)

    def satisfiers(self, atom: Atom) -> tuple[str, ...]:
        """Packages that satisfy one atom, in order of preference: the real one, then providers."""
        known = self._satisfiers.get(atom)
        if known is not None:
            return known
        found: list[str] = []
        if atom.qualifier in _NATIVE or atom.qualifier == self.architecture:
            real = self.find(atom.name)
            if real and (not atom.relation or satisfies(real.version, atom.relation, atom.version)):
                found.append(atom.name)
            for provider, version in self.find_providers(atom.name):
                fits = not atom.relation or (version and satisfies(version, atom.relation, atom.version))
                if fits and provider != atom.name:
                    found.append(provider)
        result = self._satisfiers[atom] = tuple(found)
        return result

    def group_satisfiers(self, group: Group) -> tuple[str, ...]:
        """Packages that satisfy a group of alternatives, in order of preference."""
        return tuple(dict.fromkeys(name for atom in group for name in self.satisfiers(atom)))

    def dependencies(self, package: Package, *, recommends: bool = False) -> tuple[Group, ...]:
        """The groups that must hold when the package is installed."""
        groups = parse_relations(package.pre_depends) + parse_relations(package.depends)
        return groups + parse_relations(package.recommends) if recommends else groups

    def conflicts(self, package: Package) -> list[tuple[str, Atom]]:
        """(name, the atom that says so) of each package that cannot stand beside this one."""
        return [
            (name, group[0])
            for field in (package.conflicts, package.breaks)
            for group in parse_relations(field)
            for name in self.satisfiers(group[0])
            if name != package.name
        ]

    def near_names(self, name: str, limit: int = 3) -> list[str]:
        """Names that a mistyped one may have meant."""
        names = self.names()
        lowered = name.lower().replace("_", "-")
        if lowered != name and self.find(lowered):
            return [lowered]
        swapped = [
            lowered[:at] + lowered[at + 1] + lowered[at] + lowered[at + 2 :]
            for at in range(len(lowered) - 1)
            if lowered[at] != lowered[at + 1]
        ]
        if found := [other for other in swapped if self.find(other)]:
            return found[:limit]
        # difflib over 68 000 names takes seconds; a typing mistake keeps the first letter or the length, nearly.
        likely = [other for other in names if abs(len(other) - len(lowered)) <= 2 and other[:1] == lowered[:1]]
        near = difflib.get_close_matches(lowered, likely, limit, 0.75)
        if not near:
            near = [other for other in names if lowered in other.split("-")][:limit]
        return near
