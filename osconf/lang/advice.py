"""What to do next about a value that does not fit: the hints of type errors."""

from __future__ import annotations

from types import FunctionType

from osconf.lang.kinds import function_args, is_attrs
from osconf.lang.values import Value

_CONVERSIONS = {
    ("an integer", str): "a text is read as a number by builtins.fromJSON",
    ("a float", str): "a text is read as a number by builtins.fromJSON",
    ("a string", int): "toString makes a string of a number",
    ("a string", float): "toString makes a string of a number",
    ("a string", tuple): "builtins.concatStringsSep joins a list of strings",
    ("a list", dict): "builtins.attrValues lists the values of a set, builtins.attrNames its names",
    ("a list", str): "one element is still a list: [ x ]",
    ("a set", tuple): "builtins.listToAttrs makes a set of a list of { name = …; value = …; }",
    ("a Boolean", int): "compare the number: n != 0",
    ("a Boolean", type(None)): "compare it: x != null",
}
_TEXTS_OF_BOOLEANS = {"true", "false", "yes", "no", "on", "off"}


def advise_type(value: Value, wanted: str) -> str | None:
    """How to get what is `wanted` (with its article) from a value of another type."""
    if type(value) is FunctionType and wanted != "a function":
        return advise_call(value)
    if isinstance(value, str):
        if wanted == "a Boolean":
            return "true and false are written without quotes" if str(value) in _TEXTS_OF_BOOLEANS else None
        return _CONVERSIONS.get((wanted, str))
    return _CONVERSIONS.get((wanted, dict if is_attrs(value) else type(value)))


def advise_call(function: FunctionType) -> str:
    """A function stands where its result is wanted."""
    formals = function_args(function)
    if formals is None:
        return "call the function: give it its argument"
    needed = [name for name, has_default in formals.items() if not has_default]
    return f"call the function: it takes a set with {', '.join(needed)}" if needed else "call the function with a set"


def advise_string(value: Value) -> str | None:
    """How to put a value into a string."""
    if type(value) is FunctionType:
        return advise_call(value)
    if type(value) is tuple:
        return 'join its elements: builtins.concatStringsSep " " list'
    if is_attrs(value):
        return "take a member of the set, or give it an `outPath` or a `__toString`"
    return "toString makes a string of it"


def advise_sum(left: Value, right: Value) -> str | None:
    """What to write instead of `left + right`."""
    if is_attrs(left) and is_attrs(right):
        return "sets are merged with //"
    if type(left) is tuple and type(right) is tuple:
        return "lists are joined with ++"
    if type(left) in (int, float) and isinstance(right, str):
        return "text is joined to text: toString makes a string of a number"
    return None
