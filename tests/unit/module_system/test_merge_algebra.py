"""The algebra of definitions, on generated trees of properties against a small model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from osconf.lang.runtime import force
from osconf.module_system.definitions import Definition, resolve
from osconf.module_system.place import Place
from osconf.module_system.types.catalog import SCALARS
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
