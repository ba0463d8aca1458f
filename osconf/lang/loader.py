"""Compiled texts at work: a module of Python functions, each made from its Python text when it is first called.

Most functions of a library are never called, and compiling Python is the most expensive step; so every function begins
as a stub that compiles (or unmarshals) its own code, puts it in its place and goes on. What was compiled can be saved
with the rest, so that the next process does not compile it again.
"""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any

from osconf.lang.runtime import UNSET
from osconf.lang.source import Source, Spot
from osconf.lang.values import Path, Value


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


_STUBS = tuple(stub.__code__ for stub in (_stub_of_one, _stub_of_two, _stub_of_three, _stub_of_four))
_THUNK_STUB = _thunk_stub.__code__

Saved = tuple[Any, ...]
"""A Unit and the marshalled code of the functions that were compiled so far."""


class Module:
    """One compiled text in one evaluation."""

    def __init__(
        self, saved: Saved, source: Source, runtime: Mapping[str, Any], scope: Mapping[str, Value] | None
    ) -> None:
        self.texts, line_table, spots, constants, functions, self.codes = saved
        self._rest = saved[1:5]
        self.source = source
        source.line_table = array("I", line_table)
        self.is_dirty = False
        namespace = self.namespace = dict(runtime)
        namespace["FUNCTIONS"] = functions
        namespace["SOURCE"] = source
        namespace["complete"] = self.complete
        if scope is not None:
            namespace["SCOPE"] = scope
        places = [Spot(source, offset) for offset in array("I", spots)]
        for number, place in enumerate(places):
            namespace[f"p{number}"] = place
        for name, (kind, content, spot) in constants.items():
            if kind == "cell":
                namespace[name] = [None, content, places[spot]]
            else:
                namespace[name] = Path(content) if kind == "path" else frozenset(content)
        for name, (_, parameters, _) in self.texts.items():
            if name[0] == "t":
                namespace[name] = FunctionType(_THUNK_STUB, namespace, name)
            elif parameters:
                function = FunctionType(_STUBS[parameters - 1], namespace, name, (UNSET,) * (parameters - 1))
                function.__kwdefaults__ = {"name": name}
                namespace[name] = function

    def run(self) -> Value:
        """The value of the text."""
        return FunctionType(self._code_of("main"), self.namespace, "main")()

    def complete(self, name: str) -> FunctionType:
        """Give a stub its code; the function."""
        function: FunctionType = self.namespace[name]
        function.__code__ = self._code_of(name)
        function.__kwdefaults__ = None
        return function

    def saved(self) -> Saved:
        """What to keep for the next process."""
        return (self.texts, *self._rest, self.codes)

    def _code_of(self, name: str) -> CodeType:
        data = self.codes.get(name)
        if data is not None:
            code: CodeType = marshal.loads(data)
            return code
        first_line, parameters, text = self.texts[name]
        module = compile(text, self.source.label, "exec", dont_inherit=True, optimize=1)
        code = next(c for c in module.co_consts if isinstance(c, CodeType) and c.co_name == name)
        code = _move_lines(code, first_line - 1)
        self.codes[name] = marshal.dumps(code)
        self.texts[name] = (first_line, parameters, "")
        self.is_dirty = True
        return code


def _move_lines(code: CodeType, by: int) -> CodeType:
    constants = tuple([_move_lines(c, by) if isinstance(c, CodeType) else c for c in code.co_consts])
    return code.replace(co_firstlineno=code.co_firstlineno + by, co_consts=constants)
