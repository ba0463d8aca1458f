"""Packages files: parse them and keep each as one SQLite database, named by the hash of its content.

A lookup by name then costs a fraction of a millisecond, and a start-up nothing: no program holds 68 000 packages in
memory. The databases are caches: deleting one costs a second.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from osconf.archive.compression import read_compressed
from osconf.archive.package import Package
from osconf.archive.relation import parse_relations
from osconf.archive.version import compare_versions

_SCHEMA_VERSION = 1
_FIELDS = {
    "Package": "name",
    "Version": "version",
    "Architecture": "architecture",
    "Source": "source",
    "Filename": "filename",
    "Size": "size",
    "SHA256": "sha256",
    "Installed-Size": "installed_size",
    "Section": "section",
    "Priority": "priority",
    "Essential": "essential",
    "Multi-Arch": "multi_arch",
    "Pre-Depends": "pre_depends",
    "Depends": "depends",
    "Recommends": "recommends",
    "Provides": "provides",
    "Conflicts": "conflicts",
    "Breaks": "breaks",
    "Description": "description",
    "Homepage": "homepage",
}
_COLUMNS = tuple(_FIELDS.values())
_LINE = re.compile(rf"^({'|'.join(_FIELDS)}): *(.*)$", re.MULTILINE)
_FOLD = re.compile(r"\n[ \t]+(?=\S)")
_FOLDED = re.compile(r"^(?:Pre-Depends|Depends|Recommends|Provides|Conflicts|Breaks):[^\n]*\n[ \t]", re.MULTILINE)
_LIKE_ESCAPES = str.maketrans({"%": "\\%", "_": "\\_", "\\": "\\\\"})
_INTEGERS = frozenset(("size", "installed_size"))


def parse_packages(text: str, architecture: str) -> Iterator[Package]:
    """Read the stanzas of a Packages file that fit the architecture (or `all`)."""
    for stanza in text.split("\n\n"):
        if _FOLDED.search(stanza):
            stanza = _FOLD.sub(" ", stanza)
        values: dict[str, str | int | bool] = {}
        for key, value in _LINE.findall(stanza):
            values[_FIELDS[key]] = value.rstrip()
        if "name" not in values or values.get("architecture") not in (architecture, "all"):
            continue
        for column in _INTEGERS:
            digits = str(values.get(column, ""))
            values[column] = int(digits) if digits.isdigit() else 0
        values["essential"] = values.get("essential") == "yes"
        values["source"] = str(values.get("source", "")).partition(" ")[0]
        yield Package(**values)  # type: ignore[arg-type]


def _choose_newest(packages: Iterable[Package]) -> dict[str, Package]:
    chosen: dict[str, Package] = {}
    for package in packages:
        known = chosen.get(package.name)
        if known is None or compare_versions(package.version, known.version) > 0:
            chosen[package.name] = package
    return chosen


def build_index(database: Path, packages: Iterable[Package]) -> None:
    """Write the database of a Packages file (newest version of each name), atomically."""
    database.parent.mkdir(parents=True, exist_ok=True)
    temporary = database.with_name(f"{database.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.unlink(missing_ok=True)
    chosen = _choose_newest(packages)
    provides: list[tuple[str, str, str]] = []
    for package in chosen.values():
        for group in parse_relations(package.provides):
            provides.extend((atom.name, package.name, atom.version) for atom in group)
    with contextlib.closing(sqlite3.connect(temporary)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        columns = ", ".join(f"{column} NOT NULL" for column in _COLUMNS)
        connection.execute(f"CREATE TABLE package ({columns})")
        connection.execute("CREATE TABLE provides (name NOT NULL, provider NOT NULL, version NOT NULL)")
        connection.executemany(
            f"INSERT INTO package VALUES ({', '.join('?' * len(_COLUMNS))})",
            ([getattr(package, column) for column in _COLUMNS] for package in chosen.values()),
        )
        connection.executemany("INSERT INTO provides VALUES (?, ?, ?)", provides)
        connection.execute("CREATE UNIQUE INDEX package_name ON package (name)")
        connection.execute("CREATE INDEX package_source ON package (source) WHERE source != ''")
        connection.execute("CREATE INDEX package_essential ON package (name) WHERE essential")
        connection.execute("CREATE INDEX provides_name ON provides (name)")
        connection.commit()
    temporary.replace(database)


class Index:
    """The packages of one Packages file; `origin` is the id of the source it belongs to."""

    def __init__(self, database: Path, origin: str) -> None:
        self.origin = origin
        # The evaluator may run in a thread of its own; reads are serialised by the lock.
        self._connection = sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        self._lock = threading.Lock()

    @classmethod
    def open(cls, directory: Path, key: str, origin: str, text: Path, architecture: str) -> Index:
        """Open the database for the Packages file `text` whose hash is `key`; build it when it is not there."""
        database = directory / f"{key}-{architecture}-v{_SCHEMA_VERSION}.sqlite"
        if not database.exists():
            packages = parse_packages(read_compressed(text).decode("utf-8", "replace"), architecture)
            build_index(database, packages)
        return cls(database, origin)

    def _query(self, sql: str, *parameters: str) -> list[tuple[object, ...]]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def _packages(self, condition: str, *parameters: str) -> list[Package]:
        rows = self._query(f"SELECT {', '.join(_COLUMNS)} FROM package WHERE {condition}", *parameters)
        packages = []
        for row in rows:
            values = dict(zip(_COLUMNS, row, strict=True))
            values["essential"] = bool(values["essential"])
            packages.append(Package(**values, origin=self.origin))  # type: ignore[arg-type]
        return packages

    def find(self, name: str) -> Package | None:
        """The package of that name."""
        found = self._packages("name = ?", name)
        return found[0] if found else None

    def find_built_from(self, source: str) -> list[str]:
        """Names of the packages that one source package built."""
        rows = self._query("SELECT name FROM package WHERE source = ? OR (name = ? AND source = '')", source, source)
        return sorted(str(row[0]) for row in rows)

    def search(self, word: str) -> list[Package]:
        """The packages whose name or description has the word."""
        pattern = f"%{word.translate(_LIKE_ESCAPES)}%"
        condition = "name LIKE ? ESCAPE '\\' OR description LIKE ? ESCAPE '\\' ORDER BY name"
        return self._packages(condition, pattern, pattern)

    def find_providers(self, name: str) -> list[tuple[str, str]]:
        """(provider, provided version or "") of a virtual name."""
        rows = self._query("SELECT provider, version FROM provides WHERE name = ?", name)
        return [(str(provider), str(version)) for provider, version in rows]

    def essential_names(self) -> list[str]:
        """Names of the Essential packages, sorted."""
        return [str(row[0]) for row in self._query("SELECT name FROM package WHERE essential ORDER BY name")]

    def names(self) -> list[str]:
        """Every name, sorted."""
        return [str(row[0]) for row in self._query("SELECT name FROM package ORDER BY name")]

    def close(self) -> None:
        """Close the database."""
        self._connection.close()
