"""What kind of value something is, and what is known of a function."""

from __future__ import annotations

from types import FunctionType
from typing import NamedTuple

from osconf.errors import Position
from osconf.lang.source import Source, Spot
from osconf.lang.values import ContextStr, LazyAttrs, Path, Value


class _Unset:
    """The default of a curried parameter that has not come yet."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = _Unset()


class Pattern(NamedTuple):
    """How a function of the language was written: what generated modules keep in `FUNCTIONS`, as plain tuples."""

    offset: int
    formals: dict[str, bool] | None
    """Name -> has a default, of an argument pattern."""
    name: str | None
    """What the function is bound to."""
    parameter: str | None
    """The plain parameter, or the name beside `@`."""
    is_open: bool
    """Whether the pattern ends in `...`."""
    places: tuple[int, ...]
    """Where each formal is written, in the order of `formals`."""


_TYPE_NAMES = {
    int: "int", float: "float", bool: "bool", str: "string", ContextStr: "string", tuple: "list", dict: "set",
    LazyAttrs: "set", FunctionType: "lambda", Path: "path", type(None): "null",
}  # fmt: skip
_TYPE_WORDS = {
    "int": "an integer", "float": "a float", "bool": "a Boolean", "string": "a string", "list": "a list",
    "set": "a set", "lambda": "a function", "path": "a path", "null": "null",
}  # fmt: skip


def type_name(value: Value) -> str:
    """What `builtins.typeOf` says of a forced value."""
    return _TYPE_NAMES[type(value)]


def show_type(value: Value) -> str:
    """The type of a forced value in words, with its article: `a string`, `the built-in function 'map'`."""
    if type(value) is FunctionType:
        builtin = getattr(value, "primop", None)
        if builtin is not None:
            return f"the built-in function '{builtin.name}'"
        builtin = getattr(value, "primop_application", None)
        if builtin is not None:
            return f"the partially applied built-in function '{builtin.name}'"
    elif type(value) is ContextStr:
        return "a string with context"
    elif type(value) is list:
        return "a thunk"
    return _TYPE_WORDS[_TYPE_NAMES[type(value)]]


def is_attrs(value: Value) -> bool:
    """Whether a forced value is an attribute set."""
    return type(value) is dict or type(value) is LazyAttrs


def is_string(value: Value) -> bool:
    """Whether a forced value is a string."""
    return type(value) is str or type(value) is ContextStr


def is_function(value: Value) -> bool:
    """Whether a forced value is a function (a set with `__functor` is not)."""
    return type(value) is FunctionType


def function_pattern(function: Value) -> Pattern | None:
    """How a function of the language was written; None for builtins and partial applications."""
    if type(function) is not FunctionType:
        return None
    found = function.__globals__.get("FUNCTIONS", {}).get(function.__name__)
    return None if found is None else Pattern(*found)


def function_args(function: Value) -> dict[str, bool] | None:
    """Name -> has a default, for a function with an argument pattern; None for any other function."""
    pattern = function_pattern(function)
    return pattern.formals if pattern else None


def formal_spots(function: Value) -> list[Spot]:
    """Where each argument of a function's pattern is written, in the order of `function_args`."""
    pattern = function_pattern(function)
    return [Spot(function.__globals__["SOURCE"], place) for place in pattern.places] if pattern else []


def function_position(function: Value) -> Position | None:
    """Where a function of the language was written."""
    pattern = function_pattern(function)
    if pattern is None:
        return None
    source: Source = function.__globals__["SOURCE"]
    return source.position(pattern.offset)


def function_name(function: Value) -> str | None:
    """The name that a function of the language was bound to, for messages."""
    pattern = function_pattern(function)
    return pattern.name if pattern else None
