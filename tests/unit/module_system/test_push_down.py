"""Properties around a set mean the same as properties on its members, at any depth."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osconf.errors import OptionError
from osconf.lang.evaluator import Evaluator
from osconf.lang.world import PureWorld
from osconf.module_system.evaluation import Evaluation
from osconf.module_system.types.catalog import SCALARS
from osconf.module_system.types.containers import ListOf

Wrap = tuple[str, int]
PATHS = [("a",), ("b", "c"), ("b", "d", "e")]
OPTION = {"_type": "option", "type": ListOf(SCALARS["int"]).view, "default": ()}
OPTIONS = {"a": OPTION, "b": {"c": OPTION, "d": {"e": OPTION}}}

WRAPS = st.lists(
    st.one_of(
        st.tuples(st.just("if"), st.integers(0, 1)),
        st.tuples(st.just("override"), st.sampled_from([50, 100, 1000])),
        st.tuples(st.just("order"), st.sampled_from([500, 1000, 1500])),
        st.tuples(st.just("merge"), st.just(0)),
    ),
    max_size=3,
)
# A definition: the path, wraps around the set at each depth from the outside in, and a number that marks it.
DEFINITIONS = st.tuples(st.sampled_from(PATHS), st.lists(WRAPS, min_size=4, max_size=4), st.integers(0, 99))


def wrap(value: Any, wraps: list[Wrap]) -> Any:
    for kind, argument in reversed(wraps):
        if kind == "merge":
            value = {"_type": "merge", "contents": (value,)}
        elif kind == "if":
            value = {"_type": "if", "condition": bool(argument), "content": value}
        else:
            value = {"_type": kind, "priority": argument, "content": value}
    return value


def as_written(path: tuple[str, ...], wraps: list[list[Wrap]], number: int) -> Any:
    value: Any = wrap((number,), wraps[len(path)])
    for depth in range(len(path) - 1, -1, -1):
        value = wrap({path[depth]: value}, wraps[depth])
    return value


def at_the_leaf(path: tuple[str, ...], wraps: list[list[Wrap]], number: int) -> Any:
    value: Any = wrap((number,), [one for level in wraps[: len(path) + 1] for one in level])
    for name in reversed(path):
        value = {name: value}
    return value


def evaluate(configs: list[Any]) -> list[Any]:
    modules = ({"options": OPTIONS}, *({"config": config} for config in configs))
    root = Evaluation({}, modules).root
    found = []
    for path in PATHS:
        node: Any = root
        for name in path:
            node = node.node(name)
        found.append(node.compute())
    return found


@pytest.fixture(autouse=True, scope="module")
def evaluator() -> Evaluator:
    return Evaluator(PureWorld())


@settings(deadline=None)
@given(st.lists(DEFINITIONS, max_size=5))
def test_properties_move_down(definitions: list[Any]) -> None:
    assert evaluate([as_written(*d) for d in definitions]) == evaluate([at_the_leaf(*d) for d in definitions])


@settings(deadline=None)
@given(st.lists(DEFINITIONS, max_size=5))
def test_one_module_with_all_definitions_equals_many_modules(definitions: list[Any]) -> None:
    configs = [as_written(*d) for d in definitions]
    together = {"_type": "merge", "contents": tuple(reversed(configs))}
    assert evaluate(configs) == evaluate([together])


@settings(deadline=None)
@given(st.lists(DEFINITIONS, max_size=4), st.sampled_from(["x", "a2"]))
def test_unknown_names_are_always_found(definitions: list[Any], name: str) -> None:
    configs = [as_written(*d) for d in definitions]
    modules = ({"options": OPTIONS}, *({"config": config} for config in [*configs, {name: 1}]))
    with pytest.raises(OptionError, match=f"`{name}' does not exist"):
        Evaluation({}, modules).check()
