"""Attributes of sets, lazy ones included: select, test, define, merge."""

from __future__ import annotations

import sys
from typing import NoReturn

from osconf.errors import EvalError
from osconf.lang.kinds import UNSET, is_attrs
from osconf.lang.mistakes import expect_attrs, raise_missing, raise_type, raise_undefined
from osconf.lang.thunks import force, run_alias, spot_of
from osconf.lang.values import ContextStr, LazyAttrs, Value


def explain_missing(attrs: Value, name: str) -> NoReturn:
    """Called when `attrs[name]` raised in compiled code: explain it, or let a real failure pass."""
    failure = sys.exc_info()[1]
    if isinstance(failure, KeyError | TypeError) and not (is_attrs(attrs) and name in attrs):
        try:
            raise_missing(attrs, name)
        except EvalError as error:
            raise error from None
    raise failure  # type: ignore[misc]


def explain_undefined(attrs: Value, name: str) -> NoReturn:
    """The same for a variable that only the set of the surrounding `with` can have."""
    failure = sys.exc_info()[1]
    if isinstance(failure, KeyError | TypeError) and not (is_attrs(attrs) and name in attrs):
        try:
            raise_undefined(name, (expect_attrs(attrs),))
        except EvalError as error:
            raise error from None
    raise failure  # type: ignore[misc]


def select(attrs: Value, name: str | None) -> Value:
    """`attrs.name` of a forced value; the result is forced."""
    if type(attrs) is not dict and type(attrs) is not LazyAttrs:
        raise_type(attrs, "a set")
    if name is None:
        raise_type(None, "a string")
    found = attrs.get(name, UNSET)
    if found is UNSET:
        raise_missing(attrs, name)
    return found if type(found) is not list else found[1] if found[0] is None else found[0](found)


def select_or(attrs: Value, names: tuple[str, ...]) -> Value:
    """`attrs.a.b`, forced, or UNSET when some part is missing or no set."""
    for name in names:
        if type(attrs) is list:
            attrs = attrs[1] if attrs[0] is None else attrs[0](attrs)
        if type(attrs) is not dict and type(attrs) is not LazyAttrs:
            return UNSET
        attrs = attrs.get(name, UNSET)
        if attrs is UNSET:
            return UNSET
    return force(attrs)


def has_attr(attrs: Value, names: tuple[str, ...]) -> bool:
    """`attrs ? a.b`."""
    for name in names:
        if type(attrs) is list:
            attrs = attrs[1] if attrs[0] is None else attrs[0](attrs)
        if type(attrs) is not dict and type(attrs) is not LazyAttrs:
            return False
        attrs = attrs.get(name, UNSET)
        if attrs is UNSET:
            return False
    return True


def attribute_name(value: Value) -> str:
    """The name that a dynamic attribute's forced value gives."""
    if type(value) is str:
        return value
    if type(value) is ContextStr:
        path = min(value.context).removeprefix("=").rpartition("!")[2]
        raise EvalError(
            f"the string '{value}' is not allowed to refer to a store path (such as '{path}')",
            code="context-not-allowed",
        )
    raise_type(value, "a string")


def optional_name(value: Value) -> str | None:
    """Like `attribute_name`, for a definition: null leaves the attribute out."""
    return None if value is None else attribute_name(value)


def define_dynamic(attrs: dict[str, Value], name: str, member: Value) -> None:
    """Add a dynamic attribute to a set under construction."""
    if name in attrs:
        spot = spot_of(attrs[name])
        place = "" if spot is None else f" at {spot.position()}"
        raise EvalError(f"dynamic attribute '{name}' already defined{place}", code="duplicate-attribute")
    attrs[name] = member


def apply_overrides(attrs: dict[str, Value]) -> None:
    """Put the members of `__overrides` into the cells of a recursive set, so that its other members see them too."""
    overrides = expect_attrs(force(attrs["__overrides"]))
    for name in overrides:
        cell = attrs.get(name)
        if cell is None:
            attrs[name] = overrides[name]
        else:
            cell[:] = [run_alias, overrides[name], spot_of(cell), overrides[name]]


def find_in_scopes(name: str, scopes: tuple[Value, ...]) -> Value:
    """A variable that only the sets of surrounding `with`s, innermost first, can have."""
    forced: list[Value] = []
    for scope in scopes:
        scope = expect_attrs(force(scope))
        found = scope.get(name, UNSET)
        if found is not UNSET:
            return force(found)
        forced.append(scope)
    raise_undefined(name, tuple(forced))


def update(left: Value, right: Value) -> Value:
    """`left // right`; stays lazy when one of them is a lazy set."""
    if type(left) is dict and type(right) is dict:
        return left if not right else right if not left else {**left, **right}
    left = expect_attrs(left)
    right = expect_attrs(right)

    def lookup(name: str) -> Value:
        found = right.get(name, UNSET)
        return left[name] if found is UNSET else found

    near = getattr(right, "near", None) or getattr(left, "near", None)
    return LazyAttrs(lambda: {*left.keys(), *right.keys()}, lookup, near)


def is_derivation(attrs: Value) -> bool:
    """Whether a forced value is a set with `type = "derivation"`."""
    if type(attrs) is not dict and type(attrs) is not LazyAttrs:
        return False
    kind = attrs.get("type")
    return kind is not None and force(kind) == "derivation"
