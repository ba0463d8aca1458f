"""The directory of all units of a manager: declared ones, additions to those of packages, and what is enabled.

The plan is pure: from declarations and the units of packages to a list of files and links.
"""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from osconf.errors import BuildError
from osconf.system.unit_file import UnitFile, read_installation, split_name, template_of

OVERRIDES = "overrides.conf"
CLOSURE_DROP_IN = "50-osconf-closure.conf"


@dataclass(frozen=True)
class DeclaredUnit:
    """A unit of the configuration; `file` is the store path of its text."""

    name: str
    enable: bool
    strategy: str
    usr: str
    wanted_by: tuple[str, ...]
    required_by: tuple[str, ...]
    upheld_by: tuple[str, ...]
    aliases: tuple[str, ...]
    file: str | None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DeclaredUnit:
        """From what the unit modules write."""
        return cls(
            name=data["name"],
            enable=data["enable"],
            strategy=data["overrideStrategy"],
            usr=data["usr"],
            wanted_by=tuple(data["wantedBy"]),
            required_by=tuple(data["requiredBy"]),
            upheld_by=tuple(data["upheldBy"]),
            aliases=tuple(data["aliases"]),
            file=data["file"],
        )


@dataclass
class UnitPlan:
    """What the directory holds: `files` (relative path → store path of the text), `texts`, `links`."""

    files: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UnitSources:
    """The units there are: those of packages, in `package_directory` (a path below /usr), and how to read any."""

    package_directory: str
    package_units: Collection[str]
    package_aliases: Collection[str]
    """Those of the names that are only another name of a unit."""
    read: Callable[[str], UnitFile]
    """Reads the unit of a package by its name, or a declared unit by the store path of its file."""
    fingerprint: Callable[[str], str | None]
    """Program → hash of the package closure it runs from."""


def plan_units(
    declared: Iterable[DeclaredUnit], enabled: Iterable[str], sources: UnitSources, default_target: str = ""
) -> UnitPlan:
    """Plan the directory. Raises `BuildError` when a unit that is to be enabled does not exist."""
    plan = UnitPlan()
    units = {unit.name: unit for unit in declared}
    masked = {unit.name for unit in units.values() if not unit.enable}
    for unit in sorted(units.values(), key=lambda unit: unit.name):
        _place_unit(plan, unit, sources)
    for unit in units.values():
        if unit.enable:
            _link_declared(plan, unit, sources)
    _enable_package_units(plan, enabled, masked, sources)
    _mark_closures(plan, units, masked, sources)
    if default_target:
        _link(plan, "default.target", _target(plan, default_target, sources, depth=0))
    return plan


def _place_unit(plan: UnitPlan, unit: DeclaredUnit, sources: UnitSources) -> None:
    if not unit.enable:
        plan.links[unit.name] = "/dev/null"
    elif unit.file is not None:
        if _is_drop_in(unit, sources):
            plan.files[f"{unit.name}.d/{OVERRIDES}"] = unit.file
        else:
            plan.files[unit.name] = unit.file


def _is_drop_in(unit: DeclaredUnit, sources: UnitSources) -> bool:
    if unit.strategy == "asDropinIfExists":
        return unit.name in sources.package_units or template_of(unit.name) in sources.package_units
    return unit.strategy == "asDropin"


def _link_declared(plan: UnitPlan, unit: DeclaredUnit, sources: UnitSources) -> None:
    for targets, kind in (
        (unit.wanted_by, "wants"),
        (unit.required_by, "requires"),
        (unit.upheld_by, "upholds"),
    ):
        for target in targets:
            _link(plan, f"{target}.{kind}/{unit.name}", _target(plan, unit.name, sources))
    for alias in unit.aliases:
        _link(plan, alias, _target(plan, unit.name, sources, depth=0))


def _target(plan: UnitPlan, name: str, sources: UnitSources, depth: int = 1) -> str:
    """What a link to the unit says: our file beside it, or that of the package."""
    for candidate in (name, template_of(name)):
        if candidate is not None and candidate in plan.files:
            return "../" * depth + candidate
        if candidate is not None and candidate in sources.package_units:
            return posixpath.join(sources.package_directory, candidate)
    return "../" * depth + name


def _link(plan: UnitPlan, path: str, target: str) -> None:
    # A file of the configuration under an alias of a package is meant.
    if path not in plan.files:
        plan.links.setdefault(path, target)


def _enable_package_units(
    plan: UnitPlan, enabled: Iterable[str], masked: Collection[str], sources: UnitSources
) -> None:
    """Do what `systemctl enable` would, for each unit and those that its `Also=` names."""
    pending = list(enabled)
    asked = set(pending)
    done: set[str] = set()
    while pending:
        name = pending.pop(0)
        if name in done:
            continue
        done.add(name)
        source = _find_source(name, plan, sources)
        if source is None:
            if name in asked:
                raise _unknown_unit(name, sources)
            continue  # Also= may name units of packages that are not here
        if name in masked:
            continue
        installation = read_installation(sources.read(source), name)
        pending.extend(installation.also)
        prefix, instance, suffix = split_name(name)
        if instance == "" and installation.default_instance:
            name = f"{prefix}@{installation.default_instance}.{suffix}"
        for targets, kind in (
            (installation.wanted_by, "wants"),
            (installation.required_by, "requires"),
            (installation.upheld_by, "upholds"),
        ):
            for target in targets:
                _link(plan, f"{target}.{kind}/{name}", _target(plan, name, sources))
        for alias in installation.aliases:
            if alias not in masked:
                _link(plan, alias, _target(plan, name, sources, depth=0))


def _find_source(name: str, plan: UnitPlan, sources: UnitSources) -> str | None:
    for candidate in (name, template_of(name)):
        if candidate is None:
            continue
        if candidate in plan.files:
            return plan.files[candidate]
        if candidate in sources.package_units:
            return candidate
    return None


def _unknown_unit(name: str, sources: UnitSources) -> BuildError:
    near = difflib.get_close_matches(name, list(sources.package_units), n=3)
    return BuildError(
        f"systemd.enabledUnits names '{name}', which no package of the system has",
        hint=f"did you mean {' or '.join(near)}?" if near else "add its package to environment.systemPackages",
        code="unknown-unit",
    )


def _mark_closures(
    plan: UnitPlan, units: Mapping[str, DeclaredUnit], masked: Collection[str], sources: UnitSources
) -> None:
    """Give long-running services that see the system's /usr a trigger that changes with what they execute."""
    own = {name for name, unit in units.items() if unit.usr == "own"}
    hidden = {*own, *masked, *plan.links}
    candidates = {name: name for name in sources.package_units if name not in sources.package_aliases}
    candidates |= plan.files
    for name, source in sorted(candidates.items()):
        if name in hidden or not name.endswith(".service"):
            continue
        unit = sources.read(source)
        if _is_short(unit):
            continue
        fingerprints = [
            fingerprint
            for command in unit.values("Service", "ExecStart")
            if (fingerprint := sources.fingerprint(program_of(command))) is not None
        ]
        if fingerprints:
            plan.texts[f"{name}.d/{CLOSURE_DROP_IN}"] = f"[Unit]\nX-Restart-Triggers={' '.join(fingerprints)}\n"


def _is_short(unit: UnitFile) -> bool:
    return unit.values("Service", "Type")[-1:] == ["oneshot"]


def program_of(command: str) -> str:
    """The program of an Exec line, without the marks in front of it."""
    words = command.lstrip("-@:+!|").split()
    return words[0].strip('"') if words else ""
