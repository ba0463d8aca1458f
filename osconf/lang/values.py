"""The values of the language, as Python sees them.

| language        | Python                                                              |
|-----------------|---------------------------------------------------------------------|
| int float       | `int` `float` (test `type(x) is int`: True == 1)                    |
| bool null       | `bool` `None`                                                       |
| string          | `str` whose characters are bytes (latin-1); `ContextStr` with context |
| path            | `Path`                                                              |
| list            | `tuple` of values or thunks                                         |
| attribute set   | `dict` from `str` to value or thunk, or a `LazyAttrs`               |
| function        | a Python function of one argument (or more: saturated calls)        |
| thunk           | `list`: `[code, captured…]` pending, `[None, value]` done           |

A thunk is never nested: forcing gives a value in weak head normal form. This module owns the data; `runtime` owns what
is done with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Value = Any
Thunk = list[Any]


class ContextStr(str):
    """A string that refers to store paths: `context` holds elements in Nix's encoding.

    `/osconf/store/…-name` is a path, `!out!/osconf/store/….drv` an output, `=/osconf/store/….drv` a derivation with
    everything it needs.
    """

    __slots__ = ("context",)
    context: frozenset[str]


def with_context(text: str, context: Iterable[str]) -> str:
    """Give `text` the context; a plain `str` when it is empty."""
    context = frozenset(context)
    if not context:
        return str(text)
    result = ContextStr(text)
    result.context = context
    return result


def context_of(text: str) -> frozenset[str]:
    """The context of a string value; empty for a plain one."""
    return text.context if type(text) is ContextStr else frozenset()


class Path:
    """A path value: an absolute, canonical path as text (bytes as latin-1)."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return type(other) is Path and self.text == other.text

    def __hash__(self) -> int:
        return hash(("path", self.text))

    def __repr__(self) -> str:
        return f"Path({self.text!r})"


class LazyAttrs:
    """An attribute set whose members are made when they are asked for: the package set.

    `names()` lists every member (costly, for `attrNames`); `lookup(name)` gives a value or thunk, or raises KeyError.
    A member is made once. `{ } // lazy` and `lazy // { }` stay lazy. `near(name)` gives names that a mistyped one may
    have meant.
    """

    __slots__ = ("_cache", "_lookup", "_names", "near")

    def __init__(
        self,
        names: Callable[[], Iterable[str]],
        lookup: Callable[[str], Value],
        near: Callable[[str], list[str]] | None = None,
    ) -> None:
        self._names = names
        self._lookup = lookup
        self.near = near
        self._cache: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        try:
            return self._cache[name]
        except KeyError:
            value = self._cache[name] = self._lookup(name)
            return value

    def __contains__(self, name: object) -> bool:
        try:
            self[name]  # type: ignore[index]
        except KeyError:
            return False
        return True

    def get(self, name: str, default: Value = None) -> Value:
        try:
            return self[name]
        except KeyError:
            return default

    def names(self) -> list[str]:
        """Every attribute name, sorted."""
        return sorted(self._names())

    keys = names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def items(self) -> Iterator[tuple[str, Value]]:
        return ((name, self[name]) for name in self.names())


def to_latin(text: str) -> str:
    """From ordinary Python text to the language's byte string."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def from_latin(text: str) -> str:
    """From the language's byte string to ordinary Python text, at the edges (files, terminals, JSON)."""
    return str(text) if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")
