"""Types of collections: lists, attribute sets, anything."""

from __future__ import annotations

from typing import NoReturn

from osconf.lang.runtime import (
    UNSET,
    call,
    force,
    is_attrs,
    is_function,
    place_value,
    spot_of,
)
from osconf.lang.values import LazyAttrs, Thunk, Value, from_latin, to_latin
from osconf.module_system.cycles import OptionCycle
from osconf.module_system.definitions import Definition, resolve
from osconf.module_system.mistakes import missing_member, position_of_definition
from osconf.module_system.place import Place
from osconf.module_system.types.arguments import needed_member
from osconf.module_system.types.base import (
    Lazy,
    NestedTypes,
    OptionType,
    merge_checked,
    merge_element,
    merge_equal,
    merge_types,
    phrase,
    to_type,
)


def run_element(cell: Thunk) -> Value:
    """Body of `[run_element, (place, name, type, definitions), spot]`: the merged value of a member."""
    _, captured, _ = cell
    place, name, option_type, definitions = captured
    cell[0] = _member_hole
    try:
        value = merge_checked(place.child(name), option_type, definitions)
    except BaseException as error:
        cell[0] = run_element
        _note_cycle(error, place, name, definitions)
        raise
    cell[1] = value
    cell[0] = None
    return value


def _member_hole(cell: Thunk) -> NoReturn:
    place, name, _, _ = cell[1]
    raise OptionCycle((*place.parts, name))


def _note_cycle(error: BaseException, place: Place, name: str, definitions: list[Definition]) -> None:
    if type(error) is OptionCycle:
        error.pass_through((*place.parts, name), lambda: position_of_definition(definitions[0]))


class Container(OptionType):
    """A type around one element type."""

    description_class = "composite"
    template = "{}"
    element_classes: tuple[str, ...] = ("noun", "composite")
    placeholder = "*"

    def __init__(self, element: OptionType | Value) -> None:
        self._element = Lazy(element)

    @property
    def element(self) -> OptionType:
        """The type of what is inside."""
        return self._element.get()

    @property
    def description(self) -> str:  # type: ignore[override]
        return self.template.format(phrase(self.element, *self.element_classes))

    def nested(self) -> NestedTypes:
        return {"elemType": self.element}

    def sub_options(self, prefix: tuple[str, ...]) -> Value:
        return self.element.sub_options((*prefix, self.placeholder) if self.placeholder else prefix)

    def sub_modules(self) -> tuple[Value, ...] | None:
        return self.element.sub_modules()

    def payload(self) -> Value:
        return {"elemType": self.element.view}

    def from_payload(self, payload: Value) -> OptionType:
        return self.rebuild(to_type(payload["elemType"]))

    def rebuild(self, element: OptionType) -> OptionType:
        """The same container of other elements."""
        return type(self)(element)

    def with_modules(self, modules: tuple[Value, ...]) -> OptionType:
        return self.rebuild(self.element.with_modules(modules))

    def merge_type(self, other: OptionType) -> OptionType | None:
        if type(other) is not type(self) or other.name != self.name:
            return None
        merged = merge_types(self.element, other.element)
        return None if merged is None else self.rebuild(merged)


class ListOf(Container):
    """A list; definitions are joined."""

    name = "listOf"
    template = "list of {}"
    keeps_empty = True

    def check(self, value: Value) -> bool:
        return type(value) is tuple

    def empty_value(self) -> Value:
        return ()

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        result: list[Value] = []
        element = self.element
        is_plain = element.is_plain
        for number, definition in enumerate(definitions, 1):
            for index, member in enumerate(definition.value, 1):
                value = force(member)
                kind = type(value)
                if kind is not dict and kind is not LazyAttrs:
                    if is_plain and element.check(value):
                        result.append(value)
                        continue
                    resolved = [Definition(definition.file, definition.cell, value)]
                else:
                    if is_plain and "_type" not in value and element.check(value):
                        result.append(member)
                        continue
                    resolved, _ = resolve([Definition(definition.file, definition.cell, value)])
                    if not resolved:
                        continue
                name = f"[definition {number}-entry {index}]"
                result.append([run_element, (place, name, element, resolved), None])
        return tuple(result)


class NonEmptyListOf(ListOf):
    """A list with at least one member."""

    template = "non-empty (list of {})"

    def check(self, value: Value) -> bool:
        return type(value) is tuple and len(value) > 0

    def empty_value(self) -> Value:
        return UNSET


class AttrsOf(Container):
    """An attribute set of any names; members without definitions are left out."""

    name = "attrsOf"
    template = "attribute set of {}"
    keeps_empty = True

    def __init__(self, element: OptionType | Value, placeholder: str = "name") -> None:
        super().__init__(element)
        self.placeholder = f"<{placeholder}>"

    def check(self, value: Value) -> bool:
        return type(value) is dict or type(value) is LazyAttrs

    def empty_value(self) -> Value:
        return {}

    @property
    def functor_name(self) -> str:
        return "attrsWith"

    def payload(self) -> Value:
        return {
            "elemType": self.element.view,
            "lazy": isinstance(self, LazyAttrsOf),
            "placeholder": to_latin(self.placeholder[1:-1]),
        }

    def from_payload(self, payload: Value) -> OptionType:
        return attrs_with(payload)

    def rebuild(self, element: OptionType) -> OptionType:
        return type(self)(element, self.placeholder[1:-1])

    def merge_type(self, other: OptionType) -> OptionType | None:
        if type(other) is not type(self) or other.name != self.name:
            return None
        # A placeholder that somebody chose goes before the usual one; two choices exclude each other.
        chosen = {self.placeholder, other.placeholder} - {"<name>"} or {"<name>"}
        merged = merge_types(self.element, other.element)
        return type(self)(merged, chosen.pop()[1:-1]) if merged is not None and len(chosen) == 1 else None

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        result: dict[str, Value] = {}
        element = self.element
        for name, members in group_by_name(definitions).items():
            resolved, _ = resolve(members)
            if not resolved:
                continue
            cell = members[0].cell
            if element.is_plain and len(resolved) == 1 and element.check(value := force(resolved[0].value)):
                result[name] = place_value(value, spot_of(cell))
            else:
                result[name] = [run_element, (place, name, element, resolved), spot_of(cell)]
        return result


class LazyAttrsOf(AttrsOf):
    """An attribute set whose names are known without looking at the values, so conditions cannot drop a member."""

    name = "lazyAttrsOf"
    template = "lazy attribute set of {}"

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        result: dict[str, Value] = {}
        for name, members in group_by_name(definitions).items():
            result[name] = [_run_lazy_member, (place, name, self.element, members), spot_of(members[0].cell)]
        return result


def _run_lazy_member(cell: Thunk) -> Value:
    _, captured, _ = cell
    place, name, element, members = captured
    cell[0] = _member_hole
    try:
        inner = place.child(name)
        value = merge_element(inner, element, [d.derive(d.value) for d in members])
        if value is UNSET:
            value = force(element.empty_at(inner))
            if value is UNSET:
                raise missing_member(inner, members)
    except BaseException as error:
        cell[0] = _run_lazy_member
        _note_cycle(error, place, name, members)
        raise
    cell[1] = value
    cell[0] = None
    return value


def group_by_name(definitions: list[Definition]) -> dict[str, list[Definition]]:
    """The definitions of each member of sets."""
    by_name: dict[str, list[Definition]] = {}
    for definition in definitions:
        file = definition.file
        for name, cell in definition.value.items():
            member = Definition(file, cell)
            member.cell = cell if spot_of(cell) is not None else definition.cell
            found = by_name.get(name)
            if found is None:
                by_name[name] = [member]
            else:
                found.append(member)
    return by_name


def attrs_with(arguments: Value) -> AttrsOf:
    """`attrsWith`: a set of an element type, lazy or not, with a placeholder for its names in the reference."""
    is_lazy = force(arguments.get("lazy", False))
    placeholder = from_latin(str(force(arguments.get("placeholder", "name"))))
    return (LazyAttrsOf if is_lazy else AttrsOf)(needed_member(arguments, "elemType", "types.attrsWith"), placeholder)


class Attrs(OptionType):
    """An attribute set, merged shallowly; its values have no type."""

    name = "attrs"
    description = "attribute set"
    description_class = None

    def check(self, value: Value) -> bool:
        return is_attrs(value)

    def empty_value(self) -> Value:
        return {}

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        if len(definitions) == 1:
            return definitions[0].value
        result: dict[str, Value] = {}
        for definition in definitions:
            result.update(definition.value.items())
        return result


class Anything(OptionType):
    """Any value; sets are merged member by member, lists must agree."""

    name = "anything"
    description = "anything"

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        values = [force(definition.value) for definition in definitions]
        if len(values) == 1 and type(values[0]) is LazyAttrs:
            return values[0]  # a package set is not made to be listed
        if all([is_attrs(v) and not ("outPath" in v or "__toString" in v) for v in values]):
            return AttrsOf(self).merge(place, definitions)
        if len(values) == 1:
            return ListOf(self).merge(place, definitions) if type(values[0]) is tuple else values[0]
        if all([is_function(v) for v in values]):
            return self._merge_functions(place, definitions)
        return merge_equal(place, definitions)

    def _merge_functions(self, place: Place, definitions: list[Definition]) -> Value:
        def merged(argument: Value) -> Value:
            inner = [d.derive(call(d.value, argument)) for d in definitions]
            return merge_element(place.child("<function body>"), self, inner)

        return merged
