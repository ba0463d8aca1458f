"""Types made of other types: `nullOr`, `either`, `coercedTo`, `functionTo`, `uniq`, `addCheck`, `attrTag`."""

from __future__ import annotations

from osconf.errors import OptionError
from osconf.lang.runtime import UNSET, call, force, function_args, is_attrs, is_function, place_value, spot_of
from osconf.lang.suggest import did_you_mean
from osconf.lang.values import Value
from osconf.module_system.definitions import Definition
from osconf.module_system.mistakes import conflict, missing_member
from osconf.module_system.place import Place, show_name
from osconf.module_system.types.base import (
    Lazy,
    NestedTypes,
    OptionType,
    merge_checked,
    merge_element,
    merge_one,
    merge_types,
    phrase,
    to_type,
)
from osconf.module_system.types.containers import Container
from osconf.module_system.types.scalars import FunctionCheck


class NullOr(Container):
    """null or a value of the element type."""

    name = "nullOr"
    description_class = "conjunction"
    template = "null or {}"
    element_classes = ("noun", "conjunction")
    placeholder = ""

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        return self.element.is_plain

    def check(self, value: Value) -> bool:
        return value is None or self.element.check(value)

    def empty_value(self) -> Value:
        return None

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        nulls = [definition for definition in definitions if definition.value is None]
        if len(nulls) == len(definitions):
            return None
        if nulls:
            raise conflict(place, definitions)
        return merge_checked(place, self.element, definitions)


class Either(OptionType):
    """A value of one of two types; definitions must agree on which."""

    name = "either"
    description_class = "conjunction"

    def __init__(self, left: OptionType | Value, right: OptionType | Value) -> None:
        self._left = Lazy(left)
        self._right = Lazy(right)

    @property
    def left(self) -> OptionType:
        """The type that is tried first."""
        return self._left.get()

    @property
    def right(self) -> OptionType:
        """The other type."""
        return self._right.get()

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        return self.left.is_plain and self.right.is_plain

    @property
    def description(self) -> str:  # type: ignore[override]
        left = phrase(self.left, "noun", "conjunction", "nonRestrictiveClause")
        if self.left.description_class == "nonRestrictiveClause":
            return f"{left}, or {phrase(self.right, 'noun', 'conjunction')}"
        return f"{left} or {phrase(self.right, 'noun', 'conjunction', 'composite')}"

    def check(self, value: Value) -> bool:
        return self.left.check(value) or self.right.check(value)

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        for option_type in (self.left, self.right):
            if all([option_type.check(definition.value) for definition in definitions]):
                return merge_checked(place, option_type, definitions)
        raise conflict(place, definitions)

    def nested(self) -> NestedTypes:
        return {"left": self.left, "right": self.right}

    def merge_type(self, other: OptionType) -> OptionType | None:
        if not isinstance(other, Either):
            return None
        left, right = merge_types(self.left, other.left), merge_types(self.right, other.right)
        return None if left is None or right is None else Either(left, right)


class CoercedTo(OptionType):
    """The final type, or another one with a function that converts it."""

    name = "coercedTo"
    description_class = None

    def __init__(self, source: OptionType | Value, convert: Value, final: OptionType | Value) -> None:
        self._source = Lazy(source)
        self.convert = convert
        self._final = Lazy(final)

    @property
    def source(self) -> OptionType:
        """The type that is converted."""
        source = self._source.get()
        if source.sub_modules() is not None:
            raise OptionError(
                f"coercedTo cannot convert from {source.description}: its type has submodules", code="not-a-type"
            )
        return source

    @property
    def final(self) -> OptionType:
        """The type of the result."""
        return self._final.get()

    @property
    def description(self) -> str:  # type: ignore[override]
        return f"{phrase(self.final, 'noun')} or {phrase(self.source, 'noun')} convertible to it"

    def check(self, value: Value) -> bool:
        if self.source.check(value):
            return self.final.check(call(self.convert, value))
        return self.final.check(value)

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        converted = [d.derive(call(self.convert, d.value)) if self.source.check(d.value) else d for d in definitions]
        return merge_checked(place, self.final, converted)

    def empty_value(self) -> Value:
        return self.final.empty_value()

    def nested(self) -> NestedTypes:
        return {"coercedType": self.source, "finalType": self.final}

    def sub_options(self, prefix: tuple[str, ...]) -> Value:
        return self.final.sub_options(prefix)

    def sub_modules(self) -> tuple[Value, ...] | None:
        return self.final.sub_modules()

    def with_modules(self, modules: tuple[Value, ...]) -> OptionType:
        return CoercedTo(self.source, self.convert, self.final.with_modules(modules))

    def merge_type(self, other: OptionType) -> OptionType | None:
        if isinstance(other, CoercedTo) and other.convert is self.convert:
            final = merge_types(self.final, other.final)
            return None if final is None else CoercedTo(self.source, self.convert, final)
        return None


class FunctionTo(Container):
    """A function whose results are merged."""

    name = "functionTo"
    template = "function that evaluates to a(n) {}"
    placeholder = "<function body>"

    def check(self, value: Value) -> bool:
        return FunctionCheck.is_callable(value)

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        inner = place.child("<function body>")

        def merged(argument: Value) -> Value:
            results = [d.derive(call(d.value, argument)) for d in definitions]
            value = merge_element(inner, self.element, results)
            if value is UNSET:
                raise missing_member(inner, definitions)
            return value

        # The named arguments stay visible; one is optional when it is so in every definition.
        optional: dict[str, bool] = {}
        for definition in definitions:
            for name, has_default in argument_names(definition.value).items():
                optional[name] = has_default and optional.get(name, True)
        return {"__functionArgs": optional, "__functor": lambda _: merged}


def argument_names(function: Value) -> dict[str, bool]:
    """The named arguments of a function or a set that is called as one, each with whether it has a default."""
    if is_function(function):
        return function_args(function) or {}
    declared = function.get("__functionArgs")
    if declared is not None:
        return {name: force(has_default) for name, has_default in force(declared).items()}
    return argument_names(call(function["__functor"], function))


class Unique(Container):
    """A value that may be defined once."""

    name = "unique"
    element_classes = ("noun", "composite")
    placeholder = ""

    def __init__(self, element: OptionType | Value, message: str = "") -> None:
        super().__init__(element)
        self.message = message

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        return self.element.is_plain

    def check(self, value: Value) -> bool:
        return self.element.check(value)

    def empty_value(self) -> Value:
        return self.element.empty_value()

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        merge_one(place, definitions, self.message)
        return merge_checked(place, self.element, definitions)

    def rebuild(self, element: OptionType) -> OptionType:
        return Unique(element, self.message)


class Checked(Container):
    """A type with one more condition (`addCheck`)."""

    placeholder = ""

    def __init__(self, element: OptionType, condition: Value) -> None:
        super().__init__(element)
        self.condition = condition
        self.name = element.name
        self.is_plain = element.is_plain

    @property
    def description(self) -> str:  # type: ignore[override]
        return self.element.description

    @property
    def description_class(self) -> str | None:  # type: ignore[override]
        return self.element.description_class

    def check(self, value: Value) -> bool:
        return self.element.check(value) and call(self.condition, value) is True

    def empty_value(self) -> Value:
        return self.element.empty_value()

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        return self.element.merge(place, definitions)

    def rebuild(self, element: OptionType) -> OptionType:
        return Checked(element, self.condition)

    def nested(self) -> NestedTypes:
        return self.element.nested()

    def payload(self) -> Value:
        return self.element.payload()


class AttrTag(OptionType):
    """A set of exactly one of several attributes, each an option."""

    name = "attrTag"
    description_class = "noun"

    def __init__(self, tags: Value) -> None:
        self.tags: dict[str, Value] = {name: force(tags[name]) for name in tags}

    @property
    def description(self) -> str:  # type: ignore[override]
        return f"attribute-tagged union with choices: {', '.join(show_name(name) for name in sorted(self.tags))}"

    def check(self, value: Value) -> bool:
        return is_attrs(value) and len(value) == 1 and next(iter(value)) in self.tags

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        chosen = {next(iter(d.value)) for d in definitions}
        if len(chosen) > 1:
            raise conflict(place, definitions)
        name = chosen.pop()
        option_type = self._type_of(name)
        members = [Definition(d.file, d.value[name]) for d in definitions]
        value = merge_element(place.child(name), option_type, members)
        if "apply" in self.tags[name]:
            value = call(self.tags[name]["apply"], value)
        return {name: place_value(value, spot_of(members[0].cell))}

    def nested(self) -> NestedTypes:
        return {name: self._type_of(name) for name in self.tags}

    def sub_options(self, prefix: tuple[str, ...]) -> Value:
        return {
            name: {**tag, "loc": (*prefix, name), "declarations": tag.get("declarations", ())}
            for name, tag in self.tags.items()
        }

    def payload(self) -> Value:
        return {"tags": self.tags}

    def merge_type(self, other: OptionType) -> OptionType | None:
        if not isinstance(other, AttrTag):
            return None
        for name in self.tags.keys() & other.tags.keys():
            if merge_types(self._type_of(name), other._type_of(name)) is None:
                return None
        return AttrTag({**self.tags, **other.tags})

    def _type_of(self, name: str) -> OptionType:
        if name not in self.tags:
            raise OptionError(f"no such tag: {name}", hint=did_you_mean(name, self.tags))
        return to_type(self.tags[name]["type"])
