"""Compiled texts at work: a module of Python functions, each made from its Python text when it is first called.

Most functions of a library are never called, and compiling Python is the most expensive step; so every function begins
as a stub that compiles its own code, puts it in its place and goes on. What was compiled can be saved with the rest:
the next process has those functions ready at once; the texts of all others stay packed until one of them is called.
"""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from osconf.lang.runtime import UNSET
from osconf.lang.source import Source, Spot
from osconf.lang.values import Path, Value

if TYPE_CHECKING:
    from osconf.lang.compile.module import Unit


def _thunk_stub(t: Any) -> Any:
    return complete(t[0].__name__)(t)  # type: ignore[name-defined] # noqa: F821 - a variable of each module


def _stub_of_one(a: Any, *, name: str = "") -> Any:
    return complete(name)(a)  # type: ignore[name-defined] # noqa: F821


def _stub_of_two(a: Any, b: Any = UNSET, *, name: str = "") -> Any:
    return complete(name)(a, b)  # type: ignore[name-defined] # noqa: F821


def _stub_of_three(a: Any, b: Any = UNSET, c: Any = UNSET, *, name: str = "") -> Any:
    return complete(name)(a, b, c)  # type: ignore[name-defined] # noqa: F821


def _stub_of_four(a: Any, b: Any = UNSET, c: Any = UNSET, d: Any = UNSET, *, name: str = "") -> Any:
    return complete(name)(a, b, c, d)  # type: ignore[name-defined] # noqa: F821


_DEFAULTS: tuple[tuple[Any, ...] | None, ...] = (None, None, (UNSET,), (UNSET,) * 2, (UNSET,) * 3)
"""By number of parameters: what those are that have not come yet."""
_STUBS = tuple(stub.__code__ for stub in (_stub_of_one, _stub_of_two, _stub_of_three, _stub_of_four))
_THUNK_STUB = _thunk_stub.__code__

Saved = tuple[Any, ...]
"""What the cache keeps of a text: the code objects of the functions that were called, the names of the others with
their numbers of parameters, and what the compiler gave: the texts of the others (packed when they come from the cache),
the line table, the spots, the constants and the function table."""

_SPOT_NAMES: list[str] = []


def save_unit(unit: Unit) -> Saved:
    """A text that was just compiled: none of its functions was called yet."""
    return ((), {name: parameters for name, (_, parameters, _) in unit.texts.items()}, *unit)


class Module:
    """One compiled text in one evaluation.

    `runtime` is what the functions take for Python's builtins: a variable that is none of the text's own.
    """

    def __init__(
        self, saved: Saved, source: Source, runtime: Mapping[str, Any], scope: Mapping[str, Value] | None
    ) -> None:
        self._codes: tuple[CodeType, ...]
        self._codes, self._others, self._texts, *rest = saved
        self._rest = rest
        line_table, offsets, constants, functions = rest
        self._called: list[CodeType] = []
        self.source = source
        source.line_table = array("I", line_table)
        namespace = self.namespace = {
            "__builtins__": runtime,
            "FUNCTIONS": functions,
            "SOURCE": source,
            "complete": self.complete,
        }
        if scope is not None:
            namespace["SCOPE"] = scope
        spots = [Spot(source, offset) for offset in array("I", offsets)]
        namespace.update(zip(_spot_names(len(spots)), spots, strict=False))
        for name, (kind, content, spot) in constants.items():
            if kind == "cell":
                namespace[name] = [None, content, spots[spot]]
            else:
                namespace[name] = Path(content) if kind == "path" else frozenset(content)
        for code in self._codes:
            name = code.co_name
            namespace[name] = FunctionType(code, namespace, name, _DEFAULTS[code.co_argcount])
        for name, parameters in self._others.items():
            if name[0] == "t":
                namespace[name] = FunctionType(_THUNK_STUB, namespace, name)
            elif parameters:
                function = FunctionType(_STUBS[parameters - 1], namespace, name, _DEFAULTS[parameters])
                function.__kwdefaults__ = {"name": name}
                namespace[name] = function

    @property
    def is_dirty(self) -> bool:
        """Whether functions were compiled that the cache does not have."""
        return bool(self._called)

    def run(self) -> Value:
        """The value of the text."""
        main = self.namespace.get("main")
        return FunctionType(self._compile("main"), self.namespace, "main")() if main is None else main()

    def complete(self, name: str) -> FunctionType:
        """Give a stub its code; the function."""
        function: FunctionType = self.namespace[name]
        function.__code__ = self._compile(name)
        function.__kwdefaults__ = None
        return function

    def take_saved(self) -> Saved:
        """What to keep for the next process."""
        self._codes += tuple(self._called)
        self._called.clear()
        called = {code.co_name for code in self._codes}
        others = {name: parameters for name, parameters in self._others.items() if name not in called}
        texts = self._unpack_texts()
        packed = marshal.dumps({name: texts[name] for name in others})
        return (self._codes, others, packed, *self._rest)

    def _unpack_texts(self) -> dict[str, tuple[int, int, str]]:
        if type(self._texts) is bytes:
            self._texts = marshal.loads(self._texts)
        texts: dict[str, tuple[int, int, str]] = self._texts
        return texts

    def _compile(self, name: str) -> CodeType:
        first_line, _, text = self._unpack_texts()[name]
        module = compile(text, self.source.label, "exec", dont_inherit=True, optimize=1)
        code = next(c for c in module.co_consts if isinstance(c, CodeType) and c.co_name == name)
        code = _move_lines(code, first_line - 1)
        self._called.append(code)
        return code


def _spot_names(count: int) -> list[str]:
    """The variables of the first spots."""
    _SPOT_NAMES.extend([f"p{number}" for number in range(len(_SPOT_NAMES), count)])
    return _SPOT_NAMES


def _move_lines(code: CodeType, by: int) -> CodeType:
    constants = tuple([_move_lines(c, by) if isinstance(c, CodeType) else c for c in code.co_consts])
    return code.replace(co_firstlineno=code.co_firstlineno + by, co_consts=constants)
