"""Packages of another suite among those of this one: `pkgs.forky.git` in a system of trixie.

A package that is asked for from elsewhere is pinned to its version there, and so is whatever of its dependencies this
suite has too old, and what then no longer fits: as little as possible, found by resolving again with each further pin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from osconf.archive.package import Package
from osconf.archive.resolver import Resolution, ResolutionError, Root, resolve_closure
from osconf.archive.universe import Universe

_MAX_PINS = 400


@dataclass(frozen=True, slots=True)
class ForeignRoot:
    """A root that comes from another universe."""

    root: Root
    universe: Universe


@dataclass(frozen=True, slots=True)
class MixedResolution:
    """The closure, and the universe of each package that is not from the base."""

    resolution: Resolution
    universe: Universe
    foreign: dict[str, Universe]


def resolve_mixed(
    base: Universe, roots: Sequence[Root], foreign: Sequence[ForeignRoot], *, essential: bool = True
) -> MixedResolution:
    """Close roots of the base and of other universes; raises ArchiveError when no set of pins makes them fit."""
    if not foreign:
        return MixedResolution(resolve_closure(base, roots, essential=essential), base, {})
    pins = {item.root.name: item.universe for item in foreign}
    # What does not fit is looked for in the universe of the first foreign root.
    fallback = foreign[0].universe
    wanted = [*roots, *(item.root for item in foreign)]
    while True:
        universe = _pin(base, pins)
        try:
            resolution = resolve_closure(universe, wanted, essential=essential)
        except ResolutionError as error:
            further = _further_pins(universe, pins, fallback, error)
            if not further or len(pins) > _MAX_PINS:
                raise
            pins |= further
            continue
        used = {name: other for name, other in pins.items() if name in resolution.parents}
        return MixedResolution(resolution, universe, used)


def _pin(base: Universe, pins: dict[str, Universe]) -> Universe:
    """The base with the pinned packages in place of its own, and what they need that the base does not have."""
    while True:
        held: dict[str, Package] = {}
        for name, other in pins.items():
            if (package := other.find(name)) is not None:
                held[name] = package
        universe = Universe([base], base.architecture, held)
        missing = {
            options[0]: pins[name]
            for name, package in held.items()
            for group in universe.dependencies(package)
            if not universe.group_satisfiers(group) and (options := pins[name].group_satisfiers(group))
        }
        missing = {name: other for name, other in missing.items() if name not in pins}
        if not missing:
            return universe
        pins |= missing


def _further_pins(
    universe: Universe, pins: dict[str, Universe], fallback: Universe, error: ResolutionError
) -> dict[str, Universe]:
    """Packages of a failure that have another version where a pinned one of them comes from."""
    source = next((pins[name] for name in error.names if name in pins), fallback)
    further: dict[str, Universe] = {}
    for name in error.names:
        here, there = universe.find(name), source.find(name)
        if name not in pins and there is not None and (here is None or here.version != there.version):
            further[name] = source
    return further
