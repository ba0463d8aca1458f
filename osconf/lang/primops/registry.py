"""The table of builtin functions: how one is declared, wrapped and found.

    @primop("foldl'", "!-!")
    def fold_left(op, nul, xs): '''Reduce a list from the left.'''

The marks say, argument by argument, `!` forced before the call or `-` passed as it is (value or thunk). The decorated
function stays an ordinary Python function that takes all its arguments and returns a value in weak head normal form;
saturated calls in compiled code call it directly, and `PrimOp.function` is the curried value of the language.

What depends on the evaluation (files, the store, import) asks `current()`, the evaluator at work: `.world`,
`.settings`, `.import_value(path)`, `.copy_path_to_store(path)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from osconf.lang.primops.index import INDEX
from osconf.lang.runtime import UNSET, current_evaluator

if TYPE_CHECKING:
    from osconf.lang.evaluator import Evaluator

F = TypeVar("F", bound=Callable[..., Any])

GLOBAL_NAMES = frozenset(
    (
        *("abort", "baseNameOf", "break", "derivation", "derivationStrict", "dirOf", "fetchGit", "fetchMercurial"),
        *("fetchTarball", "fetchTree", "fromTOML", "import", "isNull", "map", "placeholder", "removeAttrs"),
        *("scopedImport", "throw", "toString"),
    )
)
"""Primops that are in scope under their own name; every other one is in scope as `__name`."""

GLOBAL_CONSTANTS = frozenset(("true", "false", "null", "builtins"))

IMPURE_CONSTANTS = frozenset(("currentSystem", "currentTime"))
"""Members of `builtins` that a pure evaluation lacks."""


class _Primops(dict[str, "PrimOp"]):
    """The primops that somebody asked for, and what came along with them; `catalogue` brings all."""

    def __missing__(self, name: str) -> PrimOp:
        import_module(f"osconf.lang.primops.{INDEX[name][0]}")
        return self[name]


PRIMOPS: dict[str, PrimOp] = _Primops()
"""Registered primops by their name in `builtins`; looking one up loads its theme."""

CONSTANTS: dict[str, Callable[[Evaluator], Any]] = {}
"""Members of `builtins` that are not functions: name to what makes the value (forced when asked for)."""


class PrimOp:
    """One builtin: its name, marks, the Python body, and the curried function value made from them."""

    __slots__ = ("function", "implementation", "marks", "name")

    def __init__(self, name: str, marks: str, implementation: Callable[..., Any]) -> None:
        self.name = name
        self.marks = marks
        self.implementation = implementation
        self.function = _wrapper_factory(marks)(implementation, UNSET)
        self.function.__dict__["primop"] = self

    @property
    def arity(self) -> int:
        """How many arguments a saturated call has."""
        return len(self.marks)

    @property
    def documentation(self) -> str:
        """What `:doc` shows."""
        return self.implementation.__doc__ or ""


def primop(name: str, marks: str) -> Callable[[F], F]:
    """Register the decorated function as `builtins.NAME`."""

    def register(implementation: F) -> F:
        PRIMOPS[name] = PrimOp(name, marks, implementation)
        return implementation

    return register


def make_primop(name: str, marks: str, implementation: Callable[..., Any]) -> PrimOp:
    """A primop that is not in `builtins`: for `Evaluator(internal=…)`; its `.function` is the value."""
    return PrimOp(name, marks, implementation)


def constant(name: str) -> Callable[[Callable[[Evaluator], Any]], Callable[[Evaluator], Any]]:
    """Register the decorated function as the maker of the constant `builtins.NAME`."""

    def register(maker: Callable[[Evaluator], Any]) -> Callable[[Evaluator], Any]:
        CONSTANTS[name] = maker
        return maker

    return register


def current() -> Evaluator:
    """The evaluator at work."""
    return current_evaluator()


def primop_of(function: Any) -> PrimOp | None:
    """The primop behind a function value; None for a function written in the language."""
    return getattr(function, "primop", None)


def visible_names(names: Iterable[str]) -> dict[str, str]:
    """Global variable name -> builtin name, for the given builtins."""
    return {name if name in GLOBAL_NAMES else f"__{name}": name for name in names}


def assemble_builtins(evaluator: Evaluator) -> dict[str, Any]:
    """The value of `builtins` for one evaluator."""
    import_module("osconf.lang.primops.catalogue")
    members: dict[str, Any] = {name: op.function for name, op in PRIMOPS.items()}
    members.update({"true": True, "false": False, "null": None})
    for name, maker in CONSTANTS.items():
        if name in IMPURE_CONSTANTS and evaluator.settings.pure:
            continue
        members[name] = [_force_constant, maker, evaluator]
    members["builtins"] = members
    return members


def _force_constant(cell: list[Any]) -> Any:
    _, maker, evaluator = cell
    cell[:] = [None, value := maker(evaluator)]
    return value


_factories: dict[str, Callable[[Callable[..., Any], object], Any]] = {}


def _wrapper_factory(marks: str) -> Callable[[Callable[..., Any], object], Any]:
    """Make curried functions for one combination of marks; generated, so that `co_argcount` tells the arity."""
    factory = _factories.get(marks)
    if factory is None:
        parameters = [f"a{i}" for i in range(len(marks))]
        head = ", ".join([parameters[0], *(f"{p}=UNSET" for p in parameters[1:])])
        body = []
        for i in range(1, len(parameters)):
            rest = ", ".join([parameters[i], *(f"{p}=UNSET" for p in parameters[i + 1 :])])
            body.append(f"  if {parameters[i]} is UNSET:")
            body.append(f"   def partial({rest}): return saturate({', '.join(parameters)})")
            body.append("   partial.primop_application = saturate.primop")
            body.append("   return partial")
        for p, mark in zip(parameters, marks, strict=True):
            if mark == "!":
                body.append(f"  if type({p}) is list: {p} = {p}[1] if {p}[0] is None else {p}[0]({p})")
        lines = ["def factory(implementation, UNSET):", f" def saturate({head}):", *body]
        lines += [f"  return implementation({', '.join(parameters)})", " return saturate"]
        namespace: dict[str, Any] = {}
        exec("\n".join(lines), namespace)
        factory = _factories[marks] = namespace["factory"]
    return factory
