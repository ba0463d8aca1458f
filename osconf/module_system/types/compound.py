"""Types made of other types: `nullOr`, `either`, `coercedTo`, `functionTo`, `uniq`, `addCheck`."""

from __future__ import annotations

from osconf.errors import OptionError
from osconf.lang.runtime import UNSET, call, force, function_args, is_function
from osconf.lang.values import Value
from osconf.module_system.definitions import Definition
from osconf.module_system.mistakes import conflict, missing_member
from osconf.module_system.place import Place
from osconf.module_system.types.base import (
    Lazy,
    NestedTypes,
    OptionType,
    merge_checked,
    merge_element,
    merge_one,
    merge_types,
    phrase,
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

    @property
    def functor_name(self) -> str:
        return "either"

    def payload(self) -> Value:
        return {"elemType": (self.left.view, self.right.view)}

    def from_payload(self, payload: Value) -> OptionType:
        left, right = force(payload["elemType"])
        return Either(left, right)

    def functor_type(self) -> Value:
        return lambda left: lambda right: Either(left, right).view

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

    def empty_at(self, place: Place) -> Value:
        return self.final.empty_at(place)

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
    placeholder = ""

    def __init__(self, element: OptionType | Value, message: str = "") -> None:
        super().__init__(element)
        self.message = message

    @property
    def is_plain(self) -> bool:  # type: ignore[override]
        return self.element.is_plain

    @property
    def description(self) -> str:  # type: ignore[override]
        return self.element.description

    @property
    def description_class(self) -> str | None:  # type: ignore[override]
        return self.element.description_class

    def check(self, value: Value) -> bool:
        return self.element.check(value)

    def empty_value(self) -> Value:
        return self.element.empty_value()

    def empty_at(self, place: Place) -> Value:
        return self.element.empty_at(place)

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

    def empty_at(self, place: Place) -> Value:
        return self.element.empty_at(place)

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        return self.element.merge(place, definitions)

    def rebuild(self, element: OptionType) -> OptionType:
        return Checked(element, self.condition)

    def merge_type(self, other: OptionType) -> OptionType | None:
        # The condition stays, also where the other declaration has none.
        if other is self:
            return self
        merged = merge_types(self.element, other.element if isinstance(other, Checked) else other)
        return None if merged is None else self.rebuild(merged)

    def nested(self) -> NestedTypes:
        return self.element.nested()

    def nested_view(self) -> dict[str, Value]:
        return self.element.nested_view()

    @property
    def functor_name(self) -> str:
        return self.element.functor_name

    def payload(self) -> Value:
        return self.element.payload()

    def from_payload(self, payload: Value) -> OptionType:
        return self.element.from_payload(payload)

    def functor_type(self) -> Value:
        return self.element.functor_type()
