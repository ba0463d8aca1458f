"""What an option type is, natively and as the language sees it.

`OptionType` is the class of every type; `LanguageType` wraps a type that was made in the language (`mkOptionType`, or
a known one changed with `//`). `view` gives the attribute set that the language sees: `name`, `description`, `check`,
`merge`, `getSubOptions`, … all made on demand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from osconf.errors import OptionError
from osconf.lang.brief import show_brief
from osconf.lang.primops.expect import expect_attrs
from osconf.lang.runtime import (
    UNSET,
    call,
    concat_strings,
    equal,
    force,
    is_attrs,
    is_function,
    is_string,
    make_thunk,
)
from osconf.lang.values import Value
from osconf.module_system.definitions import UNKNOWN_FILE, Definition, resolve
from osconf.module_system.mistakes import conflict, not_unique, refused, wrong_type
from osconf.module_system.place import Place
from osconf.module_system.types.arguments import needed_member

NestedTypes = dict[str, "OptionType"]

ONCE_DECLARED = ("default", "example", "description", "apply")
"""What only one of several declarations of an option may say."""


class OptionType:
    """A type: which values fit, how several definitions become one value, what is below it."""

    name = "unspecified"
    description = "unspecified value"
    description_class: str | None = "noun"
    # Merging a single definition that fits gives its value unchanged.
    is_plain = False
    # Merging a single empty list or set gives it unchanged.
    keeps_empty = False

    _view: dict[str, Value] | None = None
    _around: dict[Any, OptionType] | None = None

    def check(self, value: Value) -> bool:
        """Whether a forced value fits (not what is inside it)."""
        return True

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        """One value from definitions that fit; forced."""
        raise OptionError(f"the type {self.name} cannot merge")

    def empty_value(self) -> Value:
        """What an option without definitions is; UNSET when it must be defined."""
        return UNSET

    def empty_at(self, place: Place) -> Value:
        """The value of an option without definitions at a place."""
        return self.empty_value()

    def sub_options(self, prefix: tuple[str, ...]) -> Value:
        """The options below, for the reference: a tree of option values."""
        return {}

    def sub_modules(self) -> tuple[Value, ...] | None:
        """The modules of a submodule (through containers); None for other types."""
        return None

    def with_modules(self, modules: tuple[Value, ...]) -> OptionType:
        """The same type over other modules."""
        return self

    def merge_type(self, other: OptionType) -> OptionType | None:
        """The type of an option declared with both; None when they do not agree."""
        return self if type(self) is type(other) and self.name == other.name else None

    def nested(self) -> NestedTypes:
        """The types this one is made of, by role."""
        return {}

    def nested_view(self) -> dict[str, Value]:
        """The types this one is made of as the language sees them."""
        return {name: inner.view for name, inner in self.nested().items()}

    @property
    def functor_name(self) -> str:
        """The name by which types are compared when an option is declared twice."""
        return self.name

    def payload(self) -> Value:
        """What a container or parametrised type was made with, for `functor.payload`."""
        return None

    def from_payload(self, payload: Value) -> OptionType:
        """The type of this kind that is made with something else."""
        return self

    def functor_type(self) -> Value:
        """`functor.type`: the type, or how it is made of a payload."""
        if self.payload() is None:
            return self.view
        return lambda payload: self.from_payload(force(payload)).view

    def wrapped_in(self, make: Callable[[OptionType], OptionType]) -> OptionType:
        """The type that `make` makes around this one: `listOf str` is one type, wherever it is written."""
        if self._around is None:
            self._around = {}
        found = self._around.get(make)
        if found is None:
            found = self._around[make] = make(self)
        return found

    @property
    def view(self) -> dict[str, Value]:
        """The type as the language sees it."""
        if self._view is None:
            self._view = _make_view(self)
        return self._view


class Lazy:
    """A type that is looked at when it is needed: types of data are made of themselves."""

    __slots__ = ("_found", "_given")

    def __init__(self, given: Value) -> None:
        self._given = given
        self._found: OptionType | None = given if isinstance(given, OptionType) else None

    def get(self) -> OptionType:
        """The type."""
        if self._found is None:
            self._found = to_type(self._given)
        return self._found


class PlainType(OptionType):
    """A type whose definitions must all be equal."""

    is_plain = True

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        return merge_equal(place, definitions)


class LanguageType(OptionType):
    """A type made in the language."""

    def __init__(self, attrs: Value) -> None:
        self.attrs = attrs
        self.name = str(force(attrs["name"])) if "name" in attrs else "unspecified"
        self._view = attrs

    @property
    def description(self) -> str:  # type: ignore[override]
        text = force(self.attrs.get("description"))
        return self.name if text is None else str(text)

    @property
    def description_class(self) -> str | None:  # type: ignore[override]
        return force(self.attrs.get("descriptionClass"))  # type: ignore[no-any-return]

    def check(self, value: Value) -> bool:
        return call(self.attrs["check"], value) is True

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        merge = force(self.attrs["merge"])
        values = definitions_to_value(definitions)
        if is_attrs(merge) and "v2" in merge:
            # A type that checks and merges at once tells its own mistake.
            told = call(merge["v2"], {"loc": place.parts, "defs": values})
            mistake = force(told.get("headError"))
            if mistake is not None:
                raise refused(place, definitions, mistake)
            return force(told["value"])
        return call(merge, place.parts, values)

    def empty_value(self) -> Value:
        empty = force(self.attrs.get("emptyValue", {}))
        return empty.get("value", UNSET)

    def sub_options(self, prefix: tuple[str, ...]) -> Value:
        return call(self.attrs["getSubOptions"], prefix) if "getSubOptions" in self.attrs else {}

    def sub_modules(self) -> tuple[Value, ...] | None:
        return force(self.attrs.get("getSubModules"))  # type: ignore[no-any-return]

    def with_modules(self, modules: tuple[Value, ...]) -> OptionType:
        return to_type(call(self.attrs["substSubModules"], modules))

    def merge_type(self, other: OptionType) -> OptionType | None:
        if self.view is other.view:
            return self
        merge = self.attrs.get("typeMerge")
        functor = other.view.get("functor")
        if merge is None or functor is None:
            return None
        merged = call(merge, functor)
        return None if merged is None else to_type(merged)

    def behind(self) -> OptionType | None:
        """The native type that was changed with `//`, as far as merging of types goes."""
        functor = force(self.attrs.get("functor"))
        return getattr(force(functor.get("binOp")), "option_type", None) if is_attrs(functor) else None

    def nested(self) -> NestedTypes:
        nested = force(self.attrs.get("nestedTypes", {}))
        return {name: to_type(nested[name]) for name in nested}


def merge_types(left: OptionType, right: OptionType) -> OptionType | None:
    """The type of an option declared with both; None when they do not agree."""
    if isinstance(right, LanguageType) and not isinstance(left, LanguageType):
        behind = right.behind()
        return None if behind is None else left.merge_type(behind)
    return left.merge_type(right)


def known_type(value: Value) -> OptionType | None:
    """The native type that a value is, as far as that can be told without computing anything."""
    if type(value) is list and value[0] is None:
        value = value[1]
    if type(value) is dict:
        owner: OptionType | None = getattr(value.get("merge"), "option_type", None)
        if owner is not None and owner._view is value:
            return owner
    return None


def to_type(value: Value) -> OptionType:
    """The type behind a value of the language (forced or not)."""
    if type(value) is list:
        value = value[1] if value[0] is None else value[0](value)
    owner: OptionType | None
    if type(value) is dict:
        owner = getattr(value.get("merge"), "option_type", None)
        if owner is not None and owner._view is value:
            return owner  # type: ignore[no-any-return]
    if is_attrs(value) and force(value.get("_type")) == "option-type":
        owner = getattr(force(value["merge"]), "option_type", None)
        if owner is not None and owner.view is value:
            return owner  # type: ignore[no-any-return]
        return LanguageType(value)
    raise OptionError(
        f"expected an option type, such as lib.types.str, but found {show_brief(value)}", code="not-a-type"
    )


# -- merging -----------------------------------------------------------------------------------------------------------


def merge_checked(place: Place, option_type: OptionType, definitions: list[Definition]) -> Value:
    """Check resolved definitions and merge them."""
    for definition in definitions:
        definition.value = value = force(definition.value)
        if not option_type.check(value):
            raise wrong_type(place, option_type, definitions)
    if option_type.is_plain and len(definitions) == 1:
        return definitions[0].value
    return option_type.merge(place, definitions)


def merge_element(place: Place, option_type: OptionType, definitions: list[Definition]) -> Value:
    """Resolve and merge the definitions of a part of a value; UNSET when there is none."""
    resolved, _ = resolve(definitions)
    if not resolved:
        return UNSET
    return merge_checked(place, option_type, resolved)


def merge_one(place: Place, definitions: list[Definition], message: str = "") -> Value:
    """The only definition's value; several are a mistake."""
    if len(definitions) == 1:
        return force(definitions[0].value)
    raise not_unique(place, definitions, message)


def merge_equal(place: Place, definitions: list[Definition]) -> Value:
    """The value that all definitions agree on."""
    first = definitions[0].value
    for definition in definitions:
        if not equal(first, definition.value):
            raise conflict(place, definitions)
    return force(first)


def definitions_to_value(definitions: list[Definition]) -> tuple[Value, ...]:
    """Definitions as the language passes them around: `{ file, value }`."""
    return tuple([_definition_to_value(d) for d in definitions])


def _definition_to_value(definition: Definition) -> dict[str, Value]:
    told: dict[str, Value] = {"file": definition.file, "value": definition.value}
    if definition.order is not None:
        told["priority"] = definition.order
    return told


def definitions_from_value(value: Value) -> list[Definition]:
    """Definitions from the language's form."""
    result = []
    for item in force(value):
        attrs = expect_attrs(force(item), "a definition")
        file = force(attrs["file"]) if "file" in attrs else UNKNOWN_FILE
        result.append(Definition(str(file), needed_member(attrs, "value", "mergeDefinitions")))
    return result


# -- the language's view -----------------------------------------------------------------------------------------------


def _make_view(option_type: OptionType) -> dict[str, Value]:
    def merge(loc: Value) -> Value:
        def merge_definitions(definitions: Value) -> Value:
            place = Place(tuple([str(force(part)) for part in force(loc)]))
            return merge_checked(place, option_type, definitions_from_value(definitions))

        return merge_definitions

    merge.option_type = option_type  # type: ignore[attr-defined]
    t = option_type
    return {
        "_type": "option-type",
        "name": make_thunk(lambda: t.name),
        "description": make_thunk(lambda: t.description),
        "descriptionClass": make_thunk(lambda: t.description_class),
        "deprecationMessage": None,
        "check": lambda value: t.check(force(value)),
        "merge": merge,
        "emptyValue": make_thunk(_empty_view, t),
        "getSubOptions": lambda prefix: force(t.sub_options(tuple([str(force(part)) for part in force(prefix)]))),
        "getSubModules": make_thunk(t.sub_modules),
        "substSubModules": lambda modules: t.with_modules(force(modules)).view,
        "typeMerge": make_thunk(_type_merge_view, t),
        "functor": make_thunk(_functor_view, t),
        "nestedTypes": make_thunk(t.nested_view),
    }


def _empty_view(option_type: OptionType) -> Value:
    empty = option_type.empty_value()
    return {} if empty is UNSET else {"value": empty}


def _functor_view(option_type: OptionType) -> Value:
    def combine(left: Value) -> Value:
        def join(right: Value) -> Value:
            if option_type.payload() is None:
                return None
            one, other = (option_type.from_payload(force(payload)) for payload in (left, right))
            both = one.merge_type(other)
            return None if both is None else both.payload()

        return join

    combine.option_type = option_type  # type: ignore[attr-defined]
    nested = option_type.nested()
    element = nested.get("elemType") or nested.get("finalType")
    return {
        "name": option_type.functor_name,
        "type": make_thunk(option_type.functor_type),
        "wrapped": None if element is None else element.view,
        "payload": option_type.payload(),
        "binOp": combine,
    }


def _type_merge_view(option_type: OptionType) -> Callable[[Value], Value]:
    def merge(functor: Value) -> Value:
        functor = force(functor)
        other: OptionType | None = getattr(force(functor.get("binOp")), "option_type", None)
        if other is None:
            return None
        merged = option_type.merge_type(other)
        return None if merged is None else merged.view

    return merge


def make_language_type(attrs: Value) -> dict[str, Value]:
    """`mkOptionType`: a type from `name` and whatever else is given."""
    attrs = force(attrs)
    name = needed_member(attrs, "name", "types.mkOptionType")

    def merge_default(loc: Value) -> Value:
        def merge_definitions(definitions: Value) -> Value:
            place = Place(tuple([str(force(part)) for part in force(loc)]))
            return merge_default_option(place, definitions_from_value(definitions))

        return merge_definitions

    view: dict[str, Any] = {
        "description": name,
        "descriptionClass": None,
        "deprecationMessage": None,
        "check": lambda value: True,
        "merge": merge_default,
        "emptyValue": {},
        "getSubOptions": lambda prefix: {},
        "getSubModules": None,
        "substSubModules": lambda modules: None,
        "nestedTypes": {},
        **attrs,
        "_type": "option-type",
    }
    functor = view.setdefault("functor", make_thunk(_default_functor, view))
    view.setdefault("typeMerge", make_thunk(_default_type_merge, functor))
    return view


def _default_functor(view: dict[str, Value]) -> Value:
    return {
        "name": force(view["name"]),
        "type": view,
        "wrapped": None,
        "payload": None,
        "binOp": lambda a: lambda b: None,
    }


def _default_type_merge(functor: Value) -> Callable[[Value], Value]:
    """Two types of the same name without parameters agree; payloads are joined by `binOp`."""

    def merge(other: Value) -> Value:
        mine, theirs = force(functor), force(other)
        if force(mine["name"]) != force(theirs["name"]):
            return None
        payload, wrapped = force(mine.get("payload")), force(mine.get("wrapped"))
        if payload is not None and force(theirs.get("payload")) is not None:
            joined = call(mine["binOp"], payload, theirs["payload"])
            return None if joined is None else call(mine["type"], joined)
        if wrapped is not None and force(theirs.get("wrapped")) is not None:
            inner = merge_types(to_type(wrapped), to_type(theirs["wrapped"]))
            return None if inner is None else call(mine["type"], inner.view)
        if payload is None and wrapped is None:
            return force(mine["type"])
        return None

    return merge


def merge_default_option(place: Place, definitions: list[Definition]) -> Value:
    """How definitions of unspecified type are merged: by what they are."""
    values = [force(d.value) for d in definitions]
    if len(values) == 1:
        return values[0]
    if all([is_function(v) for v in values]):

        def merged(argument: Value) -> Value:
            inner = [d.derive(call(d.value, argument)) for d in definitions]
            return merge_default_option(place, inner)

        return merged
    if all([type(v) is tuple for v in values]):
        return tuple([member for v in values for member in v])
    if all([is_attrs(v) for v in values]):
        result: dict[str, Value] = {}
        for v in values:
            result.update(v.items())
        return result
    if all([v is True or v is False for v in values]):
        return True in values
    if all([is_string(v) for v in values]):
        return concat_strings(values)
    return merge_equal(place, definitions)


def phrase(option_type: OptionType, *classes: str) -> str:
    """The description of a type inside another one's: in parentheses when it would read ambiguously."""
    text = option_type.description
    return text if option_type.description_class in classes else f"({text})"
