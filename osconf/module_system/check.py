"""All mistakes of a configuration at once: every option that somebody set is evaluated, and each failure is kept.

An ordinary evaluation stops at its first mistake. This walk goes on: one option's mistake does not hide another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from osconf.errors import EvalError, OsconfError, Position
from osconf.lang.diagnose import is_own_file, is_own_place, locate_error
from osconf.lang.evaluator import split_attr_path
from osconf.lang.runtime import force, is_derivation
from osconf.lang.values import Path, Value, from_latin
from osconf.module_system.cycles import OptionCycle
from osconf.module_system.definitions import Definition
from osconf.module_system.documentation import root_of
from osconf.module_system.finding import find_submodules
from osconf.module_system.mistakes import position_of_definition
from osconf.module_system.place import show_path
from osconf.module_system.tree import Level, Option

_MAX_DEPTH = 12
# What looking on may meet. Mistakes of the text are told, not that a mirror is down or that a recursion has no end.
_FAILURES = (OsconfError, RecursionError)


def find_mistakes(result: Value, is_mine: Callable[[str], bool] = lambda file: True) -> list[EvalError]:
    """What is wrong with the definitions of an evaluated configuration, in reading order.

    `is_mine` tells for the file of a module whether its definitions are to be checked: the user's own, not the
    system's. Values are evaluated down to packages, which are left alone.
    """
    mistakes: dict[tuple[str, str], EvalError] = {}
    circles: set[frozenset[str] | None] = set()

    def note(error: Exception) -> None:
        if not isinstance(error, EvalError):
            return
        if error.position is None:
            locate_error(error)
        # A circle is one mistake, wherever one enters it.
        names = frozenset(error.path) if isinstance(error, OptionCycle) else None
        if names is not None and names in circles:
            return
        circles.add(names)
        key = (error.message, str(error.position))
        mistakes.setdefault(key, error)

    root = root_of(result)
    try:
        root.evaluation.check()
    except _FAILURES as error:
        note(error)
    _check_level(root, is_mine, note)
    return _without_repetitions(sorted(mistakes.values(), key=_reading_order))


def _without_repetitions(errors: list[EvalError]) -> list[EvalError]:
    """One mistake of each place: a variant of a system has the options of the system, and so its mistakes."""
    tails = {(error.position, error.message.partition("`")[2]) for error in errors}

    def is_repeated(error: EvalError) -> bool:
        path, quote, rest = error.message.partition("`")[2].partition("'")
        parts = split_attr_path(path) if quote else []
        outer = [show_path(parts[at:]) for at in range(1, len(parts))]
        return any((error.position, f"{inner}'{rest}") in tails for inner in outer)

    return [error for error in errors if not is_repeated(error)]


def related_mistakes(result: Value, error: EvalError) -> list[EvalError]:
    """The mistakes in the user's own modules besides the one that stopped the evaluation."""
    found = find_mistakes(result, is_own_file)
    circle = set(error.path) if isinstance(error, OptionCycle) else None
    found = [
        other for other in found if circle is None or not isinstance(other, OptionCycle) or set(other.path) != circle
    ]
    known = {error.message} | {line.strip() for line in error.message.split("\n")}
    return [
        other for other in found if other.message not in known and f"{other.message} at {other.position}" not in known
    ]


def find_definition(result: Value, path: str, holds: Callable[[Value], bool]) -> Position | None:
    """Where the user's own modules give the option at `path` a member that `holds`; None when they do not."""
    level: Level | Option = root_of(result)
    for part in path.split("."):
        if not isinstance(level, Level) or part not in level.names():
            return None
        level = level.node(part)
    if not isinstance(level, Option):
        return None
    for definition in level.resolved()[0]:
        position = position_of_definition(definition)
        if position is None or not is_own_place(position):
            continue
        value = force(definition.value)
        if any(holds(force(member)) for member in (value if type(value) is tuple else (value,))):
            return position
    return None


def find_path(result: Value, message: str) -> Position | None:
    """Where the user's own modules set an option to a path that a message names in quotes; None when they do not."""
    for definition in _own_definitions(root_of(result)):
        try:
            if any(f"'{from_latin(text)}'" in message for text in _paths_in(definition.value, _MAX_DEPTH)):
                return position_of_definition(definition)
        except _FAILURES:
            continue
    return None


def _own_definitions(level: Level) -> Iterator[Definition]:
    for name, raws in level.definitions().items():
        if name not in level.names():
            continue
        node = level.node(name)
        if isinstance(node, Level):
            yield from _own_definitions(node)
            continue
        for file, cell, value, _ in raws:
            definition = Definition(file, cell, value)
            position = position_of_definition(definition)
            if position is not None and is_own_place(position):
                yield definition


def _paths_in(cell: Value, depth: int) -> Iterator[str]:
    value = force(cell)
    if type(value) is Path:
        yield value.text
    elif depth and type(value) is tuple:
        for member in value:
            yield from _paths_in(member, depth - 1)
    elif depth and type(value) is dict and not is_derivation(value):
        for member in value.values():
            yield from _paths_in(member, depth - 1)


def _check_level(level: Level, is_mine: Callable[[str], bool], note: Callable[[Exception], None]) -> None:
    try:
        definitions = level.definitions()
    except _FAILURES as error:
        note(error)
        return
    for name in sorted(definitions):
        if name not in level.names() or name == "_module":
            continue
        try:
            node = level.node(name)
        except _FAILURES as error:
            note(error)
            continue
        if isinstance(node, Option):
            if any(is_mine(from_latin(file)) for file, _, _, _ in definitions[name]):
                _check_option(node, is_mine, note)
        else:
            _check_level(node, is_mine, note)


def _check_option(option: Option, is_mine: Callable[[str], bool], note: Callable[[Exception], None]) -> None:
    """The value of an option; where it fails, also the submodules in it, for the failure is that of one of them."""
    failures: list[Exception] = []
    _check_value(option.cell, _MAX_DEPTH, failures.append)
    for error in failures:
        note(error)
    # A circle would be met again inside, from another side.
    if not failures or any(getattr(error, "code", "") == "infinite-recursion" for error in failures):
        return
    try:
        inner = find_submodules(option)
    except _FAILURES:
        return  # that is what was told
    for level in inner:
        try:
            level.evaluation.check()
        except _FAILURES as error:
            note(error)
        _check_level(level, is_mine, note)


def _check_value(cell: Value, depth: int, note: Callable[[Exception], None]) -> None:
    try:
        value = force(cell)
        if depth == 0 or is_derivation(value):
            return
    except _FAILURES as error:
        note(error)
        return
    if type(value) is dict:
        for name in sorted(value):
            _check_value(value[name], depth - 1, note)
    elif type(value) is tuple:
        for member in value:
            _check_value(member, depth - 1, note)


def _reading_order(error: EvalError) -> tuple[str, int, int]:
    position = error.position
    return ("", 0, 0) if position is None else (position.file, position.line, position.column)
