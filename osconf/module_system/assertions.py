"""Assertions that fail, each at the place that it is about.

That is where the user wrote it, or where the user set an option that its message names.
"""

from __future__ import annotations

import re

from osconf.errors import OptionError, OsconfError, Position
from osconf.lang.diagnose import is_own_place
from osconf.lang.evaluator import split_attr_path
from osconf.lang.runtime import force, is_attrs, is_string, spot_of
from osconf.lang.values import Value, from_latin, to_latin
from osconf.module_system.definitions import Definition
from osconf.module_system.documentation import root_of
from osconf.module_system.finding import Member, find
from osconf.module_system.mistakes import position_of_definition
from osconf.module_system.tree import Level

_NAMED_PATH = re.compile(r'[a-zA-Z_][\w-]*(?:\.(?:[a-zA-Z_][\w-]*|"[^"\n]*"))+')


def failed_assertions(result: Value) -> list[OptionError]:
    """One mistake per assertion that does not hold, at the user's own line where there is one."""
    root = root_of(result)
    if "assertions" not in root.names():
        return []
    told = []
    for member in force(root.config()["assertions"]):
        attrs = force(member)
        if not is_attrs(attrs) or force(attrs.get("assertion", True)) is not False:
            continue
        message = force(attrs.get("message", ""))
        text = from_latin(str(message)).strip() if is_string(message) else "an assertion fails"
        position = _own_position(attrs) or _position_of_named(root, text)
        told.append(OptionError(text, position=position, code="failed-assertion"))
    return told


def _own_position(attrs: Value) -> Position | None:
    """Where the user wrote the assertion."""
    for name in ("assertion", "message"):
        spot = spot_of(attrs[name]) if name in attrs else None
        if spot is not None and is_own_place(place := spot.position()):
            return place
    return None


def _position_of_named(root: Level, text: str) -> Position | None:
    """Where the user set the first option that a text names, or the nearest set of options around it.

    A whole branch such as `boot` is too far around an option deep in it.
    """
    paths = [tuple(to_latin(part) for part in split_attr_path(found[0])) for found in _NAMED_PATH.finditer(text)]
    for least in (2, 1):
        for path in paths:
            if least == 1 and len(path) > 2:
                continue
            for length in range(len(path), least - 1, -1):
                position = _set_by_user(root, path[:length])
                if position is not None:
                    return position
            if least == 2 and len(path) > 2:
                break
    return None


def _set_by_user(root: Level, parts: tuple[str, ...]) -> Position | None:
    try:
        found = find(root, parts)
        if isinstance(found, Level):
            return found.own_position()
        if isinstance(found, Member):
            definitions = found.definitions
        else:
            definitions = [Definition(file, cell, value) for file, cell, value, _ in found.raw_definitions()]
    except (OsconfError, RecursionError):
        return None
    places = [position_of_definition(definition) for definition in definitions]
    return next((place for place in places if place is not None and is_own_place(place)), None)
