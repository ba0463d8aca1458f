"""Modules that are read when something of them is needed.

Where the outline of a module's file is known, the module is made of that: its names are there, and what stands behind
each is a cell that reads the file. What it sets is under a condition on one of its own options; as long as nobody sets
that option the condition is false, as it would be had the file been read. So the rest of the engine sees an ordinary
module, and one that is never enabled costs a few cells.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import osconf
from osconf.lang.runtime import black_hole, call, force, is_attrs, is_function
from osconf.lang.source import Spot, UnreadSource
from osconf.lang.values import Thunk, Value
from osconf.module_system.outline import OPTION, Tree
from osconf.module_system.types.base import to_type
from osconf.module_system.types.containers import AttrsOf, ListOf
from osconf.module_system.types.scalars import Bool

if TYPE_CHECKING:
    from osconf.module_system.evaluation import Evaluation

_LIBRARY = f"{Path(osconf.__file__).resolve().parent.parent}/lib/"
_OUTLINED = ("mkIf", "mkMerge", "mkOption", "mkEnableOption")
_OPTIONS, _META = "options", "meta"
_Start = str | int
"""Where in the module something is: its options, its `meta`, or the part of `config` with that number."""
Folded = tuple[tuple[str, ...], bytes]
"""A set that is written out: its names, and the tree of it, which nobody may ever need, packed."""
Surface = dict[str, tuple[int, "Folded | str | None"]]
"""A `Tree` with the sets in it folded."""


class Sketch(NamedTuple):
    """An outline as it is kept: only the outermost names are unpacked."""

    options: Surface
    parts: tuple[tuple[tuple[str, ...], Surface], ...]
    is_merge: bool
    meta: Surface | None
    closed: tuple[tuple[str, ...], ...]


def fold_tree(tree: Tree) -> Surface:
    """A tree with the sets in it folded."""
    surface: Surface = {}
    for name, (offset, inner) in tree.items():
        if isinstance(inner, dict):
            surface[name] = (offset, (tuple(inner), marshal.dumps(fold_tree(inner))))
        else:
            surface[name] = (offset, inner)
    return surface


class Deferred:
    """A module file that may have to be read; `read` gives the set that it is."""

    __slots__ = ("_content", "evaluation", "read", "sketch", "source")

    def __init__(self, evaluation: Evaluation, file: str, sketch: Sketch, read: Callable[[], Value]) -> None:
        self.evaluation = evaluation
        self.sketch = sketch
        self.read = read
        self.source = UnreadSource(file)
        self._content: Value = None

    def options(self) -> dict[str, Value]:
        """What it declares."""
        return self.grow(self.sketch.options, _OPTIONS, ())

    def config(self) -> list[Value]:
        """What it sets."""
        parts: list[Value] = [
            {
                "_type": "if",
                "condition": [_run_condition, (self, number), None],
                "content": self.grow(surface, number, ()),
            }
            for number, (_, surface) in enumerate(self.sketch.parts)
        ]
        if self.sketch.meta is not None:
            parts.append({"meta": self.grow(self.sketch.meta, _META, ())})
        return parts

    def grow(self, surface: Surface, start: _Start, path: tuple[str, ...]) -> dict[str, Value]:
        """The set at a path as the text tells it: what is in it is read when it is needed."""
        source = self.source
        home = _Home(self, start, path)
        members: dict[str, Value] = {}
        for name, (offset, inner) in surface.items():
            if type(inner) is tuple:
                members[name] = [_run_branch, (self, start, (*path, name), inner), Spot(source, offset)]
            else:
                run = run_declaration if inner == OPTION else _run_member
                members[name] = [run, (home, name), Spot(source, offset)]
        return members

    @property
    def is_read(self) -> bool:
        """Whether the file was read after all."""
        return self._content is not None

    def content(self) -> Value:
        """The set that the file gives, read now if it was not."""
        if self._content is None:
            self._content = self.read()
        return self._content

    def part(self, number: int) -> Value:
        """One `mkIf` of the real module."""
        config = force(self.content()["config"])
        return force(force(config["contents"])[number]) if self.sketch.is_merge else config

    def find(self, start: _Start, path: tuple[str, ...]) -> Value:
        """The real set at a path of the module."""
        value = self.part(start)["content"] if isinstance(start, int) else self.content()[start]
        for name in path:
            value = force(value)[name]
        return force(value)

    def is_off(self, switch: tuple[str, ...]) -> bool:
        """Whether an option that it alone declares, and that is off by default, is set nowhere."""
        level = self.evaluation.root
        for name in switch[:-1]:
            if level.is_dormant(name):
                return True  # unread modules set what they declare there, and none sets its own switch
            below = level.level_below(name)
            if below is None:
                return False
            level = below
        declared = level.declarations(switch[-1])
        cell = declared[0][1] if len(declared) == 1 else None
        is_own = type(cell) is list and cell[0] is run_declaration and cell[1][0].module is self
        return is_own and switch[-1] not in level.definitions()


def _deferred_behind(cell: Value) -> Deferred | None:
    """The module whose set of options (or of definitions) a cell is, while nobody needed what is in it."""
    return cell[1][0] if type(cell) is list and cell[0] is _run_branch else None


def are_closed(declarations: list[tuple[str, Value]], definitions: list[Any]) -> bool:
    """Whether a set of options belongs to unread modules, each with names of its own that it alone defines."""
    names: set[str] = set()
    for _, cell in declarations:
        module = _deferred_behind(cell)
        if module is None or cell[1][2] not in module.sketch.closed:
            return False
        before = len(names)
        own = cell[1][3][0]
        names.update(own)
        if len(names) != before + len(own):
            return False
    owners = {id(cell[1][0]) for _, cell in declarations}
    return all([id(_deferred_behind(value)) in owners for _, _, value, _ in definitions])


def _run_branch(cell: Thunk) -> Value:
    """Body of `[_run_branch, (deferred, start, path, folded), spot]`: a set that is written out."""
    deferred, start, path, (_, packed) = cell[1]
    cell[1] = value = (
        deferred.find(start, path) if deferred.is_read else deferred.grow(marshal.loads(packed), start, path)
    )
    cell[0] = None
    return value


class _Home:
    """A set that was grown: where the real one is."""

    __slots__ = ("module", "path", "real", "start")

    def __init__(self, module: Deferred, start: _Start, path: tuple[str, ...]) -> None:
        self.module = module
        self.start = start
        self.path = path
        self.real: Value = None


def _run_member(cell: Thunk) -> Value:
    """Body of `[_run_member, (home, name), spot]`: what the file says there."""
    return _read(cell, _run_member)


def run_declaration(cell: Thunk) -> Value:
    """Body of `[run_declaration, (home, name), spot]`: what surely declares an option."""
    return _read(cell, run_declaration)


def _read(cell: Thunk, run: Callable[[Thunk], Any]) -> Value:
    _, captured, _ = cell
    home, name = captured
    cell[0] = black_hole
    try:
        if home.real is None:
            home.real = home.module.find(home.start, home.path)
        value = home.real[name]
        if type(value) is list:
            value = value[1] if value[0] is None else value[0](value)
    except BaseException:
        cell[0] = run
        raise
    cell[1] = value
    cell[0] = None
    return value


def _run_condition(cell: Thunk) -> Value:
    """Body of `[_run_condition, (deferred, number), None]`: whether a part of the module counts."""
    _, captured, _ = cell
    deferred, number = captured
    cell[0] = black_hole
    try:
        value: Value = False
        if not deferred.is_off(deferred.sketch.parts[number][0]):
            value = force(deferred.part(number)["condition"])
    except BaseException:
        cell[0] = _run_condition
        raise
    cell[1] = value
    cell[0] = None
    return value


def is_own_library(library: Value) -> bool:
    """Whether the functions that outlines know are those of osconf's own library."""
    library = force(library)
    if not is_attrs(library) or not all([name in library for name in _OUTLINED]):
        return False
    functions = [force(library[name]) for name in _OUTLINED]
    sources = [f.__globals__.get("SOURCE") if is_function(f) else None for f in functions]
    if not all([source is not None and source.label.startswith(_LIBRARY) for source in sources]):
        return False
    types = force(library["types"])
    named = (types["bool"], call(types["attrsOf"], types["bool"]), call(types["listOf"], types["bool"]))
    return [type(to_type(value)) for value in named] == [Bool, AttrsOf, ListOf]
