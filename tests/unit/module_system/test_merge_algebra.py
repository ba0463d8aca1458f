"""The algebra of definitions, on generated trees of properties against a small model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from osconf.errors import OptionError
from osconf.lang.runtime import UNSET, force
from osconf.module_system.definitions import Definition, resolve
from osconf.module_system.evaluation import Evaluation
from osconf.module_system.place import Place
from osconf.module_system.tree import Option
from osconf.module_system.types.base import OptionType, merge_checked
from osconf.module_system.types.catalog import SCALARS
from osconf.module_system.types.compound import NullOr
from osconf.module_system.types.containers import AttrsOf, ListOf


def make_if(condition: bool, content: Any) -> dict[str, Any]:
    return {"_type": "if", "condition": condition, "content": content}


def make_merge(*contents: Any) -> dict[str, Any]:
    return {"_type": "merge", "contents": contents}


def make_override(priority: int, content: Any) -> dict[str, Any]:
    return {"_type": "override", "priority": priority, "content": content}


def make_order(order: int, content: Any) -> dict[str, Any]:
    return {"_type": "order", "priority": order, "content": content}


LEAVES = st.integers(0, 99).map(lambda n: (n,))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(make_if, st.booleans(), inner),
        st.lists(inner, max_size=3).map(lambda members: make_merge(*members)),
        st.builds(make_override, st.sampled_from([10, 50, 100, 1000, 1500]), inner),
        st.builds(make_order, st.sampled_from([500, 1000, 1500]), inner),
    ),
    max_leaves=8,
)


@dataclass(frozen=True)
class Leaf:
    """A definition of the model: its value, and the outermost priority and order around it."""

    value: Any
    priority: int
    order: int


def leaves_of(tree: Any, priority: int | None = None, order: int | None = None) -> list[Leaf]:
    """Every value whose conditions hold."""
    if not isinstance(tree, dict):
        return [Leaf(tree, 100 if priority is None else priority, 1000 if order is None else order)]
    kind = tree["_type"]
    if kind == "if":
        return leaves_of(tree["content"], priority, order) if tree["condition"] else []
    if kind == "merge":
        return [leaf for member in tree["contents"] for leaf in leaves_of(member, priority, order)]
    if kind == "override":
        return leaves_of(tree["content"], tree["priority"] if priority is None else priority, order)
    return leaves_of(tree["content"], priority, tree["priority"] if order is None else order)


def expected_of(trees: list[Any]) -> list[Any]:
    leaves = [leaf for tree in trees for leaf in leaves_of(tree)]
    if not leaves:
        return []
    best = min(leaf.priority for leaf in leaves)
    winners = [leaf for leaf in leaves if leaf.priority == best]
    return [leaf.value for leaf in sorted(winners, key=lambda leaf: leaf.order)]


def resolve_trees(trees: list[Any]) -> list[Any]:
    return [definition.value for definition in resolve([Definition("f", tree) for tree in trees])[0]]


@given(st.lists(TREES, min_size=1, max_size=5))
def test_conditions_priorities_and_order_follow_the_model(trees: list[Any]) -> None:
    assert sorted(resolve_trees(trees)) == sorted(expected_of(trees))


@given(st.lists(st.builds(make_order, st.sampled_from([500, 1000, 1500]), LEAVES), min_size=1, max_size=8))
def test_order_is_stable(trees: list[Any]) -> None:
    assert resolve_trees(trees) == expected_of(trees)


@given(TREES)
def test_neutral_wrappers_change_nothing(tree: Any) -> None:
    plain = resolve_trees([tree])
    assert resolve_trees([make_merge(tree)]) == plain
    assert resolve_trees([make_if(True, tree)]) == plain
    assert resolve_trees([tree, make_if(False, tree)]) == plain
    assert resolve_trees([make_merge(make_merge(tree), make_merge())]) == plain


@given(st.lists(TREES, min_size=1, max_size=4))
def test_one_merge_is_several_definitions(trees: list[Any]) -> None:
    assert resolve_trees([make_merge(*trees)]) == resolve_trees(trees)


@given(st.lists(TREES, min_size=1, max_size=4), LEAVES)
def test_the_strongest_definition_wins_alone(trees: list[Any], value: Any) -> None:
    assert resolve_trees([*trees, make_override(1, value)]) == [value]


@given(st.lists(st.lists(st.integers(0, 9)).map(tuple), min_size=1, max_size=4))
def test_lists_are_joined_in_order(lists: list[tuple[int, ...]]) -> None:
    merged = ListOf(SCALARS["int"]).merge(Place(("x",)), [Definition("f", value) for value in lists])
    assert merged == tuple(member for value in lists for member in value)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.just(7)), min_size=1, max_size=4))
def test_sets_unite(sets: list[dict[str, int]]) -> None:
    merged = AttrsOf(SCALARS["int"]).merge(Place(("x",)), [Definition("f", value) for value in sets])
    assert set(merged) == {name for value in sets for name in value}


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.just("v")), min_size=1, max_size=3))
def test_merging_again_changes_nothing(sets: list[dict[str, str]]) -> None:
    option_type = AttrsOf(SCALARS["str"])
    once = option_type.merge(Place(("x",)), [Definition("f", value) for value in sets])
    twice = option_type.merge(Place(("x",)), [Definition("f", once)])
    assert {name: force(twice[name]) for name in twice} == {name: force(once[name]) for name in once}


@given(st.lists(TREES, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_modules_decides_nothing_but_order(trees: list[Any], random: Random) -> None:
    shuffled = list(trees)
    random.shuffle(shuffled)
    assert sorted(resolve_trees(shuffled)) == sorted(resolve_trees(trees))
    assert priority_of(shuffled) == priority_of(trees)


def priority_of(trees: list[Any]) -> int:
    return resolve([Definition("f", tree) for tree in trees])[1]


@given(st.lists(TREES, min_size=1, max_size=5))
def test_the_priority_is_that_of_the_winners(trees: list[Any]) -> None:
    leaves = [leaf for tree in trees for leaf in leaves_of(tree)]
    assert priority_of(trees) == min([leaf.priority for leaf in leaves], default=9999)


@given(st.lists(TREES, min_size=1, max_size=5))
def test_resolving_again_changes_nothing(trees: list[Any]) -> None:
    winners, priority = resolve([Definition("f", tree) for tree in trees])
    written = [make_override(priority, make_order(d.order or 1000, d.value)) for d in winners]
    assert resolve_trees(written) == [d.value for d in winners]


@given(st.lists(TREES, min_size=1, max_size=4), st.lists(TREES, min_size=1, max_size=4))
def test_merges_may_be_nested_in_any_way(left: list[Any], right: list[Any]) -> None:
    together = resolve_trees([*left, *right])
    assert resolve_trees([make_merge(*left), make_merge(*right)]) == together
    assert resolve_trees([make_merge(make_merge(*left), *right)]) == together


TYPES: dict[str, tuple[OptionType, st.SearchStrategy[Any]]] = {
    "list": (ListOf(SCALARS["int"]), LEAVES),
    "int": (SCALARS["int"], st.integers(0, 2)),
    "lines": (SCALARS["lines"], st.sampled_from(["a", "b"])),
    "set": (AttrsOf(SCALARS["int"]), st.dictionaries(st.sampled_from("ab"), st.integers(0, 2), max_size=2)),
    "null": (NullOr(SCALARS["bool"]), st.sampled_from([None, True, False])),
}


def property_trees(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(make_if, st.booleans(), inner),
            st.builds(make_override, st.sampled_from([50, 100, 1000]), inner),
        ),
        max_leaves=3,
    )


@given(st.data())
def test_the_short_way_is_the_long_way(data: st.DataObject) -> None:
    """An option with one plain definition is not resolved: what comes out is what resolving gives."""
    option_type, leaves = TYPES[data.draw(st.sampled_from(sorted(TYPES)))]
    declaration = {"_type": "option", "type": option_type.view}
    if data.draw(st.booleans()):
        declaration["default"] = data.draw(leaves)
    trees = data.draw(st.lists(property_trees(leaves), max_size=2))
    around = [data.draw(st.sampled_from([None, True, False])) for _ in trees]
    definitions = [{"x": tree} if c is None else make_if(c, {"x": tree}) for tree, c in zip(trees, around, strict=True)]
    modules: list[Any] = [{"options": {"x": declaration}}, *[{"config": definition} for definition in definitions]]

    def value(option: Option) -> Any:
        return deep(option.compute())

    def long_way(option: Option) -> Any:
        resolved, _ = option.resolved()
        if resolved:
            return deep(merge_checked(option.place, option.option_type, resolved))
        empty = option.option_type.empty_value()
        return "option-not-set" if empty is UNSET else deep(empty)

    def outcome(way: Callable[[Option], Any]) -> Any:
        option = Evaluation({}, tuple(modules)).root.node("x")
        assert isinstance(option, Option)
        try:
            return way(option)
        except OptionError as error:
            return error.code

    assert outcome(value) == outcome(long_way)


def deep(value: Any) -> Any:
    value = force(value)
    return {name: deep(value[name]) for name in value} if isinstance(value, dict) else value
