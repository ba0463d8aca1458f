"""Derivations as data and as text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osconf.model.derivation import (
    BadDerivation,
    Derivation,
    DerivationOutput,
    fill_output_paths,
    hash_modulo,
    parse,
    serialize,
)

LATIN = st.text(st.characters(max_codepoint=255), max_size=20)
PLAIN = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


def derivation(**changes: object) -> Derivation:
    """A small derivation, with changes."""
    base = Derivation(
        outputs={"out": DerivationOutput("")},
        input_derivations={},
        input_sources=(),
        system="x86_64-linux",
        builder="/bin/sh",
        args=(),
        env={"name": "x"},
    )
    return replace(base, **changes)


def no_inputs(path: str) -> str:
    raise AssertionError(path)


@given(
    env=st.dictionaries(LATIN, LATIN, max_size=4),
    args=st.lists(LATIN, max_size=3),
    inputs=st.dictionaries(PLAIN, st.lists(PLAIN, min_size=1, unique=True).map(lambda x: tuple(sorted(x))), max_size=3),
)
def test_text_round_trip(env: dict[str, str], args: list[str], inputs: dict[str, tuple[str, ...]]) -> None:
    drv = derivation(env=env, args=tuple(args), input_derivations=inputs, input_sources=("/s/a", "/s/b"))
    assert parse(serialize(drv)) == drv


def test_serialisation_is_sorted() -> None:
    first = derivation(env={"b": "1", "a": "2"}, input_sources=("/s/b", "/s/a"))
    second = derivation(env={"a": "2", "b": "1"}, input_sources=("/s/a", "/s/b"))
    assert serialize(first) == serialize(second)


@pytest.mark.parametrize("text", [b"", b"Derive(", b'Derive([],[],[],"x","y",[],[]) ', b'Derive([("a")],[])'])
def test_bad_text(text: bytes) -> None:
    with pytest.raises(BadDerivation):
        parse(text)


def test_paths_of_several_outputs_differ_and_reach_the_environment() -> None:
    drv = fill_output_paths(
        derivation(outputs={"out": DerivationOutput(""), "dev": DerivationOutput("")}), no_inputs, "/s"
    )
    assert drv.env["out"] == drv.outputs["out"].path != drv.outputs["dev"].path == drv.env["dev"]
    assert drv.outputs["dev"].path.endswith("-x-dev")


def test_how_a_fixed_output_is_fetched_changes_no_hash() -> None:
    fixed = {"out": DerivationOutput("", "sha256", "00" * 32)}
    one = fill_output_paths(derivation(outputs=fixed, env={"name": "f", "url": "a"}), no_inputs, "/s")
    two = fill_output_paths(derivation(outputs=fixed, env={"name": "f", "url": "b"}), no_inputs, "/s")
    assert serialize(one) != serialize(two)
    assert one.outputs == two.outputs
    assert hash_modulo(one, no_inputs) == hash_modulo(two, no_inputs)
    users = [
        fill_output_paths(
            derivation(input_derivations={path: ("out",)}), lambda _, drv=drv: hash_modulo(drv, no_inputs), "/s"
        )
        for path, drv in (("/s/one.drv", one), ("/s/two.drv", two))
    ]
    assert users[0].outputs == users[1].outputs


def test_fixed_output_must_be_alone() -> None:
    outputs = {"out": DerivationOutput("", "sha256", "00" * 32), "dev": DerivationOutput("")}
    with pytest.raises(BadDerivation, match="'out' alone"):
        fill_output_paths(derivation(outputs=outputs), no_inputs, "/s")


def test_name_of_structured_attributes() -> None:
    assert derivation(env={"__json": '{"name": "deep"}'}).name == "deep"
    with pytest.raises(BadDerivation, match="not JSON"):
        _ = derivation(env={"__json": "{"}).name


def test_unknown_output_is_explained() -> None:
    with pytest.raises(BadDerivation, match="no output 'dev'"):
        derivation().output_path("dev")
