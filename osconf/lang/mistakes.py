"""Mistakes of a text, explained: what was wanted, what came, what may have been meant.

Nothing here carries a position: it is added where the evaluation was started, from the traceback.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any, NoReturn

from osconf.errors import AssertionFailed, EvalError
from osconf.lang.kinds import Pattern, is_attrs, show_type
from osconf.lang.values import ContextStr, LazyAttrs, Value


def raise_not_a_function(value: Value) -> NoReturn:
    """Something else than a function was called."""
    hint = "there may be an argument too many, or an operator, a ';' or parentheses missing"
    if is_attrs(value):
        hint = "only a set with a `__functor` can be called; is a ';' or an operator missing before it?"
    raise EvalError(
        f"attempt to call something which is not a function but {described(value)}", code="not-a-function", hint=hint
    )


def raise_type(value: Value, wanted: str) -> NoReturn:
    """`wanted` (with its article) was needed, `value` came."""
    from osconf.lang.advice import advise_type

    raise EvalError(
        f"expected {wanted} but found {described(value)}", code="wrong-type", hint=advise_type(value, wanted)
    )


def raise_missing(attrs: Value, name: str) -> NoReturn:
    """Attribute `name` was asked of a value that has none, or of something that is no set."""
    if not is_attrs(attrs):
        raise_type(attrs, "a set")
    from osconf.lang.suggest import did_you_mean, list_names

    hint = did_you_mean(name, attrs) or list_names(attrs)
    from osconf.lang.show import quote_name

    raise EvalError(f"attribute '{quote_name(name)}' missing", code="missing-attribute", hint=hint)


def raise_overflow(operator: str, left: int, right: int) -> NoReturn:
    """A result does not fit into 64 bits."""
    words = {"+": "adding", "-": "subtracting", "*": "multiplying", "/": "dividing"}
    raise EvalError(f"integer overflow in {words[operator]} {left} {operator} {right}", code="integer-overflow")


def raise_assertion(text: str) -> NoReturn:
    """An `assert` is false; `text` is its condition as written."""
    raise AssertionFailed(f"assertion '{text}' failed")


def raise_unequal(text: str, left: Value, right: Value) -> NoReturn:
    """An `assert` of an equality is false."""
    from osconf.lang.differences import describe_difference

    raise AssertionFailed(f"assertion '{text}' failed\n{describe_difference(left, right)}")


def raise_undefined(name: str, scopes: tuple[Value, ...]) -> NoReturn:
    """A variable is in none of the sets of the surrounding `with`."""
    from osconf.lang.suggest import did_you_mean

    names = [key for scope in scopes if type(scope) is dict for key in scope]
    hint = did_you_mean(name, names)
    for scope in scopes:
        if type(scope) is LazyAttrs:
            hint = hint or did_you_mean(name, scope)
    raise EvalError(f"undefined variable '{name}'", code="undefined-variable", hint=hint)


def raise_arguments(attrs: Value, function: tuple[Any, ...]) -> None:
    """Explain what is wrong with the arguments of a call; returns when nothing is (a lazy set).

    `function` is the `Pattern` of the function as a tuple.
    """
    pattern = Pattern(*function)
    formals = pattern.formals or {}
    required = [name for name, has_default in formals.items() if not has_default]
    who = f"function '{pattern.name or 'anonymous lambda'}'"
    if not is_attrs(attrs):
        raise EvalError(
            f"expected a set but found {described(attrs)}\n{who} was called with it instead of a set of arguments",
            code="wrong-argument",
            hint=f"call it with {{ {' '.join(f'{name} = …;' for name in required or sorted(formals)[:1])} }}",
        )
    for name in required:
        if name not in attrs:
            raise EvalError(f"{who} called without required argument '{name}'", code="missing-argument")
    if not pattern.is_open:
        for name in attrs:
            if name not in formals:
                from osconf.lang.suggest import did_you_mean

                raise EvalError(
                    f"{who} called with unexpected argument '{name}'",
                    code="unexpected-argument",
                    hint=did_you_mean(name, formals),
                )


def described(value: Value) -> str:
    """A value's type and a short form of it, for messages."""
    from osconf.lang.brief import show_brief

    return f"{show_type(value)}: {show_brief(value)}"


def expect_bool(value: Value) -> bool:
    """The forced value, which must be a Boolean."""
    if value is True or value is False:
        return value
    raise_type(value, "a Boolean")


def expect_int(value: Value) -> int:
    """The forced value, which must be an integer."""
    if type(value) is int:
        return value
    raise_type(value, "an integer")


def expect_list(value: Value) -> tuple[Value, ...]:
    """The forced value, which must be a list."""
    if type(value) is tuple:
        return value
    raise_type(value, "a list")


def expect_attrs(value: Value) -> Any:
    """The forced value, which must be a set: a `dict` or a `LazyAttrs`."""
    if type(value) is dict or type(value) is LazyAttrs:
        return value
    raise_type(value, "a set")


def expect_string(value: Value) -> str:
    """The forced value, which must be a string (no coercion)."""
    if type(value) is str or type(value) is ContextStr:
        return value
    raise_type(value, "a string")


def expect_function(value: Value) -> Value:
    """The forced value, which must be callable: a function or a functor."""
    if type(value) is FunctionType or (is_attrs(value) and "__functor" in value):
        return value
    raise_type(value, "a function")
