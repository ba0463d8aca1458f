"""The whole of a translation: a tree becomes the Python functions of a module and what belongs to them, bit by bit."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from osconf.lang.compile import bindings, calls, expressions, functions, operators
from osconf.lang.compile.generator import Generator
from osconf.lang.compile.outline import MOULDS, make_mould, outline_of
from osconf.lang.compile.parts import FunctionTable, Part, Text
from osconf.lang.nodes import Node
from osconf.lang.shapes import find_shape
from osconf.lang.source import Source

WRITERS = (bindings, calls, expressions, functions, operators)
"""The modules that register what writes each kind of node."""

_INDENTS = tuple(" " * n for n in range(101))


class Translation:
    """A tree on its way to Python.

    The names of the functions depend on the text alone, not on the order they are asked for: what one process has saved
    another one can go on with.
    """

    def __init__(
        self,
        tree: Node,
        source: Source,
        primops: dict[str, str],
        global_names: dict[str, str],
        scope_names: Collection[str] = (),
        *,
        is_lazy: bool = False,
        is_exact: bool = False,
    ) -> None:
        self._generator = Generator(source, primops, global_names, scope_names, is_lazy=is_lazy, is_exact=is_exact)
        self._tree: Node | None = tree
        self._written: set[str] = set()

    def write(self, name: str) -> Iterator[Part]:
        """Write `main` or a delayed thunk, and before it the thunks around it that were not written yet."""
        if name in self._written:
            return
        if name != "main":
            yield from self.write(name.rpartition("_")[0] or "main")
        self._written.add(name)
        yield self._write_main() if name == "main" else self._write_delayed(name)

    def write_all(self) -> Iterator[Part]:
        """Write everything that was not written yet."""
        yield from self.write("main")
        while self._generator.delayed:
            yield from self.write(next(iter(self._generator.delayed)))

    def _write_main(self) -> Part:
        generator, tree = self._generator, self._tree
        assert tree is not None
        self._tree = None
        generator.tail(tree, None)
        generator.top.append(("main", 0, [(0, "def main():", tree.at), *generator.buffer.lines]))
        generator.buffer.lines = []
        return self._part()

    def _write_delayed(self, name: str) -> Part:
        generator = self._generator
        outline = None if generator.is_exact else outline_of(generator, name)
        mould = None if outline is None else MOULDS.get(outline.key)
        if outline is not None and mould is not None:
            return mould.cast(generator, name, outline)
        thunk = generator.delayed[name]
        generator.begin_part()
        generator.write_delayed(name)
        part = self._part()
        if outline is not None and outline.key not in MOULDS:
            text = part.texts[name]
            part.texts[name] = text._replace(shaped=find_shape(text.python))
            MOULDS[outline.key] = make_mould(generator, name, thunk, outline, part)
        return part

    def _part(self) -> Part:
        generator = self._generator
        texts = {}
        for name, parameters, lines in generator.top:
            python = "\n".join([_INDENTS[indent] + line for indent, line, _ in lines]) + "\n"
            texts[name] = Text(parameters, python, [at for _, _, at in lines])
        functions: FunctionTable = {name: tuple(pattern) for name, pattern in generator.functions.items()}
        return Part(texts, generator.met, generator.spots, generator.constants, functions)
