"""Unit files of a closure: found as systemd finds them (fragment, drop-ins, templates), parsed, compared by meaning.

/usr in a link or search path is the closure's own environment, never the running machine's, so that two closures can
be compared wherever one looks from.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from osconf.activation.closure import Closure
from osconf.host.files import Files

_VENDOR = "usr/lib/systemd/system"
_MAX_LINKS = 10

# Keys of [Unit] whose change needs no job: they describe, or only matter for later jobs.
_DESCRIPTIVE = frozenset(
    {
        "Description",
        "Documentation",
        "SourcePath",
        "OnFailure",
        "OnSuccess",
        "OnFailureJobMode",
        "OnSuccessJobMode",
        "IgnoreOnIsolate",
        "StopWhenUnneeded",
        "RefuseManualStart",
        "RefuseManualStop",
        "AllowIsolate",
        "CollectMode",
        "JobTimeoutSec",
    }
)
# osconf's own keys that steer a switch: their change alone changes nothing that runs.
_STEERING = frozenset(
    {
        "X-OnlyManualStart",
        "X-StopOnRemoval",
        "X-StopOnReconfiguration",
        "X-RestartIfChanged",
        "X-ReloadIfChanged",
        "X-StopIfChanged",
        "X-NotSocketActivated",
    }
)
_RELOADING = frozenset({("Unit", "X-Reload-Triggers"), ("Service", "ExecReload")})
_ENVIRONMENT_KEYS = frozenset(
    {("Service", "BindReadOnlyPaths"), ("Unit", "X-Restart-Triggers"), ("Service", "RootDirectory")}
)


class Difference(Enum):
    """What a change of a unit file asks for."""

    NONE = "none"
    RELOAD = "reload"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict on two versions of a unit, and the keys that led to it."""

    difference: Difference
    keys: tuple[str, ...] = ()
    has_new_environment: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a closure. `sections` hold values in order, resets applied; `is_vendor`: the fragment is in /usr."""

    name: str
    sections: Mapping[str, Mapping[str, tuple[str, ...]]]
    is_masked: bool = False
    is_vendor: bool = False
    has_drop_ins: bool = False

    def values(self, section: str, key: str) -> tuple[str, ...]:
        """Return all values of a key."""
        return self.sections.get(section, {}).get(key, ())

    def last(self, key: str, default: str = "") -> str:
        """Return the last value of a key in any section."""
        for section in self.sections.values():
            if section.get(key):
                return section[key][-1]
        return default

    def flag(self, key: str, default: bool) -> bool:
        """Read a boolean as systemd does, in any section."""
        text = self.last(key).lower()
        return text in ("1", "yes", "y", "true", "t", "on") if text else default

    def words(self, section: str, key: str) -> tuple[str, ...]:
        """Return the words of all values of a key."""
        return tuple(word for value in self.values(section, key) for word in value.split())


class UnitTree:
    """All units of one closure, read when asked for."""

    def __init__(self, files: Files, closure: Closure) -> None:
        self._files = files
        self._etc = files.resolve(f"{closure.etc}/systemd/system")
        self._environment = closure.environment.path
        self._vendor = f"{self._environment}/{_VENDOR}"
        self._names = {path: self._list(path) for path in (self._etc, self._vendor)}
        self._cache: dict[str, Unit | None] = {}

    def find(self, name: str) -> Unit | None:
        """Return a unit, an instance of a template included; None when the closure does not define it."""
        if name not in self._cache:
            self._cache[name] = self._load(name)
        return self._cache[name]

    def is_same(self, other: UnitTree, name: str) -> bool:
        """Are fragment and drop-ins the very same files in both closures?"""
        mine, theirs = self._sources(name), other._sources(name)
        return [self._identity(path) for path in mine] == [other._identity(path) for path in theirs]

    def enabled(self) -> dict[str, frozenset[str]]:
        """Return who pulls in a unit by a link in `.wants` or `.requires` of /etc: unit -> pulling units."""
        pulled: dict[str, set[str]] = {}
        for folder in self._names[self._etc]:
            owner, _, kind = folder.rpartition(".")
            if kind in ("wants", "requires", "upholds"):
                for name in self._files.list_dir(f"{self._etc}/{folder}"):
                    pulled.setdefault(name, set()).add(owner)
        return {name: frozenset(owners) for name, owners in pulled.items()}

    def _load(self, name: str) -> Unit | None:
        fragment = self._find_fragment(name)
        drop_ins = self._find_drop_ins(name)
        if fragment is None:
            return None
        path, is_vendor = fragment
        if path == "/dev/null":
            return Unit(name, {}, is_masked=True)
        texts = [self._files.read_text(path, "")]
        if not texts[0].strip():
            return Unit(name, {}, is_masked=True)
        texts += [self._files.read_text(self.follow(drop_in), "") for drop_in in drop_ins]
        return Unit(name, parse_unit(texts), is_vendor=is_vendor, has_drop_ins=bool(drop_ins))

    def follow(self, path: str) -> str:
        """Follow the links of a unit file inside the closure; a mask ends at /dev/null."""
        for _ in range(_MAX_LINKS):
            target = self._files.read_link(path)
            if target is None:
                return path
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if path.startswith("/usr/"):
                path = self._environment + path
            elif path.startswith("/etc/systemd/system/"):
                path = self._etc + path.removeprefix("/etc/systemd/system")
        return path

    def _find_fragment(self, name: str) -> tuple[str, bool] | None:
        candidates = [name]
        template = template_of(name)
        if template is not None:
            candidates.append(template)
        for candidate in candidates:
            for folder in (self._etc, self._vendor):
                if candidate in self._names[folder]:
                    path = self.follow(f"{folder}/{candidate}")
                    return path, path.startswith(self._vendor + "/")
        return None

    def _find_drop_ins(self, name: str) -> list[str]:
        found: dict[str, str] = {}
        for folder in reversed([f"{part}.d" for part in _drop_in_names(name)]):
            for base in (self._vendor, self._etc):
                if folder in self._names[base]:
                    for file in self._files.list_dir(f"{base}/{folder}"):
                        if file.endswith(".conf"):
                            found[file] = f"{base}/{folder}/{file}"
        return [found[file] for file in sorted(found)]

    def _sources(self, name: str) -> list[str]:
        fragment = self._find_fragment(name)
        return ([fragment[0]] if fragment else []) + [self.follow(path) for path in self._find_drop_ins(name)]

    def _identity(self, path: str) -> tuple[str, int, int]:
        status = self._files.status(path)
        return (posixpath.basename(path), *((status.st_dev, status.st_ino) if status else (0, 0)))

    def _list(self, path: str) -> frozenset[str]:
        return frozenset(self._files.list_dir(path))


def parse_unit(texts: Iterable[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Parse a fragment and its drop-ins (systemd.syntax(7)); an empty assignment forgets what was there."""
    sections: dict[str, dict[str, tuple[str, ...]]] = {}
    for text in texts:
        section: dict[str, tuple[str, ...]] = {}
        for line in _logical_lines(text):
            if line.startswith("[") and line.endswith("]"):
                section = sections.setdefault(line[1:-1], {})
                continue
            key, separator, value = line.partition("=")
            if separator:
                key, value = key.strip(), value.strip()
                section[key] = (*section.get(key, ()), value) if value else ()
    return sections


def compare_units(old: Unit, new: Unit) -> Comparison:
    """Compare two versions of a unit: [Install], descriptive and steering keys do not count."""
    changed = []
    for section in sorted({*old.sections, *new.sections} - {"Install"}):
        before, after = old.sections.get(section, {}), new.sections.get(section, {})
        for key in sorted({*before, *after}):
            if key in _STEERING or (section == "Unit" and key in _DESCRIPTIVE):
                continue
            if before.get(key, ()) != after.get(key, ()):
                changed.append((section, key))
    keys = tuple(key for _, key in changed)
    if not changed:
        return Comparison(Difference.NONE)
    new_environment = any(item in _ENVIRONMENT_KEYS for item in changed)
    if all(item in _RELOADING for item in changed) or changed == [("Mount", "Options")]:
        return Comparison(Difference.RELOAD, keys)
    return Comparison(Difference.RESTART, keys, new_environment)


def template_of(name: str) -> str | None:
    """Return the template of an instance: `getty@tty1.service` -> `getty@.service`."""
    stem, _, suffix = name.rpartition(".")
    prefix, at, instance = stem.partition("@")
    return f"{prefix}@.{suffix}" if at and instance else None


def escape_path(path: str) -> str:
    """Escape a path for a unit name, as systemd-escape --path does."""
    parts = [part for part in path.split("/") if part and part != "."]
    if not parts:
        return "-"
    text = "-".join(_escape(part, index == 0) for index, part in enumerate(parts))
    return text


def _escape(text: str, is_first: bool) -> str:
    result = []
    for index, byte in enumerate(text.encode("utf-8", "surrogateescape")):
        character = chr(byte)
        plain = byte < 0x80 and (character.isalnum() or character in ":_.")
        if plain and not (character == "." and index == 0 and is_first):
            result.append(character)
        else:
            result.append(f"\\x{byte:02x}")
    return "".join(result)


def _drop_in_names(name: str) -> list[str]:
    """Return the names whose `.d` folders apply, most specific first (systemd.unit(5))."""
    names = [name]
    template = template_of(name)
    if template is not None:
        names.append(template)
    stem, _, suffix = (template or name).rpartition(".")
    stem = stem.rstrip("@")
    while "-" in stem.rstrip("-"):
        stem = stem.rstrip("-").rpartition("-")[0] + "-"
        names.append(f"{stem}.{suffix}")
    names.append(suffix)
    return names


def _logical_lines(text: str) -> Iterator[str]:
    pending = ""
    for raw in text.split("\n"):
        line = raw.strip()
        if pending and line.startswith(("#", ";")):
            continue
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        line = pending + line
        pending = ""
        if line and not line.startswith(("#", ";")):
            yield line
    if pending.strip():
        yield pending.strip()
