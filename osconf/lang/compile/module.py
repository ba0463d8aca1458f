"""The whole of a compilation: a tree becomes the Python text of a module and what belongs to it."""

from __future__ import annotations

from array import array
from collections.abc import Collection
from typing import NamedTuple

from osconf.lang.compile import bindings, calls, expressions, functions, operators
from osconf.lang.compile.generator import Generator
from osconf.lang.nodes import Node
from osconf.lang.source import Source

WRITERS = (bindings, calls, expressions, functions, operators)
"""The modules that register what writes each kind of node."""

VERSION = 1
"""Part of the key of cached code: count up when generated code or the runtime's names change."""

FunctionTable = dict[str, tuple[int, dict[str, bool] | None, str | None]]


class Unit(NamedTuple):
    """What compiling a text gives."""

    python: str
    line_table: array[int]
    """Offset in the source for each line of `python`."""
    spots: array[int]
    """Offsets of attributes; the module's variable `p7` is the Spot of `spots[7]`."""
    functions: FunctionTable
    """Python name -> (offset, names and defaults of the pattern, name it is bound to)."""


def generate_module(
    tree: Node,
    source: Source,
    base_dir: str,
    primops: dict[str, str],
    global_names: dict[str, str],
    scope_names: Collection[str] = (),
) -> Unit:
    """Write the module of a tree: a function `main()` that gives the value."""
    generator = Generator(source, base_dir, primops, global_names, scope_names)
    generator.tail(tree, None)
    lines: list[str] = list(generator.constants)
    offsets = array("I", bytes(4 * len(lines)))
    main = [(0, "def main():", tree.at), *generator.buffer.lines]
    for block in (*generator.top, main):
        for indent, text, at in block:
            lines.append(" " * indent + text)
            offsets.append(at)
    return Unit("\n".join(lines) + "\n", offsets, array("I", generator.spots), generator.functions)
