"""The order of Debian versions."""

from __future__ import annotations

import itertools

import pytest

from osconf.archive.version import compare_versions, satisfies, version_key

ORDER = [
    "0~~",
    "0~~a",
    "0~",
    "0",
    "0a",
    "0+",
    "1.0~rc1-1",
    "1.0-1~deb12u1",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1.1",
    "1.0-10",
    "1.0.1-1",
    "1.2-1",
    "1.10-1",
    "2",
    "1:0.1",
    "2:0",
]


def test_versions_are_ordered_as_policy_says() -> None:
    for lower, higher in itertools.pairwise(ORDER):
        assert compare_versions(lower, higher) == -1, (lower, higher)
        assert compare_versions(higher, lower) == 1, (lower, higher)


@pytest.mark.parametrize(
    ("left", "right"), [("1.0", "1.0"), ("1.0", "0:1.0"), ("1.0-0", "1.0"), ("1.00", "1.0"), ("1.", "1.0")]
)
def test_different_texts_of_one_version_are_equal(left: str, right: str) -> None:
    assert compare_versions(left, right) == 0


def test_python_debian_agrees() -> None:
    from debian.debian_support import NativeVersion

    for left in ORDER:
        for right in ORDER:
            one, other = NativeVersion(left), NativeVersion(right)
            expected = (one > other) - (one < other)
            assert compare_versions(left, right) == expected, (left, right)


def test_equal_versions_have_equal_keys() -> None:
    assert version_key("1.0-0") == version_key("0:1.0")


@pytest.mark.parametrize(
    ("version", "relation", "wanted", "holds"),
    [
        ("1", "<<", "1", False),
        ("1", "<=", "1", True),
        ("2", ">>", "1", True),
        ("2", "=", "1", False),
        ("1", ">=", "1~", True),
    ],
)
def test_relations(version: str, relation: str, wanted: str, holds: bool) -> None:
    assert satisfies(version, relation, wanted) is holds
