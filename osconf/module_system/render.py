"""Values as readable text of the language, for reports and the reference; what cannot be evaluated is said so."""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType

from osconf.errors import OsconfError
from osconf.lang.runtime import force, function_args, is_derivation
from osconf.lang.show import format_float, quote_name, quote_string
from osconf.lang.values import LazyAttrs, Path, Value, from_latin
from osconf.module_system.definitions import property_of
from osconf.module_system.types.compound import argument_names

_MAX_MEMBERS = 200
_WIDTH = 72
_PRIORITY_NAMES = {1500: "mkOptionDefault", 1000: "mkDefault", 50: "mkForce", 10: "mkVMOverride"}
_ORDER_NAMES = {500: "mkBefore", 1500: "mkAfter"}


def render_value(value: Value, max_depth: int = 6) -> str:
    """The value, evaluated; short collections on one line, longer ones indented."""
    return from_latin(_render(value, "", max_depth))


def render_text(value: Value) -> str:
    """A `default`, `example` or their text as the reference shows it: literal expressions stay as written."""
    value = force(value)
    if type(value) is dict and "_type" in value and "text" in value:
        return from_latin(str(force(value["text"]))).strip()
    return render_value(value)


def _render(cell: Value, indent: str, depth: int) -> str:
    try:
        value = force(cell)
        if is_derivation(value):
            name = force(value.get("name", "?"))
            return f"<derivation {name}>"
    except OsconfError as error:
        first_line = error.message.split("\n", 1)[0]
        return f"<error: {first_line}>"
    kind = type(value)
    if kind is tuple:
        if depth == 0 and value:
            return "[ ... ]"
        return _join("[", [_render(member, indent + "  ", depth - 1) for member in value[:_MAX_MEMBERS]], "]", indent)
    if kind is dict or kind is LazyAttrs:
        if "__functor" in value and kind is dict:
            return _function(argument_names(value))
        if "_type" in value:
            if "text" in value:
                return str(force(value["text"]))
            kind_of_property = property_of(value)
            if kind_of_property is not None:
                return _property(kind_of_property, value, indent, depth)
        if depth == 0 and value:
            return "{ ... }"
        if kind is LazyAttrs:
            return "{ ... }"
        members = [
            f"{quote_name(name)} = {_render(value[name], indent + '  ', depth - 1)};"
            for name in sorted(value)[:_MAX_MEMBERS]
        ]
        return _join("{", members, "}", indent)
    return _scalar(value, indent)


def _property(kind: str, value: Value, indent: str, depth: int) -> str:
    """`mkIf`, `mkForce` and their kin as they are written."""
    if kind == "merge":
        return f"mkMerge {_render(value['contents'], indent, depth)}"
    content = _render(value["value"] if kind == "definition" else value["content"], indent, depth)
    if kind == "definition":
        return content
    if kind == "if":
        return f"mkIf {_render(value['condition'], indent, depth)} {content}"
    priority = force(value["priority"])
    names = _PRIORITY_NAMES if kind == "override" else _ORDER_NAMES
    return f"{names.get(priority, f'mk{kind.title()} {priority}')} {content}"


def _scalar(value: Value, indent: str) -> str:
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(str(value), indent)
    if isinstance(value, Path):
        return value.text
    if isinstance(value, FunctionType):
        return _function(function_args(value) or {})
    return format_float(value) if isinstance(value, float) else str(value)


def _function(arguments: Iterable[str]) -> str:
    names = ", ".join(sorted(arguments))
    return f"<function of {{ {names} }}>" if names else "<function>"


def _text(text: str, indent: str) -> str:
    if "\n" not in text.rstrip("\n") or "''" in text:
        return quote_string(text)
    inner = indent + "  "
    lines = [inner + line if line else "" for line in text.replace("${", "''${").split("\n")]
    return "''\n" + "\n".join(lines[:-1] if not lines[-1] else lines) + f"\n{indent}''"


def _join(start: str, members: list[str], end: str, indent: str) -> str:
    if not members:
        return f"{start} {end}"
    line = f"{start} {' '.join(members)} {end}"
    if len(line) + len(indent) <= _WIDTH and "\n" not in line:
        return line
    return "\n".join([start, *[f"{indent}  {member}" for member in members], f"{indent}{end}"])
