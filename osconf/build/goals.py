"""The plan of a build: which derivations must be built, and what each waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from osconf.errors import BuildError
from osconf.model.derivation import Derivation
from osconf.model.store_path import DRV_SUFFIX

if TYPE_CHECKING:
    from osconf.store.interface import Store
    from osconf.store.local import LocalStore

ALL_OUTPUTS = "*"
_FETCHING = frozenset({"builtin:fetchurl", "builtin:deb"})

Substitute = Callable[[Sequence[str]], bool]
"""Makes paths valid by other means than building; returns whether it could."""


@dataclass
class Goal:
    """A derivation to build, and the outputs of it that somebody wants."""

    drv_path: str
    drv: Derivation
    wanted: set[str]
    inputs: set[str] = field(default_factory=set)
    rebuild: bool = False


def parse_wanted(text: str) -> tuple[str, tuple[str, ...]]:
    """Read `DRV`, `DRV!out,dev` or `DRV!*` into the path and the names of outputs; none means all."""
    path, _, names = text.partition("!")
    if not path.endswith(DRV_SUFFIX):
        raise BuildError(f"'{text}' is not a derivation", drv=path)
    return path, () if names in ("", ALL_OUTPUTS) else tuple(names.split(","))


def find_present(
    store: Store, wanted: Iterable[str], read_derivation: Callable[[str], Derivation]
) -> dict[str, dict[str, str]] | None:
    """The outputs of `DRV!output`s, by derivation and name, when all are valid already; else None.

    They are temporary roots from now on.
    """
    requests: dict[str, set[str]] = {}
    for text in wanted:
        path, names = parse_wanted(text)
        store.add_temp_root(path)
        requests.setdefault(path, set()).update(names or read_derivation(path).outputs)
    found = {
        path: {name: read_derivation(path).output_path(name) for name in sorted(names)}
        for path, names in requests.items()
    }
    outputs = {output for named in found.values() for output in named.values()}
    for output in sorted(outputs):
        store.add_temp_root(output)
    return found if store.valid_among(outputs) == outputs else None


def plan_goals(
    store: LocalStore,
    wanted: Mapping[str, Iterable[str]],
    *,
    rebuild: bool = False,
    substitute: Substitute | None = None,
) -> dict[str, Goal]:
    """The derivations to build, inputs before what uses them; empty when everything wanted is valid.

    `wanted` maps derivations to output names (none: all). With `rebuild` they are built even when they are valid.
    `substitute` may make outputs valid so that they need no build.
    Every output that will be used is made a temporary root before its validity is asked for.
    """
    goals: dict[str, Goal] = {}
    ordered: dict[str, Goal] = {}
    needed: dict[str, set[str]] = {}
    stack: list[tuple[str, frozenset[str], bool]] = []
    for path, names in wanted.items():
        store.add_temp_root(path)
        drv = store.read_derivation(path)
        for name in names:
            drv.output_path(name)
        stack.append((path, frozenset(names or drv.outputs), False))
    top = {path for path, _, _ in stack}
    while stack:
        path, names, is_done = stack.pop()
        if is_done:
            ordered[path] = goals[path]
            continue
        known = needed.setdefault(path, set())
        new = names - known
        known |= names
        if path in goals:
            goals[path].wanted |= names
            continue
        drv = store.read_derivation(path)
        outputs = [drv.output_path(name) for name in sorted(new)]
        for output in outputs:
            store.add_temp_root(output)
        must = rebuild and path in top
        missing = sorted(set(outputs) - store.valid_among(outputs))
        if not must and not missing:
            continue
        if not must and substitute is not None and may_be_substituted(drv) and substitute(missing):
            continue
        goal = goals[path] = Goal(path, drv, set(known), set(drv.input_derivations), must)
        stack.append((path, names, True))
        stack.extend((inner, frozenset(inner_names), False) for inner, inner_names in drv.input_derivations.items())
        for every in drv.outputs.values():
            store.add_temp_root(every.path)
    for goal in ordered.values():
        goal.inputs &= ordered.keys()
    return ordered


def may_be_substituted(drv: Derivation) -> bool:
    """Whether asking a cache is worth it: environments and small texts are made quicker than they are fetched."""
    if drv.is_builtin and drv.builder not in _FETCHING:
        return False
    if drv.structured is not None:
        return drv.structured.get("allowSubstitutes") is not False
    return drv.env.get("allowSubstitutes", "1") != ""
