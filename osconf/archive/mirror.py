"""Where the archive is: logical mirror names resolved through the machine's own apt sources, or through settings.

Two logical names matter: `debian` (the main archive; it holds every suite) and `debian-security`. Which hosts serve
them is the machine's business, read at run time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from osconf.errors import ArchiveError

_SCHEMES = ("http://", "https://", "file://")
_CODENAMES = frozenset(("bullseye", "bookworm", "trixie", "forky", "duke", "sid"))
_SUITES = _CODENAMES | {"unstable", "testing", "stable", "oldstable", "oldoldstable", "experimental"}
_MAIN_SUFFIX = re.compile(r"(-updates|-proposed-updates|-backports(-sloppy)?)$")
_SECURITY_SUFFIX = re.compile(r"(-security|/updates)$")
_ONE_LINE = re.compile(r"^deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)")


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Logical name → base addresses in order of preference."""

    locations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def resolve(self, base: str) -> tuple[str, ...]:
        """The addresses of a source's base; raises ArchiveError when a logical name is not known here."""
        if not base.startswith("mirror:"):
            return (base.rstrip("/"),)
        name = base.removeprefix("mirror:")
        found = self.locations.get(name, ())
        if not found and name == "debian-security":
            # Mirrors that carry both keep them side by side.
            found = tuple(f"{address}-security" for address in self.locations.get("debian", ()))
        if not found:
            raise ArchiveError(
                f"no mirror is known for ‘{name}’",
                code="no-mirror",
                hint="add the archive to /etc/apt/sources.list.d, or name it in osconf.archive.mirrors",
            )
        return found

    def override(self, locations: Mapping[str, Iterable[str]]) -> Mirrors:
        """Put the given addresses in place of those found on the machine."""
        given = {name: tuple(address.rstrip("/") for address in addresses) for name, addresses in locations.items()}
        return Mirrors({**self.locations, **given})


def parse_mirrors(text: str) -> dict[str, list[str]]:
    """Read `NAME=ADDRESS[,ADDRESS…];NAME=…` (the variable OSCONF_MIRRORS); raises ArchiveError when it is malformed."""
    locations: dict[str, list[str]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, addresses = part.partition("=")
        found = [address.strip() for address in addresses.split(",") if address.strip()]
        if not equals or not found or not all(address.startswith(_SCHEMES) for address in found):
            raise ArchiveError(
                f"‘{part}’ is not NAME=ADDRESS[,ADDRESS…]",
                code="bad-mirror",
                hint="for example OSCONF_MIRRORS='debian=file:///srv/debian;debian-security=file:///srv/security'",
            )
        locations[name.strip()] = found
    return locations


def _classify(suite: str) -> str | None:
    """The logical mirror that serves a suite; None for archives that are not Debian's."""
    suite = suite.rstrip("/")
    if _SECURITY_SUFFIX.search(suite):
        return "debian-security" if _SECURITY_SUFFIX.sub("", suite) in _SUITES else None
    return "debian" if _MAIN_SUFFIX.sub("", suite) in _SUITES else None


def _read_deb822(text: str) -> Iterable[tuple[str, str]]:
    """(URI, suite) pairs of a .sources file."""
    for stanza in re.split(r"\n[ \t]*\n", text):
        values: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t"):
                values[key] = f"{values.get(key, '')} {line.strip()}"
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                values[key] = value.strip()
        if values.get("enabled", "yes").lower() in ("no", "false", "0") or "deb" not in values.get("types", "").split():
            continue
        for uri in values.get("uris", "").split():
            for suite in values.get("suites", "").split():
                yield uri, suite


def _read_one_line(text: str) -> Iterable[tuple[str, str]]:
    """(URI, suite) pairs of a sources.list."""
    for line in text.splitlines():
        match = _ONE_LINE.match(line.strip())
        if match:
            yield match[1], match[2]


def read_apt_mirrors(apt: Path = Path("/etc/apt")) -> Mirrors:
    """Read the mirrors of the Debian archive from the machine's apt sources (deb822 and one-line files)."""
    pairs: list[tuple[str, str]] = []
    parts = apt / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        pairs.extend(_read_deb822(path.read_text("utf-8", "replace")))
    for path in [apt / "sources.list", *sorted(parts.glob("*.list"))]:
        if path.is_file():
            pairs.extend(_read_one_line(path.read_text("utf-8", "replace")))
    locations: dict[str, tuple[str, ...]] = {}
    for uri, suite in pairs:
        name = _classify(suite)
        address = uri.rstrip("/")
        if name and address.startswith(_SCHEMES) and address not in locations.get(name, ()):
            locations[name] = (*locations.get(name, ()), address)
    return Mirrors(locations)


def read_machine_mirrors(etc: Path = Path("/etc")) -> Mirrors:
    """The mirrors of this machine: its apt sources, or in their place those that `osconf.archive.mirrors` declared.

    `/etc/osconf/mirrors` has a line per address, `NAME=ADDRESS` or an address of the main archive.
    """
    mirrors = read_apt_mirrors(etc / "apt")
    declared = etc / "osconf/mirrors"
    if not declared.is_file():
        return mirrors
    locations: dict[str, list[str]] = {}
    for line in declared.read_text("utf-8").split():
        name, _, address = line.rpartition("=") if not line.startswith(_SCHEMES) else ("debian", "", line)
        locations.setdefault(name, []).append(address)
    return mirrors.override(locations)
