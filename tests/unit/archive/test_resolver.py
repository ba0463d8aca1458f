"""Closures of dependencies, and what is said when there is none."""

from __future__ import annotations

import pytest

from osconf.archive.resolver import Root, resolve_closure
from osconf.errors import ArchiveError
from tests.unit.archive.repository import make_universe, package


def test_dependencies_and_essential_packages_are_closed_over() -> None:
    universe = make_universe(
        package("a", depends="b (>= 1), c"),
        package("b", "2"),
        package("c"),
        package("base", essential=True),
        package("d"),
    )
    assert resolve_closure(universe, [Root("a")]).names == ["a", "b", "base", "c"]
    assert resolve_closure(universe, [Root("a")], essential=False).names == ["a", "b", "c"]


def test_the_first_alternative_is_taken() -> None:
    universe = make_universe(package("a", depends="b | c"), package("b"), package("c"))
    assert resolve_closure(universe, [Root("a")]).names == ["a", "b"]


def test_an_alternative_that_is_wanted_anyway_suffices() -> None:
    universe = make_universe(package("a", depends="b | c"), package("b"), package("c"), package("d", depends="c"))
    assert resolve_closure(universe, [Root("a"), Root("d")]).names == ["a", "c", "d"]


def test_an_alternative_that_conflicts_is_passed_over() -> None:
    universe = make_universe(package("a", depends="b | c"), package("b"), package("c"), package("d", conflicts="b"))
    assert resolve_closure(universe, [Root("a"), Root("d")]).names == ["a", "c", "d"]


def test_a_choice_is_taken_back_where_it_leads_nowhere() -> None:
    universe = make_universe(
        package("a", depends="b | c, d"),
        package("b", depends="e"),
        package("c"),
        package("d", depends="f | g"),
        package("e", breaks="f, g"),
        package("f"),
        package("g"),
    )
    assert resolve_closure(universe, [Root("a")]).names == ["a", "c", "d", "f"]


def test_a_versioned_provider_satisfies() -> None:
    universe = make_universe(
        package("a", depends="libx (>= 2)"),
        package("old", provides="libx (= 1)"),
        package("new", provides="libx (= 3)"),
    )
    assert resolve_closure(universe, [Root("a")]).names == ["a", "new"]


def test_the_real_package_comes_before_providers() -> None:
    universe = make_universe(package("a", depends="x"), package("x"), package("y", provides="x", essential=False))
    assert resolve_closure(universe, [Root("a")]).names == ["a", "x"]


def test_cycles_are_closed() -> None:
    universe = make_universe(package("a", depends="b"), package("b", depends="a"))
    assert resolve_closure(universe, [Root("b")]).names == ["a", "b"]


def test_a_package_may_conflict_with_what_it_provides() -> None:
    universe = make_universe(package("a", provides="mta", conflicts="mta"))
    assert resolve_closure(universe, [Root("a")]).names == ["a"]


def test_a_conflict_names_both_chains() -> None:
    universe = make_universe(
        package("x", depends="a"), package("a", conflicts="b"), package("b"), package("y", depends="b")
    )
    with pytest.raises(ArchiveError) as caught:
        resolve_closure(
            universe, [Root("x", "in environment.systemPackages at configuration.nix:3"), Root("y", "here")]
        )
    assert caught.value.code == "conflict"
    assert str(caught.value) == (
        "‘a’ (needed by x, in environment.systemPackages at configuration.nix:3) conflicts with ‘b’ "
        "(needed by y, here): it declares a conflict with ‘b’"
    )


def test_an_unsatisfiable_dependency_names_its_chain() -> None:
    universe = make_universe(package("x", depends="a"), package("a", depends="b (>= 2)"), package("b", "1"))
    with pytest.raises(ArchiveError, match=r"‘a’ \(needed by x, root\) needs ‘b \(>= 2\)’, which nothing satisfies"):
        resolve_closure(universe, [Root("x", "root")])


def test_an_unknown_root_brings_near_names() -> None:
    universe = make_universe(package("nginx"), package("nano"))
    with pytest.raises(ArchiveError) as caught:
        resolve_closure(universe, [Root("ngnix", "in environment.systemPackages")])
    assert caught.value.code == "unknown-package"
    assert caught.value.hint == "did you mean ‘nginx’?"


def test_a_virtual_root_asks_for_a_choice() -> None:
    universe = make_universe(package("postfix", provides="mta"), package("exim", provides="mta"))
    with pytest.raises(ArchiveError) as caught:
        resolve_closure(universe, [Root("mta")])
    assert caught.value.code == "virtual-package"
    assert caught.value.hint == "choose one of exim, postfix"


def test_foreign_architectures_are_not_satisfied() -> None:
    universe = make_universe(package("a", depends="b:any, c:i386 | b"), package("b"), package("c"))
    assert resolve_closure(universe, [Root("a")]).names == ["a", "b"]
