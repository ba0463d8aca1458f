"""Debian version numbers: order and the relations of dependency fields (Debian Policy 5.6.12, 7.1)."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

_PART = re.compile(r"([^0-9]*)([0-9]*)")
_END = (0,)  # the end of a non-digit part sorts after `~` and before every other character

VersionKey = tuple[int, tuple[tuple[int, ...] | int, ...], tuple[tuple[int, ...] | int, ...]]


def _order_character(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


def _part_key(text: str) -> tuple[tuple[int, ...] | int, ...]:
    """Key of an upstream version or revision: non-digit and digit runs in turn, closed by an empty pair."""
    key: list[tuple[int, ...] | int] = []
    for match in _PART.finditer(text):
        letters, digits = match[1], match[2]
        if not letters and not digits:
            break
        key.append((*map(_order_character, letters), 0))
        key.append(int(digits) if digits else 0)
    while len(key) >= 2 and key[-1] == 0 and key[-2] == _END:
        del key[-2:]  # "1" and "1" + an empty pair compare equal: one canonical key
    return tuple(key)


@functools.lru_cache(maxsize=200_000)
def version_key(version: str) -> VersionKey:
    """Split a version into a key for `compare_versions`; equal versions have equal keys."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, ""
    return (int(epoch) if epoch.isdigit() else 0, _part_key(upstream), _part_key(revision))


def _compare_parts(left: tuple[tuple[int, ...] | int, ...], right: tuple[tuple[int, ...] | int, ...]) -> int:
    for index in range(max(len(left), len(right))):
        absent: tuple[int, ...] | int = _END if index % 2 == 0 else 0
        one = left[index] if index < len(left) else absent
        other = right[index] if index < len(right) else absent
        if one != other:
            return -1 if one < other else 1  # type: ignore[operator]
    return 0


def compare_versions(left: str, right: str) -> int:
    """Compare two versions as dpkg does: -1, 0 or 1."""
    if left == right:
        return 0
    one, other = version_key(left), version_key(right)
    if one[0] != other[0]:
        return -1 if one[0] < other[0] else 1
    return _compare_parts(one[1], other[1]) or _compare_parts(one[2], other[2])


_RELATIONS: dict[str, Callable[[int], bool]] = {
    "<<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "<": lambda order: order <= 0,  # obsolete spelling: Policy gives it this meaning
    "=": lambda order: order == 0,
    ">=": lambda order: order >= 0,
    ">": lambda order: order >= 0,
    ">>": lambda order: order > 0,
}


def satisfies(version: str, relation: str, wanted: str) -> bool:
    """Whether `version RELATION wanted` holds, for the relations of a dependency field."""
    return _RELATIONS[relation](compare_versions(version, wanted))
