"""Values as data of JSON, for programs that ask what an option is set to.

What JSON cannot hold (a package, a function, what cannot be evaluated) stands there as its text in the language.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from osconf.errors import OsconfError
from osconf.lang.runtime import force, is_derivation, is_string
from osconf.lang.values import Path, Value, from_latin
from osconf.module_system.render import render_text, render_value

_MAX_DEPTH = 40
# Sets with these are not data: definitions with priorities, texts of the language, functions.
_NO_DATA = frozenset(("_type", "__functor"))


@dataclass(frozen=True, slots=True)
class Data:
    """A value for JSON; `has_texts` says that it, or something in it, is only its text in the language."""

    value: Any
    has_texts: bool


def to_data(value: Value) -> Data:
    """The data that a value is, evaluated."""
    converter = _Converter()
    return Data(converter.convert(value, _MAX_DEPTH), converter.has_texts)


class _Converter:
    def __init__(self) -> None:
        self.has_texts = False

    def convert(self, cell: Value, depth: int) -> Any:
        try:
            value = force(cell)
            if value is None or value is True or value is False or type(value) is int:
                return value
            if type(value) is float and math.isfinite(value):
                return value
            if is_string(value):
                return from_latin(str(value))
            if type(value) is Path:
                return from_latin(value.text)
            if type(value) is tuple and depth:
                return [self.convert(member, depth - 1) for member in value]
            if type(value) is dict and depth and value.keys().isdisjoint(_NO_DATA) and not is_derivation(value):
                return {from_latin(name): self.convert(value[name], depth - 1) for name in sorted(value)}
            text = render_text(value)
        except (OsconfError, RecursionError):
            text = render_value(cell)
        self.has_texts = True
        return text
