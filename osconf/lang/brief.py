"""A value in a few words, for messages: never forces anything, never long."""

from __future__ import annotations

from types import FunctionType

from osconf.lang.values import LazyAttrs, Path, Value, from_latin

_MAX_TEXT = 60
_MAX_MEMBERS = 4


def show_brief(value: Value, depth: int = 2) -> str:
    """The value shortened: strings cut, at most four members of a list or set, `«thunk»` for what was not evaluated."""
    if type(value) is list:
        if value[0] is not None:
            return "«thunk»"
        value = value[1]
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        text = from_latin(value)
        cut = text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "…"
        return '"' + cut.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("${", "\\${") + '"'
    if isinstance(value, Path):
        return from_latin(value.text)
    if isinstance(value, tuple):
        if not value:
            return "[ ]"
        if depth == 0:
            return "[ … ]"
        shown = [show_brief(member, depth - 1) for member in value[:_MAX_MEMBERS]]
        return f"[ {' '.join(shown)}{' …' if len(value) > _MAX_MEMBERS else ''} ]"
    if isinstance(value, dict):
        if not value:
            return "{ }"
        if depth == 0:
            return "{ … }"
        shown = [f"{from_latin(name)} = {show_brief(value[name], depth - 1)};" for name in sorted(value)[:_MAX_MEMBERS]]
        return f"{{ {' '.join(shown)}{' …' if len(value) > _MAX_MEMBERS else ''} }}"
    if isinstance(value, LazyAttrs):
        return "{ … }"
    if isinstance(value, FunctionType):
        return _show_function(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _show_function(value: FunctionType) -> str:
    from osconf.lang.runtime import function_name, function_position

    builtin = getattr(value, "primop", None)
    if builtin is not None:
        return f"«primop {builtin.name}»"
    builtin = getattr(value, "primop_application", None)
    if builtin is not None:
        return f"«partially applied primop {builtin.name}»"
    name, position = function_name(value), function_position(value)
    return f"«lambda{' ' + name if name else ''}{f' @ {position}' if position else ''}»"
