"""`json`, `toml` and other types of plain data."""

from __future__ import annotations

from osconf.lang.runtime import UNSET, is_attrs, is_derivation, is_string
from osconf.lang.values import LazyAttrs, Path, Value
from osconf.module_system.definitions import Definition
from osconf.module_system.place import Place
from osconf.module_system.types.base import NestedTypes, OptionType, merge_equal
from osconf.module_system.types.compound import Either, NullOr
from osconf.module_system.types.containers import AttrsOf, ListOf
from osconf.module_system.types.scalars import Bool, Int, Number, PathType, Str


class Data(OptionType):
    """A value that a format of plain data can hold: checked all the way down when it is used.

    It is what `oneOf` of all kinds of data would be, looked at in one step.
    """

    description_class = "conjunction"

    def __init__(self, description: str, allow_null: bool = True) -> None:
        self.name = "nullOr" if allow_null else "either"
        self.description = description
        self.allow_null = allow_null

    def check(self, value: Value) -> bool:
        if value is None:
            return self.allow_null
        return type(value) in _DATA_KINDS or is_string(value)

    def empty_value(self) -> Value:
        return None if self.allow_null else UNSET

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        first = definitions[0].value
        if is_attrs(first) and not is_derivation(first) and all([is_attrs(d.value) for d in definitions]):
            return AttrsOf(self).merge(place, definitions)
        if type(first) is tuple and all([type(d.value) is tuple for d in definitions]):
            return ListOf(self).merge(place, definitions)
        return merge_equal(place, definitions)

    def _spelled_out(self) -> OptionType:
        """The same type made of others."""
        kinds = Either(Bool(), Int("int", "signed integer"))
        for other in (
            Number("float", "floating point number", (float,)),
            Str(),
            PathType(),
            AttrsOf(self),
            ListOf(self),
        ):
            kinds = Either(kinds, other)
        return NullOr(kinds) if self.allow_null else kinds

    def nested(self) -> NestedTypes:
        return self._spelled_out().nested()

    def payload(self) -> Value:
        return self._spelled_out().payload()

    def from_payload(self, payload: Value) -> OptionType:
        return self._spelled_out().from_payload(payload)


_DATA_KINDS = frozenset((bool, int, float, tuple, dict, LazyAttrs, Path))
