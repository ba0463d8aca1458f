"""What functions of the module system are given: checks of their arguments, said as for builtins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from osconf.errors import OptionError
from osconf.lang.primops.expect import expect_attrs, expect_list, expect_plain_string
from osconf.lang.runtime import force
from osconf.lang.values import Value

_CHECKS: dict[str, Callable[[Value, str], Any]] = {
    "set": expect_attrs,
    "list": expect_list,
    "string": expect_plain_string,
}


def taking(name: str, kinds: Sequence[str], implementation: Callable[..., Value]) -> Callable[..., Value]:
    """The function `lib.<name>` whose forced arguments are of these kinds; an empty kind is anything."""
    if not any(kinds):
        return implementation
    checks = [(index, _CHECKS[kind]) for index, kind in enumerate(kinds) if kind]
    where = f"the argument of lib.{name}"

    def checked(*arguments: Value) -> Value:
        for index, check in checks:
            check(arguments[index], where)
        return implementation(*arguments)

    return checked


def needed_member(arguments: Value, key: str, name: str) -> Value:
    """What a set of arguments has to hold."""
    try:
        return arguments[key]
    except KeyError:
        raise OptionError(f"lib.{name} needs `{key}' in its argument", code="not-a-type") from None


def given_member(arguments: Value, key: str, name: str, kind: str, default: Value) -> Any:
    """What a set of arguments may hold, evaluated and of a kind."""
    return _CHECKS[kind](force(arguments.get(key, default)), f"`{key}' of the argument of lib.{name}")
