"""Values as text: `show_value` as `nix-instantiate --eval` prints them, `print_value` as the REPL and traces do."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from osconf.errors import OsconfError
from osconf.lang.runtime import black_hole, force, function_name, function_position, is_derivation, origin_of, run_alias
from osconf.lang.values import LazyAttrs, Path, Value, from_latin, to_latin

KEYWORDS = frozenset(("if", "then", "else", "assert", "with", "let", "in", "rec", "inherit"))
_IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_'-]*\Z")
_SPECIAL = re.compile(r'["\\\n\r\t]|\$(?=\{)')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\$"}
_SMALL_LIST = 2
REPEATED = to_latin("«repeated»")


def format_float(number: float) -> str:
    """A float as the language prints it: six significant digits."""
    if math.isnan(number):
        return "-nan" if math.copysign(1.0, number) < 0 else "nan"
    return f"{number:g}"


def quote_string(text: str) -> str:
    """A string literal that reads back as the same string."""
    if _SPECIAL.search(text) is None:
        return f'"{text}"'
    return f'"{_SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)}"'


def quote_name(name: str) -> str:
    """An attribute's name, in quotes when it would not be read as one without."""
    return name if _IDENTIFIER.match(name) and name not in KEYWORDS else quote_string(name)


def peek(value: Value) -> Value:
    """The value behind a cell when it is known without evaluating anything, else the cell that would give it."""
    while type(value) is list:
        if value[0] is None:
            return value[1]
        if value[0] is not run_alias:
            return value
        value = value[1]
    return value


def show_value(value: Value, *, strict: bool = True) -> str:
    """What `nix-instantiate --eval` prints, as ordinary Python text; not strict: `<CODE>` for what is not evaluated.

    Strict, the value is forced while it is printed.
    """
    parts: list[str] = []
    value = force(value)
    # In Nix the value at hand is a copy, and a list of one or two members lives in the value itself.
    _show([None, value] if type(value) is tuple else value, strict, set(), parts.append)
    return from_latin("".join(parts))


def _show(value: Value, strict: bool, seen: set[int], write: Callable[[str], object]) -> None:
    member = value
    if type(value) is list:
        value = force(value) if strict else peek(value)
        if type(value) is list:
            write("<CODE>")
            return
    kind = type(value)
    if kind is dict or kind is LazyAttrs or kind is tuple:
        # Nix keeps one or two members beside the list's tag: such a list is the same only under the same variable.
        identity = id(origin_of(member) if kind is tuple and len(value) <= _SMALL_LIST else value)
        if len(value) and identity in seen:
            write(REPEATED)
            return
        seen.add(identity)
    if kind is tuple:
        write("[ ")
        for item in value:
            _show(item, strict, seen, write)
            write(" ")
        write("]")
    elif kind is dict or kind is LazyAttrs:
        write("{ ")
        for name in sorted(value):
            write(f"{quote_name(name)} = ")
            _show(value[name], strict, seen, write)
            write("; ")
        write("}")
    elif kind is FunctionType:
        builtin = getattr(value, "primop", None)
        is_application = hasattr(value, "primop_application")
        # Nix writes `derivation` in the language.
        is_primop = builtin is not None and builtin.name != "derivation"
        write("<PRIMOP>" if is_primop else "<PRIMOP-APP>" if is_application else "<LAMBDA>")
    else:
        write(_scalar(value))


def _scalar(value: Value) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return quote_string(str.__str__(value))
    if type(value) is Path:
        return value.text
    return format_float(value) if type(value) is float else str(value)


@dataclass(frozen=True, slots=True)
class PrintOptions:
    """How far and how `print_value` prints."""

    force: bool = False
    derivation_paths: bool = False
    max_depth: int | None = None
    indent: int = 0


def print_value(value: Value, options: PrintOptions = PrintOptions()) -> str:
    """What `builtins.trace` and the REPL print, as bytes in latin-1 like every string of the language."""
    return _Printer(options).render(value)


class _Printer:
    def __init__(self, options: PrintOptions) -> None:
        self.options = options
        self.parts: list[str] = []
        self.seen: set[int] = set()
        self.indentation = ""

    def render(self, value: Value) -> str:
        self.value(value, 0)
        return "".join(self.parts)

    def value(self, value: Value, depth: int) -> None:
        value = peek(value)
        if type(value) is list:
            if not self.options.force:
                running = value[0] is black_hole
                self.parts.append(to_latin("«potential infinite recursion»" if running else "«thunk»"))
                return
            try:
                value = force(value)
            except OsconfError as error:
                self.parts.append(to_latin("«error: ") + to_latin(error.message) + to_latin("»"))
                return
        kind = type(value)
        if kind is tuple:
            self.sequence(value, depth)
        elif kind is dict or kind is LazyAttrs:
            self.attrs(value, depth)
        elif kind is FunctionType:
            self.parts.append(to_latin(_describe_function(value)))
        else:
            self.parts.append(_scalar(value))

    def is_repeated(self, value: Any) -> bool:
        if len(value) and id(value) in self.seen:
            self.parts.append(REPEATED)
            return True
        self.seen.add(id(value))
        return False

    def sequence(self, items: tuple[Value, ...], depth: int) -> None:
        if self.is_repeated(items):
            return
        if self.is_too_deep(depth) and items:
            self.parts.append("[ ... ]")
            return
        spread = self.is_spread(list(items))
        self.parts.append("[")
        outer = self.indentation
        self.indentation += " " * self.options.indent
        for item in items:
            self.space(spread)
            self.value(item, depth + 1)
        self.indentation = outer
        self.space(spread)
        self.parts.append("]")

    def attrs(self, attrs: Any, depth: int) -> None:
        if self.is_repeated(attrs):
            return
        if self.options.force and self.options.derivation_paths and self.derivation(attrs):
            return
        if self.is_too_deep(depth) and len(attrs):
            self.parts.append("{ ... }")
            return
        names = sorted(attrs)
        spread = self.is_spread([attrs[name] for name in names[:2]])
        self.parts.append("{")
        outer = self.indentation
        self.indentation += " " * self.options.indent
        for name in names:
            self.space(spread)
            self.parts.append(f"{quote_name(name)} = ")
            self.value(attrs[name], depth + 1)
            self.parts.append(";")
        self.indentation = outer
        self.space(spread)
        self.parts.append("}")

    def derivation(self, attrs: Any) -> bool:
        try:
            if not is_derivation(attrs):
                return False
            path = force(attrs["drvPath"]) if "drvPath" in attrs else None
        except OsconfError as error:
            self.parts.append(to_latin("«error: ") + to_latin(error.message) + to_latin("»"))
            return True
        shown = to_latin("«derivation")
        self.parts.append(shown + (f" {path!s}" if isinstance(path, str) else "") + to_latin("»"))
        return True

    def is_too_deep(self, depth: int) -> bool:
        return self.options.max_depth is not None and depth >= self.options.max_depth

    def is_spread(self, members: list[Value]) -> bool:
        """Whether a container goes over several lines: more than one member, or one that is itself a container."""
        if not self.options.indent or not members:
            return False
        if len(members) > 1:
            return True
        only = peek(members[0])
        return type(only) in (list, tuple, dict, LazyAttrs)

    def space(self, spread: bool) -> None:
        self.parts.append(f"\n{self.indentation}" if spread else " ")


def _describe_function(function: Value) -> str:
    builtin = getattr(function, "primop", None)
    if builtin is not None:
        return f"«primop {builtin.name}»"
    builtin = getattr(function, "primop_application", None)
    if builtin is not None:
        return f"«partially applied primop {builtin.name}»"
    name, position = function_name(function), function_position(function)
    return f"«lambda{f' {name}' if name else ''}{f' @ {position}' if position else ''}»"
