"""The whole of a compilation: a tree becomes the Python functions of a module and what belongs to them."""

from __future__ import annotations

from array import array
from collections.abc import Collection
from typing import NamedTuple

from osconf.lang.compile import bindings, calls, expressions, functions, operators
from osconf.lang.compile.generator import Constant, Generator
from osconf.lang.compile.scopes import Line
from osconf.lang.nodes import Node
from osconf.lang.source import Source

WRITERS = (bindings, calls, expressions, functions, operators)
"""The modules that register what writes each kind of node."""

FunctionTable = dict[str, tuple[object, ...]]


class Unit(NamedTuple):
    """What compiling a text gives; plain values only, fit for marshal."""

    texts: dict[str, tuple[int, int, str]]
    """Function -> (its first line, number of parameters, Python text). `main` gives the value."""
    line_table: bytes
    """An array of unsigned integers: the offset in the source for each line of all texts one after the other."""
    spots: bytes
    """Offsets of attributes, as an array: the module's variable `p7` is the Spot of the seventh."""
    constants: dict[str, Constant]
    """Variables of the module that are made from data."""
    functions: FunctionTable
    """Python name -> how the function was written, a `kinds.Pattern` as a tuple."""


def generate_module(
    tree: Node,
    source: Source,
    base_dir: str,
    primops: dict[str, str],
    global_names: dict[str, str],
    scope_names: Collection[str] = (),
) -> Unit:
    """Write the functions of a tree."""
    generator = Generator(source, base_dir, primops, global_names, scope_names)
    generator.tail(tree, None)
    main: list[Line] = [(0, "def main():", tree.at), *generator.buffer.lines]
    texts: dict[str, tuple[int, int, str]] = {}
    offsets = array("I")
    for name, parameters, lines in (*generator.top, ("main", 0, main)):
        text = "\n".join([" " * indent + line for indent, line, _ in lines]) + "\n"
        texts[name] = (len(offsets) + 1, parameters, text)
        offsets.extend([at for _, _, at in lines])
    spots = array("I", generator.spots).tobytes()
    return Unit(
        texts, offsets.tobytes(), spots, generator.constants, {n: tuple(p) for n, p in generator.functions.items()}
    )
