"""How two values differ that an `assert` wanted to be equal, in Nix's words."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from osconf.lang.brief import show_brief
from osconf.lang.kinds import is_attrs, show_type, type_name
from osconf.lang.operators import equal
from osconf.lang.selection import is_derivation
from osconf.lang.show import quote_name
from osconf.lang.thunks import force
from osconf.lang.values import Value

_NUMBERS = frozenset(("int", "float"))


def describe_difference(left: Value, right: Value) -> str:
    """The first difference of two forced values, with the way to it: `in a.0: an integer with value '1' is not …`."""
    way: list[str] = []
    while True:
        found = _differing_member(left, right)
        if found is None:
            break
        name, left, right = found
        way.append(name)
    said = _say(left, right)
    return f"in {'.'.join(way)}: {said}" if way else said


def _differing_member(left: Value, right: Value) -> tuple[str, Value, Value] | None:
    """The first member in which two lists of one size, or sets with the same names, differ."""
    pairs: list[tuple[str, Any, Any]] = []
    if type(left) is tuple and type(right) is tuple and len(left) == len(right):
        pairs = [(str(index), *both) for index, both in enumerate(zip(left, right, strict=True))]
    elif is_attrs(left) and is_attrs(right):
        if is_derivation(left) and is_derivation(right) and "outPath" in left and "outPath" in right:
            pairs = [("outPath", left["outPath"], right["outPath"])]
        elif sorted(left) == sorted(right):
            pairs = [(quote_name(name), left[name], right[name]) for name in sorted(left)]
    return next(((name, force(one), force(two)) for name, one, two in pairs if not equal(one, two)), None)


def _say(left: Value, right: Value) -> str:
    one, two = show_brief(left), show_brief(right)
    kinds = {type_name(left), type_name(right)}
    if kinds <= _NUMBERS:
        return f"{show_type(left)} with value '{one}' is not equal to {show_type(right)} with value '{two}'"
    if len(kinds) > 1:
        return f"{show_type(left)} of value '{one}' is not equal to {show_type(right)} of value '{two}'"
    if type(left) is FunctionType:
        return "distinct functions and immediate comparisons of identical functions compare as unequal"
    if type(left) is tuple:
        return (
            f"list of size '{len(left)}' is not equal to list of size '{len(right)}', "
            f"left hand side is '{one}', right hand side is '{two}'"
        )
    if is_attrs(left):
        return _say_names(left, right, one, two)
    kind = {bool: "boolean"}.get(type(left), type_name(left))
    return f"{kind} '{one}' is not equal to {kind} '{two}'"


def _say_names(left: Any, right: Any, one: str, two: str) -> str:
    if len(left) != len(right):
        return f"attribute names of attribute set '{one}' differs from attribute set '{two}'"
    name = next(name for name in sorted(left) if name not in right)
    return f"attribute name '{name}' is contained in '{one}', but not in '{two}'"
