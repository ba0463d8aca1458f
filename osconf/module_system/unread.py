"""Definitions without effect: those in an option set that is switched off and that no module has read.

An evaluation knows what was read: the cell of an option that nobody asked for is still waiting. So this looks after the
evaluation of a system, and at no value that was not needed for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from osconf.errors import OsconfError
from osconf.lang.runtime import force
from osconf.lang.values import Value
from osconf.module_system.mistakes import position_of_definition
from osconf.module_system.place import show_path
from osconf.module_system.tree import Level, Option

_MAX_TOLD = 4
_VARIANTS = "specialisation"
Places = list[tuple[tuple[str, ...], str]]


def ineffective_definitions(result: Value) -> list[str]:
    """What to tell of definitions in the user's files below `enable = false` that no module has read."""
    evaluation = getattr(force(result["extendModules"]), "evaluation", None)
    # A variant of the system may switch on what the system itself leaves off.
    if evaluation is None or _VARIANTS in evaluation.root.definitions():
        return []
    told = []
    try:
        found = sorted(_below_disabled(evaluation.root, None))
    except (OsconfError, RecursionError):
        # Nothing that the system needed is wrong; what it did not need is not looked at here.
        return []
    for parts, places in found:
        shown = ", ".join(f"{show_path(path)} ({place})" for path, place in places[:_MAX_TOLD])
        more = f" and {len(places) - _MAX_TOLD} more" if len(places) > _MAX_TOLD else ""
        told.append(f"{show_path((*parts, 'enable'))} is false, so these definitions have no effect: {shown}{more}")
    return told


def _below_disabled(level: Level, off: Places | None) -> Iterator[tuple[tuple[str, ...], Places]]:
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
        elif off is not None and not _is_read(node):
            place = _user_place(node)
            if place is not None:
                off.append((node.place.parts, place))
    if own:
        yield level.parts, own


def _is_off(level: Level) -> bool:
    """Whether the set has an `enable` that was read and is false."""
    if "enable" not in level.names():
        return False
    node = level.node("enable")
    return isinstance(node, Option) and _is_read(node) and force(node.cell) is False


def _is_read(option: Option) -> bool:
    cell = option.cell
    return not (type(cell) is list and cell[0] is not None)


def _user_place(option: Option) -> str | None:
    """The user's place of a definition whose conditions hold."""
    try:
        definitions = option.resolved()[0]
    except OsconfError:
        return None
    from osconf.lang.diagnose import is_own_place  # most configurations have none

    default = option.declaration.get("default")
    for definition in definitions:
        position = None if definition.cell is default else position_of_definition(definition)
        if position is not None and is_own_place(position):
            return str(position)
    return None
