"""Definitions without effect: those in an option set that is switched off and that no module has read.

An evaluation knows what was read: the cell of an option that nobody asked for is still waiting. So this looks after the
evaluation of a system, and at no value that was not needed for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from osconf.errors import OsconfError
from osconf.lang.runtime import force
from osconf.module_system.mistakes import position_of_definition
from osconf.module_system.place import show_path
from osconf.module_system.tree import Level, Option

_MAX_TOLD = 4
_Path = tuple[str, ...]
Places = list[tuple[_Path, str]]
Unread = dict[_Path, Places]
"""By disabled set: the options that the user defined in vain, and where."""


def ineffective_definitions(root: Level, variants: Mapping[str, Level]) -> list[str]:
    """What to tell of definitions in the user's files below `enable = false` that no module has read.

    `variants` are evaluated along with a system, under their names: an effect in one of them is enough, and what a
    variant alone says is looked at in it.
    """
    try:
        found = dict(sorted(_below_disabled(root, None)))
        of_variants = {name: dict(sorted(_below_disabled(variant, None))) for name, variant in variants.items()}
    except (OsconfError, RecursionError):
        # Nothing that the system needed is wrong; what it did not need is not looked at here.
        return []
    told = []
    in_all = [{item for places in unread.values() for item in places} for unread in of_variants.values()]
    for parts, places in found.items():
        left = [item for item in places if all(item in unread for unread in in_all)]
        told += _tell(f"{show_path((*parts, 'enable'))} is false", left)
    for name, unread in of_variants.items():
        for parts, places in unread.items():
            own = [(path, place) for path, place in places if not _is_defined(root, path, place)]
            told += _tell(f"{show_path((*parts, 'enable'))} is false in specialisation.{show_path((name,))}", own)
    return told


def _tell(reason: str, places: Places) -> list[str]:
    if not places:
        return []
    shown = ", ".join(f"{show_path(path)} ({place})" for path, place in places[:_MAX_TOLD])
    more = f" and {len(places) - _MAX_TOLD} more" if len(places) > _MAX_TOLD else ""
    return [f"{reason}, so these definitions have no effect: {shown}{more}"]


def _is_defined(root: Level, path: _Path, place: str) -> bool:
    """Whether the option at a path has, in another evaluation, a definition of the same place."""
    level: Level | Option = root
    for name in path:
        if not isinstance(level, Level) or name not in level.names():
            return False
        level = level.node(name)
    return isinstance(level, Option) and place in _user_places(level)


def _below_disabled(level: Level, off: Places | None) -> Iterator[tuple[_Path, Places]]:
    """Disabled option sets with the definitions in them that nobody read; `off` is the list of the set around."""
    names = level.names()
    own: Places | None = None
    if off is None and level.parts and _is_off(level):
        own = off = []
    for name in level.definitions():
        if name not in names or name in ("_module", "enable") or level.is_dormant(name):
            continue
        try:
            node = level.node(name)
        except OsconfError:
            continue
        if isinstance(node, Level):
            yield from _below_disabled(node, off)
        elif off is not None and not is_read(node):
            place = next(_user_places(node), None)
            if place is not None:
                off.append((_inner(level, node.place.parts), place))
    if own:
        yield _inner(level, level.parts), own


def _inner(level: Level, parts: _Path) -> _Path:
    """A path without what it begins with in a variant: where the variant stands."""
    return parts[len(level.evaluation.prefix) :]


def _is_off(level: Level) -> bool:
    """Whether the set has an `enable` that was read and is false."""
    if "enable" not in level.names():
        return False
    node = level.node("enable")
    return isinstance(node, Option) and is_read(node) and force(node.cell) is False


def is_read(option: Option) -> bool:
    """Whether somebody asked for the value."""
    cell = option.cell
    return not (type(cell) is list and cell[0] is not None)


def _user_places(option: Option) -> Iterator[str]:
    """The user's places of definitions whose conditions hold."""
    try:
        definitions = option.resolved()[0]
    except OsconfError:
        return
    from osconf.lang.diagnose import is_own_place  # most configurations have none

    default = option.declaration.get("default")
    for definition in definitions:
        position = None if definition.cell is default else position_of_definition(definition)
        if position is not None and is_own_place(position):
            yield str(position)
