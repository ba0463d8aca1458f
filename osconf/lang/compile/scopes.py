"""What a name means at a place of the text, and the Python function that is being written there."""

from __future__ import annotations

import re
from typing import NamedTuple

from osconf.lang.nodes import Node

Code = tuple[str, str | None]
"""A Python expression for a forced value, and its type when that is sure (`int str bool list attrs function …`)."""

Line = tuple[int, str, int]
"""Indentation, text, offset in the source."""

_SPECIAL = re.compile("[^a-zA-Z0-9_]")


class Binding:
    """A variable of the language and the Python variable that holds it."""

    __slots__ = ("arity", "builtin", "constant", "forced", "inside", "is_global", "owner", "python", "strict")

    def __init__(self, python: str, owner: Buffer | None, *, forced: bool = False) -> None:
        self.python = python
        self.owner = owner
        self.forced = forced
        self.builtin: str | None = None
        self.constant: Code | None = None
        self.arity = 0
        """Parameters of the Python function it is known to hold; 0 when that is not known."""
        self.strict: tuple[int, ...] = ()
        """Parameters that the known function forces at once, in that order."""
        self.is_global = False
        self.inside: Buffer | None = None
        """The function itself, when the binding is its name: it can call itself by it."""


class Scope:
    """One level of names: lexical ones, or the set of a `with`."""

    __slots__ = ("names", "outer", "with_binding")

    def __init__(
        self, outer: Scope | None, names: dict[str, Binding] | None = None, with_binding: Binding | None = None
    ) -> None:
        self.outer = outer
        self.names = names if names is not None else {}
        self.with_binding = with_binding


class Buffer:
    """A Python function under construction."""

    __slots__ = ("base", "captures", "indent", "is_closed", "is_thunk", "known", "lines", "name", "parent")

    def __init__(self, name: str, parent: Buffer | None, *, is_thunk: bool) -> None:
        self.name = name
        self.parent = parent
        self.is_thunk = is_thunk
        self.lines: list[Line] = []
        self.indent = 1
        self.base: int = 0 if is_thunk or parent is None else parent.base + parent.indent
        """Levels of indentation that the function itself may end up with; Python allows 100."""
        self.captures: dict[Binding, None] = {}
        """What a thunk takes along in its cell, in order."""
        self.known: dict[Binding, tuple[str, bool]] = {}
        """Bindings with their name here and whether they are surely forced at this point of the code."""
        self.is_closed = True
        """A function without free variables can live at the top of the module."""


class Delayed(NamedTuple):
    """A thunk whose code is not written yet: what it captures is known, and that is all its makers need."""

    node: Node
    scope: Scope | None
    buffer: Buffer
    has_spot: bool
    met_at: int
    """The generator's number when it was met; those of its own variables come after."""


def python_name(prefix: str, number: int, name: str) -> str:
    """A Python variable that still tells which variable of the language it is."""
    return f"{prefix}{number}_{name if name.isascii() and name.isidentifier() else _SPECIAL.sub('_', name)}"
