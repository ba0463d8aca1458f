"""Reading unit files: sections, settings, and what `[Install]` asks for. See systemd.unit(5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class UnitFile:
    """The settings of a unit file in their order: (section, key, value)."""

    settings: tuple[tuple[str, str, str], ...]

    def values(self, section: str, key: str) -> list[str]:
        """The values of a setting; an empty one drops those before it."""
        found: list[str] = []
        for in_section, name, value in self.settings:
            if (in_section, name) == (section, key):
                found = [*found, value] if value else []
        return found

    def words(self, section: str, key: str) -> list[str]:
        """The words of every value of a setting."""
        return [word for value in self.values(section, key) for word in value.split()]


@dataclass(frozen=True)
class Installation:
    """What enabling a unit means."""

    wanted_by: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()
    upheld_by: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    default_instance: str = ""


def parse_unit(text: str) -> UnitFile:
    """Parse the text of a unit file; lines that are neither section nor setting are passed over, as systemd does."""
    settings = []
    section = ""
    for line in _logical_lines(text):
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line:
            key, _, value = line.partition("=")
            settings.append((section, key.strip(), value.strip()))
    return UnitFile(tuple(settings))


def read_unit(path: Path) -> UnitFile:
    """Read the unit file at `path`."""
    return parse_unit(path.read_text(errors="surrogateescape"))


def read_installation(unit: UnitFile, name: str) -> Installation:
    """What the `[Install]` section of the unit called `name` asks for, with %i, %j, %n, %N, %p expanded."""

    def words(key: str) -> tuple[str, ...]:
        return tuple(expand_name(word, name) for word in unit.words("Install", key))

    return Installation(
        wanted_by=words("WantedBy"),
        required_by=words("RequiredBy"),
        upheld_by=words("UpheldBy"),
        aliases=words("Alias"),
        also=words("Also"),
        default_instance=next(iter(reversed(words("DefaultInstance"))), ""),
    )


def split_name(name: str) -> tuple[str, str | None, str]:
    """`getty@tty1.service` → ("getty", "tty1", "service"); the instance is None without `@` and "" for a template."""
    stem, _, suffix = name.rpartition(".")
    prefix, at, instance = stem.partition("@")
    return prefix, instance if at else None, suffix


def template_of(name: str) -> str | None:
    """The template that an instance is made from; None for what is no instance."""
    prefix, instance, suffix = split_name(name)
    return f"{prefix}@.{suffix}" if instance else None


def expand_name(text: str, name: str) -> str:
    """Expand the specifiers that stand for parts of the unit's own name."""
    if "%" not in text:
        return text
    prefix, instance, _ = split_name(name)
    values = {
        "%p": prefix,
        "%i": instance or "",
        "%j": prefix.rpartition("-")[2],
        "%n": name,
        "%N": name.rpartition(".")[0],
        "%%": "%",
    }
    for specifier, value in values.items():
        text = text.replace(specifier, value)
    return text


def _logical_lines(text: str) -> Iterator[str]:
    """Lines without comments, with continued ones joined; a comment between continued lines is dropped."""
    pending = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith(("#", ";")) or (not line and not pending):
            continue
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        yield (pending + line).strip()
        pending = ""
    if pending:
        yield pending.strip()
