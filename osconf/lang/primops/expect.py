"""Argument checks of the primops: Nix's wording for a value of the wrong type."""

from __future__ import annotations

from typing import Any

from osconf.errors import EvalError
from osconf.lang.mistakes import described
from osconf.lang.runtime import coerce_to_string, force, is_function
from osconf.lang.values import ContextStr, LazyAttrs, Value


def mismatch(value: Value, wanted: str, where: str = "") -> EvalError:
    """The error of a value that is not `wanted` (`a list`); `where` says what it was to be used for."""
    from osconf.lang.advice import advise_type

    error = EvalError(
        f"expected {wanted} but found {described(value)}", code="wrong-type", hint=advise_type(value, wanted)
    )
    if where:
        error.while_(f"while evaluating {where}")
    return error


def expect_list(value: Value, where: str) -> tuple[Value, ...]:
    """The value, which must be a list."""
    if type(value) is tuple:
        return value
    raise mismatch(value, "a list", where)


def expect_attrs(value: Value, where: str) -> Any:
    """The value, which must be an attribute set (`dict` or `LazyAttrs`)."""
    if type(value) is dict or type(value) is LazyAttrs:
        return value
    raise mismatch(value, "a set", where)


def expect_string(value: Value, where: str) -> str:
    """The value, which must be a string, with its context."""
    if type(value) is str or type(value) is ContextStr:
        return value
    raise mismatch(value, "a string", where)


def expect_plain_string(value: Value, where: str) -> str:
    """The value, which must be a string without context."""
    if type(value) is str:
        return value
    if type(value) is ContextStr:
        path = min(value.context).removeprefix("=").rpartition("!")[2]
        raise EvalError(
            f"the string '{value}' is not allowed to refer to a store path (such as '{path}')",
            code="context-not-allowed",
            hint="builtins.unsafeDiscardStringContext forgets what a string refers to, if that is not needed",
        ).while_(f"while evaluating {where}")
    raise mismatch(value, "a string", where)


def expect_int(value: Value, where: str) -> int:
    """The value, which must be an integer."""
    if type(value) is int:
        return value
    raise mismatch(value, "an integer", where)


def expect_bool(value: Value, where: str) -> bool:
    """The value, which must be a Boolean."""
    if value is True or value is False:
        return bool(value)
    raise mismatch(value, "a Boolean", where)


def expect_function(value: Value, where: str) -> Any:
    """The value, which must be callable: a function or a functor."""
    if is_function(value) or ((type(value) is dict or type(value) is LazyAttrs) and "__functor" in value):
        return value
    raise mismatch(value, "a function", where)


def missing_attribute(name: str, where: str, attrs: Any = ()) -> EvalError:
    """The error of an attribute that a primop needs in `attrs`."""
    from osconf.lang.suggest import did_you_mean

    error = EvalError(f"attribute '{name}' missing", code="missing-attribute", hint=did_you_mean(name, attrs))
    error.while_(where)
    return error


def require_attribute(attrs: Any, name: str, where: str) -> Value:
    """A member of a set that a primop needs, forced."""
    try:
        return force(attrs[name])
    except KeyError:
        raise missing_attribute(name, where, attrs) from None


def coerce_argument(value: Value, where: str, *, copy_to_store: bool = True, more: bool = False) -> str:
    """Coerce to a string, saying what for when that fails."""
    if type(value) is str:
        return value
    try:
        return coerce_to_string(value, copy_to_store=copy_to_store, more=more)
    except EvalError as error:
        error.while_(f"while evaluating {where}")
        raise
