"""What the command line asks of a value: the member at `-A a.b.0`, `--arg`s for the functions on the way, derivations.

The rules are those of `nix-instantiate`: a function on the way is called, the value that is selected is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import FunctionType

from osconf.errors import EvalError
from osconf.lang.brief import show_brief
from osconf.lang.kinds import function_pattern, function_position, is_attrs, show_type
from osconf.lang.mistakes import described, expect_bool
from osconf.lang.selection import is_derivation
from osconf.lang.suggest import did_you_mean, list_names
from osconf.lang.thunks import call, force
from osconf.lang.values import LazyAttrs, Value, to_latin

# Members of a set under other names are not looked at.
_ATTRIBUTE = re.compile(r"[A-Za-z_][A-Za-z0-9_+-]*\Z")


def split_attr_path(path: str) -> list[str]:
    """The names of `a.b."c.d"`; an empty one at the end does not count."""
    names: list[str] = []
    current, is_quoted = "", False
    for character in path:
        if character == '"':
            is_quoted = not is_quoted
        elif character == "." and not is_quoted:
            names.append(current)
            current = ""
        else:
            current += character
    if is_quoted:
        raise EvalError(f"missing closing quote in selection path '{path}'", code="bad-attribute-path")
    return [*names, current] if current else names


def auto_call(value: Value, arguments: Mapping[str, Value]) -> Value:
    """The forced value; a function with a pattern is called with those of `arguments` that it takes."""
    value = force(value)
    while is_attrs(value) and "__functor" in value:
        value = call(value["__functor"], value)
    pattern = function_pattern(value) if type(value) is FunctionType else None
    if pattern is None or pattern.formals is None:
        return value
    given = dict(arguments) if pattern.is_open else {}
    for name, has_default in pattern.formals.items():
        if name in arguments:
            given[name] = arguments[name]
        elif not has_default:
            raise EvalError(
                f"cannot evaluate a function that has an argument without a value ('{name}')",
                code="missing-argument",
                position=function_position(value),
                hint=f"give it with --arg {name} EXPRESSION or --argstr {name} TEXT",
            )
    return call(value, given)


def select_path(value: Value, path: str, arguments: Mapping[str, Value]) -> Value:
    """The forced member at a dotted path: names (quoted ones too) of sets, indexes of lists."""
    for name in split_attr_path(path):
        value = auto_call(value, arguments)
        if name.isascii() and name.isdigit():
            value = force(_at_index(value, name, path))
        elif not is_attrs(value):
            raise _not_a(value, "set", path)
        elif not name:
            raise EvalError(f"empty attribute name in selection path '{path}'", code="bad-attribute-path")
        elif to_latin(name) not in value:
            raise EvalError(
                f"attribute '{name}' in selection path '{path}' not found",
                code="missing-attribute",
                hint=did_you_mean(to_latin(name), value) or list_names(value),
            )
        else:
            value = force(value[to_latin(name)])
    return force(value)


def _at_index(value: Value, name: str, path: str) -> Value:
    if type(value) is LazyAttrs and name in value:
        # A package may be named like a number.
        return value[name]
    if type(value) is not tuple:
        raise _not_a(value, "list", path)
    if int(name) >= len(value):
        raise EvalError(
            f"list index {name} in selection path '{path}' is out of range",
            code="missing-attribute",
            hint=f"the list has {len(value)} members" if len(value) != 1 else "the list has one member",
        )
    return value[int(name)]


def _not_a(value: Value, wanted: str, path: str) -> EvalError:
    return EvalError(
        f"the expression selected by the selection path '{path}' should be a {wanted} but is {show_type(value)}\n"
        f"the value is {show_brief(value)}",
        code="wrong-type",
    )


def collect_derivations(value: Value, arguments: Mapping[str, Value]) -> list[Value]:
    """The derivations that a value is or consists of, each once: the members of lists, and of a set.

    Sets inside are entered only when they say `recurseForDerivations = true`.
    """
    found: list[Value] = []
    _collect(value, arguments, set(), found)
    return found


def _collect(value: Value, arguments: Mapping[str, Value], seen: set[int], found: list[Value]) -> None:
    value = auto_call(value, arguments)
    if _take_derivation(value, seen, found):
        return
    if type(value) is tuple:
        for member in value:
            if not _take_derivation(force(member), seen, found):
                _collect(member, arguments, seen, found)
    elif not is_attrs(value):
        raise EvalError(
            f"expression does not evaluate to a derivation (or a set or list of those)\nit is {described(value)}",
            code="not-a-derivation",
            hint="select one with -A, such as -A system",
        )
    elif id(value) not in seen:
        seen.add(id(value))
        for name in sorted(value):
            if not _ATTRIBUTE.match(name):
                continue
            member = force(value[name])
            if _take_derivation(member, seen, found) or not is_attrs(member):
                continue
            if "recurseForDerivations" in member and expect_bool(force(member["recurseForDerivations"])):
                _collect(member, arguments, seen, found)


def _take_derivation(value: Value, seen: set[int], found: list[Value]) -> bool:
    if not is_derivation(value):
        return False
    if id(value) not in seen:
        seen.add(id(value))
        found.append(value)
    return True
