"""Strings and paths: coercion, contexts, joining."""

from __future__ import annotations

import posixpath

from osconf.errors import EvalError
from osconf.lang.kinds import UNSET
from osconf.lang.mistakes import described
from osconf.lang.thunks import call, current_evaluator, force
from osconf.lang.values import ContextStr, LazyAttrs, Path, Value, context_of, with_context


def coerce_to_string(value: Value, *, copy_to_store: bool = False, more: bool = False) -> str:
    """The string of a value (forced or not): strings, paths, sets with `__toString` or `outPath`.

    `copy_to_store` puts a path into the store and gives its store path, as interpolation does; `more` takes numbers,
    Booleans, null and lists too, as `toString` does.
    """
    if type(value) is list:
        value = value[1] if value[0] is None else value[0](value)
    kind = type(value)
    if kind is str or kind is ContextStr:
        return value  # type: ignore[no-any-return]
    if kind is Path:
        return current_evaluator().copy_path_to_store(value) if copy_to_store else value.text
    if kind is dict or kind is LazyAttrs:
        to_string = value.get("__toString")
        if to_string is not None:
            return coerce_to_string(call(to_string, value), copy_to_store=copy_to_store, more=more)
        out_path = value.get("outPath", UNSET)
        if out_path is not UNSET:
            return coerce_to_string(out_path, copy_to_store=copy_to_store, more=more)
    elif more:
        if value is True:
            return "1"
        if value is False or value is None:
            return ""
        if kind is int:
            return str(value)
        if kind is float:
            return f"{value:f}"
        if kind is tuple:
            return _coerce_list(value, copy_to_store)
    raise not_a_string(value)


def not_a_string(value: Value) -> EvalError:
    """The error of a value that stands where a string is needed."""
    from osconf.lang.advice import advise_string

    what, _, shown = described(value).partition(": ")
    return EvalError(
        f"cannot coerce {what} to a string{shown and f': {shown}'}", code="not-a-string", hint=advise_string(value)
    )


def _coerce_list(members: tuple[Value, ...], copy_to_store: bool) -> str:
    parts: list[str] = []
    last = len(members) - 1
    for i, member in enumerate(members):
        member = force(member)
        parts.append(coerce_to_string(member, copy_to_store=copy_to_store, more=True))
        if i < last and member != ():
            parts.append(" ")
    return concat_strings(parts)


def concat_strings(parts: list[str] | tuple[str, ...]) -> str:
    """Join strings and their contexts."""
    text = "".join(parts)
    context: frozenset[str] | None = None
    for part in parts:
        if type(part) is ContextStr:
            context = part.context if context is None else context | part.context
    return text if context is None else with_context(text, context)


def interpolate(*parts: Value) -> str:
    """A string with interpolated values (forced): paths are copied to the store."""
    return concat_strings([coerce_to_string(part, copy_to_store=True) for part in parts])


def join_path(base: str, *parts: Value) -> Path:
    """A path followed by strings or paths."""
    pieces = [base]
    for part in parts:
        text = coerce_to_string(part)
        if context_of(text):
            raise EvalError("a string that refers to a store path cannot be appended to a path", code="context-in-path")
        pieces.append(text)
    return Path(canonical_path("".join(pieces)))


def canonical_path(text: str) -> str:
    """Without `.`, `..` and doubled slashes; absolute."""
    path = posixpath.normpath(text)
    return path[1:] if path.startswith("//") else path


def home_path(rest: str) -> str:
    """The path that `~/rest` is."""
    if current_evaluator().settings.pure:
        raise EvalError(f"the path '~{rest}' can not be resolved in pure mode", code="impure")
    return current_evaluator().world.env("HOME") + rest


def find_file(name: str) -> Path:
    """The path that `<name>` is."""
    return current_evaluator().find_file(name)
