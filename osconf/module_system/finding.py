"""What is at a dotted path of an evaluated configuration: a set of options, an option, or a member of its value.

Paths lead into submodules, through attribute sets and lists of them, and to what a freeform type or a set of plain
values holds, which no module declares one by one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from osconf.errors import OptionError, OsconfError
from osconf.lang.evaluator import split_attr_path
from osconf.lang.runtime import force, is_attrs
from osconf.lang.values import Value, to_latin
from osconf.module_system.definitions import DEFAULT_PRIORITY, Definition, resolve, restore_wraps
from osconf.module_system.place import Place, show_name, show_path
from osconf.module_system.suggest import suggest_option
from osconf.module_system.tree import Level, Option
from osconf.module_system.types.base import OptionType, merge_checked, to_type
from osconf.module_system.types.compound import CoercedTo, Either
from osconf.module_system.types.containers import Anything, Attrs, AttrsOf, Container, ListOf, group_by_name
from osconf.module_system.types.data import Data
from osconf.module_system.types.submodule import Submodule


@dataclass(frozen=True, slots=True)
class Member:
    """A part of an option's value that is no option itself."""

    place: Place
    option_type: OptionType
    definitions: list[Definition]
    priority: int

    def compute(self) -> Value:
        """Its value."""
        return merge_checked(self.place, self.option_type, resolve(copy_definitions(self.definitions))[0])


Found = Level | Option | Member


def find(root: Level, parts: Sequence[str]) -> Found:
    """What is at a path. Raises OptionError when nothing can be there."""
    level = root
    for at, part in enumerate(parts):
        if part not in level.names():
            return _find_free(level, tuple(parts), at)
        node = level.node(part)
        if isinstance(node, Option):
            rest = tuple(parts[at + 1 :])
            if not rest:
                return node
            definitions, priority = node.resolved()
            return _find_inside(node.option_type, node.place, copy_definitions(definitions), priority, rest)
        level = node
    return level


def find_names(root: Level, parts: Sequence[str]) -> dict[str, bool]:
    """The names below a path, each with whether more is below it; empty when there is nothing."""
    try:
        found = find(root, parts)
        if isinstance(found, Option):
            option_type = found.option_type
            while isinstance(option_type, Container) and not isinstance(option_type, (AttrsOf, ListOf)):
                option_type = option_type.element
            if isinstance(option_type, AttrsOf) and has_names(found):
                return dict.fromkeys(force(found.cell), True)
            if isinstance(option_type, Submodule):
                definitions, priority = found.resolved()
                found = _find_inside(option_type, found.place, copy_definitions(definitions), priority, ())
        if not isinstance(found, Level):
            return {}
        nodes = {name: found.node(name) for name in found.names() if name != "_module"}
        return {
            name: isinstance(node, Level) or has_names(node) for name, node in nodes.items() if not _is_hidden(node)
        }
    except (OsconfError, RecursionError):
        return {}


def find_submodules(option: Option) -> list[Level]:
    """The option trees of the submodules in an option's value, which need not be without mistakes."""
    option_type = option.option_type
    while isinstance(option_type, Container) and not isinstance(option_type, (AttrsOf, ListOf)):
        option_type = option_type.element
    definitions, priority = option.resolved()
    given = _resolve(definitions)
    place = option.place
    members: list[tuple[Place, list[Definition]]] = [(place, given)]
    if isinstance(option_type, AttrsOf):
        groups = group_by_name([definition for definition in given if is_attrs(definition.value)])
        members = [(place.child(name), groups[name]) for name in sorted(groups)]
    elif isinstance(option_type, ListOf):
        members = [
            (
                place.child(f"[definition {number}-entry {index}]"),
                [Definition(definition.file, definition.cell, member)],
            )
            for number, definition in enumerate(given, 1)
            for index, member in enumerate(definition.value if type(definition.value) is tuple else (), 1)
        ]
    if isinstance(option_type, (AttrsOf, ListOf)):
        option_type = option_type.element
    found = [_find_inside(option_type, inner, copy_definitions(own), priority, ()) for inner, own in members]
    return [level for level in found if isinstance(level, Level)]


def has_names(option: Option) -> bool:
    """Whether options or named members can be below an option."""
    return option.option_type.sub_modules() is not None


def _is_hidden(node: Level | Option) -> bool:
    if isinstance(node, Level):
        return False
    declaration = node.declaration
    return force(declaration.get("internal")) is True or force(declaration.get("visible", True)) is False


def _find_free(level: Level, parts: tuple[str, ...], at: int) -> Found:
    """A name that no module declares: a member of the freeform type, or a mistake."""
    evaluation = level.evaluation
    name = parts[at]
    is_defined = name in level.definitions()
    hint = None if is_defined else suggest_option(level, (name,), level.parts)
    freeform = evaluation.module_option("freeformType") if level.parts == evaluation.prefix else None
    if freeform is None or hint is not None:
        full = (*level.parts, *parts[at:])
        hint = (_suggest_path(level, parts[at:]) if parts[at + 1 :] else None) or hint
        raise OptionError(f"the option `{show_path(full)}' does not exist", hint=hint, code="unknown-option")
    definitions = []
    for file, cell, value, wraps in level.definitions().get(name, []):
        definition = Definition(file, cell)
        definition.value = {name: restore_wraps(value, wraps)}
        definitions.append(definition)
    place = Place(level.parts)
    return _find_inside(to_type(freeform), place, definitions, DEFAULT_PRIORITY, parts[at:])


def _suggest_path(level: Level, parts: tuple[str, ...]) -> str | None:
    """The path with its first name put right, when the rest of it leads somewhere then."""
    from difflib import get_close_matches  # only a mistake needs it

    for name in get_close_matches(parts[0], list(level.names()), n=1, cutoff=0.7):
        with contextlib.suppress(OsconfError):
            find(level, (name, *parts[1:]))
            return f"did you mean `{show_path((*level.parts, name, *parts[1:]))}'?"
    return None


def _find_inside(
    option_type: OptionType, place: Place, definitions: list[Definition], priority: int, rest: tuple[str, ...]
) -> Found:
    """What is below a value, with the definitions of the member that the path names."""
    outer = place
    while True:
        if isinstance(option_type, Submodule):
            resolved = [d for d in _resolve(definitions) if is_attrs(d.value)]
            loc = place.parts
            root = option_type.evaluate(loc, loc[-1] if loc else "", resolved).root
            return find(root, rest) if rest else root
        if isinstance(option_type, (Anything, Attrs, Data)) and rest:
            option_type = AttrsOf(option_type if not isinstance(option_type, Attrs) else Anything())
        if isinstance(option_type, AttrsOf) and rest:
            place, rest, name = place.child(rest[0]), rest[1:], rest[0]
            groups = group_by_name([d for d in _resolve(definitions) if is_attrs(d.value)])
            definitions, option_type = groups.get(name, []), option_type.element
        elif isinstance(option_type, ListOf) and rest:
            definitions = _entry(_resolve(definitions), rest[0])
            place, rest, option_type = place.child(rest[0]), rest[1:], option_type.element
        elif isinstance(option_type, Either) and (rest or option_type.sub_modules() is not None):
            option_type = option_type.right if _is_plain(option_type.left) else option_type.left
        elif isinstance(option_type, CoercedTo) and (rest or option_type.sub_modules() is not None):
            option_type = option_type.final
        elif isinstance(option_type, Container) and (rest or option_type.sub_modules() is not None):
            option_type = option_type.element
        elif rest:
            raise OptionError(
                f"`{place}' is {option_type.description}: there are no options in it",
                hint=f"osconf option {outer} shows it",
                code="unknown-option",
            )
        else:
            return Member(place, option_type, definitions, priority)


def _is_plain(option_type: OptionType) -> bool:
    """Whether nothing can be below values of a type."""
    return option_type.sub_modules() is None and not isinstance(option_type, (AttrsOf, ListOf, Attrs, Data, Anything))


def _resolve(definitions: list[Definition]) -> list[Definition]:
    resolved, _ = resolve(copy_definitions(definitions))
    for definition in resolved:
        definition.value = force(definition.value)
    return resolved


def _entry(definitions: list[Definition], number: str) -> list[Definition]:
    """The definition of one entry of a merged list, counted from 0; none for `*`."""
    entries = [(d, member) for d in definitions if type(d.value) is tuple for member in d.value]
    if not number.isdigit() or int(number) >= len(entries):
        return []
    definition, member = entries[int(number)]
    entry = Definition(definition.file, definition.cell)
    entry.value = force(member)
    return [entry]


def copy_definitions(definitions: Sequence[Definition]) -> list[Definition]:
    """The same definitions, to be resolved anew."""
    copies = []
    for definition in definitions:
        copy = Definition(definition.file, definition.cell)
        copy.value = definition.value
        copies.append(copy)
    return copies


def complete_path(root: Level, begun: str) -> list[str]:
    """The paths that a path begun may become, with a dot at the end where more is below.

    A single path with a dot is opened, for a shell would put a space after it. Names that need quotes are left out:
    shells take the quotes away.
    """
    found = _continue_path(root, begun)
    while len(found) == 1 and found[0].endswith(".") and (inner := _continue_path(root, found[0])):
        found = inner
    return found


def _continue_path(root: Level, begun: str) -> list[str]:
    done, dot, last = begun.rpartition(".")
    names = find_names(root, [to_latin(part) for part in split_attr_path(done)] if dot else [])
    shown = [(show_name(name), has_more) for name, has_more in names.items()]
    return [
        f"{done}{dot}{name}{'.' if has_more else ''}"
        for name, has_more in sorted(shown)
        if name.startswith(last) and not name.startswith('"')
    ]
