"""Compiled texts at work: a module of Python functions, each made from its Python text when it is first called.

Most functions of a library are never called, and compiling Python is the most expensive step; so every function begins
as a stub that translates and compiles its own code, puts it in its place and goes on. What was compiled can be saved:
the next process has those functions ready at once, and goes on with the others where this one stopped.
"""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from osconf.lang.runtime import UNSET, canonical_path
from osconf.lang.shapes import compile_function, fill_shape
from osconf.lang.source import Source, Spot
from osconf.lang.values import Path, Value, to_latin

if TYPE_CHECKING:
    from osconf.lang.compile.module import Translation
    from osconf.lang.compile.parts import Part


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
_PRIMOP_PREFIXES = ("B_", "I_")

Saved = tuple[
    tuple[CodeType, ...], tuple[str, ...], dict[str, int], bytes, bytes, list[int], dict[str, Any], dict[str, Any]
]
"""What the cache keeps of a text: the code objects of the functions that were called, the primops they refer to,
the names of the other functions with their numbers of parameters, the texts of those that were written (packed), the
line table, the offsets of attributes, the constants and the function table."""
_NEW: Saved = ((), (), {}, b"", b"", [], {}, {})
Texts = dict[str, tuple[int, str | bytes | CodeType]]
"""Function -> its first line and its Python text, or its code, marshalled where that comes with osconf."""


class Module:
    """One compiled text in one evaluation.

    `runtime` is what the functions take for Python's builtins: a variable that is none of the text's own. `translate`
    begins the translation of the text, when a function is called that nobody has translated yet; `provide` puts primops
    into `runtime`.
    """

    def __init__(
        self,
        saved: Saved | None,
        source: Source,
        runtime: Mapping[str, Any],
        scope: Mapping[str, Value] | None,
        translate: Callable[[], Translation],
        provide: Callable[[Iterable[str]], None],
    ) -> None:
        self._codes, primops, self._others, self._packed, lines, spots, constants, functions = saved or _NEW
        self._texts: Texts | None = None if self._packed else {}
        self._others, functions = dict(self._others), dict(functions)
        self._functions = functions
        self._constants: dict[str, Any] = {}
        self._spots: dict[int, Spot] = {}
        self._called: list[CodeType] = []
        self._translate, self._provide = translate, provide
        self._primops = set(primops)
        provide(primops)
        self._translation: Translation | None = None
        self.source = source
        source.line_table = array("I", lines)
        namespace: dict[str, Any] = {
            "__builtins__": runtime,
            "FUNCTIONS": functions,
            "SOURCE": source,
            "FILE": to_latin(source.label),
            "complete": self.complete,
        }
        self.namespace = namespace
        if scope is not None:
            namespace["SCOPE"] = scope
        self._add_data(spots, constants)
        for code in self._codes:
            name = code.co_name
            namespace[name] = FunctionType(code, namespace, name, _DEFAULTS[code.co_argcount])
        for name, parameters in self._others.items():
            self._add_stub(name, parameters)

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

    def compile_all(self) -> Saved:
        """Translate and compile everything, needed or not: what to keep for evaluations that nobody knows yet."""
        for part in self._begin().write_all():
            self._add_part(part)
        codes = {name: (line, marshal.dumps(self._compile(name))) for name, (line, _) in self._unpack_texts().items()}
        self._called.clear()
        return ((), (), self._others, marshal.dumps(codes), *self._data())

    def take_saved(self) -> Saved:
        """What to keep for the next process."""
        self._codes += tuple(self._called)
        self._called.clear()
        called = {code.co_name for code in self._codes}
        others = {name: parameters for name, parameters in self._others.items() if name not in called}
        texts = self._unpack_texts()
        packed = marshal.dumps({name: texts[name] for name in others if name in texts})
        return (self._codes, tuple(sorted(self._primops)), others, packed, *self._data())

    def _data(self) -> tuple[bytes, list[int], dict[str, Any], dict[str, Any]]:
        return self.source.line_table.tobytes(), [*self._spots], self._constants, self._functions

    def _unpack_texts(self) -> Texts:
        texts = self._texts
        if texts is None:
            texts = self._texts = marshal.loads(self._packed)
        return texts

    def _compile(self, name: str) -> CodeType:
        texts = self._unpack_texts()
        if name not in texts:
            for part in self._begin().write(name):
                self._add_part(part)
        first_line, content = texts[name]
        code: CodeType
        if isinstance(content, CodeType):
            code = content
        elif isinstance(content, bytes):
            code = marshal.loads(content)
        else:
            code = compile_function(content, first_line)
        primops = _primops_of(code)
        self._provide(primops)
        self._primops |= primops
        self._called.append(code)
        return code

    # -- translation ---------------------------------------------------------------------------------------------------

    def _begin(self) -> Translation:
        if self._translation is None:
            self._translation = self._translate()
        return self._translation

    def _add_part(self, part: Part) -> None:
        # Of what was saved, the surroundings of a new part are translated again, which changes nothing.
        texts, others, namespace, table = self._unpack_texts(), self._others, self.namespace, self.source.line_table
        for name, (parameters, text, offsets, shaped) in part.texts.items():
            if name in texts or (name in namespace and name not in others):
                continue
            first_line = len(table) + 1
            texts[name] = first_line, text if shaped is None else fill_shape(shaped, first_line)
            table.extend(offsets)
            if name not in others:
                others[name] = parameters
                self._add_stub(name, parameters)
        for name in part.delayed:
            if name not in namespace:
                others[name] = 1
                self._add_stub(name, 1)
        self._add_data(part.spots, part.constants)
        self._functions.update(part.functions)

    def _add_data(self, spots: Iterable[int], constants: Mapping[str, Any]) -> None:
        namespace, known, source = self.namespace, self._spots, self.source
        for offset in spots:
            if offset not in known:
                known[offset] = namespace[f"p{offset}"] = Spot(source, offset)
        for name, (kind, content, offset) in constants.items():
            if name not in self._constants:
                self._constants[name] = (kind, content, offset)
                if kind == "cell":
                    namespace[name] = [None, content, known[offset]]
                elif kind in {"path", "prefix"}:
                    path = canonical_path(content if content[0] == "/" else f"{source.folder}/{content}")
                    slash = "/" if content[-1] == "/" and path != "/" else ""
                    namespace[name] = Path(path) if kind == "path" else path + slash
                else:
                    namespace[name] = frozenset(content) if kind == "names" else itemgetter(*content)

    def _add_stub(self, name: str, parameters: int) -> None:
        if name[0] == "t":
            self.namespace[name] = FunctionType(_THUNK_STUB, self.namespace, name)
        elif parameters:
            function = FunctionType(_STUBS[parameters - 1], self.namespace, name, _DEFAULTS[parameters])
            function.__kwdefaults__ = {"name": name}
            self.namespace[name] = function


def _primops_of(code: CodeType) -> set[str]:
    """The variables of primops, and `BUILTINS`, that some code refers to."""
    found = {name for name in code.co_names if name[:2] in _PRIMOP_PREFIXES or name == "BUILTINS"}
    for constant in code.co_consts:
        if type(constant) is CodeType:
            found |= _primops_of(constant)
    return found
