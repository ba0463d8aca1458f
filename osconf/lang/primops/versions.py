"""Primops on package names and versions."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import zip_longest

from osconf.lang.primops.expect import expect_plain_string
from osconf.lang.primops.registry import primop
from osconf.lang.values import Value

_COMPONENT = re.compile(r"[0-9]+|[^0-9.\-]+")
_VERSION_DASH = re.compile(r"-(?=[^a-zA-Z])")
_NUMBER_MAX = 2**31 - 1

Component = tuple[str, int | None]
_NOTHING: Component = ("", None)


def split_components(version: str) -> list[str]:
    """The runs of digits and of other characters; dots and dashes only separate."""
    return _COMPONENT.findall(version)


@lru_cache(maxsize=8192)
def _read_components(version: str) -> tuple[Component, ...]:
    """The components, each with its number when it is one that fits into 32 bits."""
    return tuple(
        (text, int(text) if text[0].isdigit() and int(text) <= _NUMBER_MAX else None)
        for text in split_components(version)
    )


def _comes_before(a: Component, b: Component) -> bool:
    (x, first), (y, second) = a, b
    if first is not None and second is not None:
        return first < second
    if (x == "" and second is not None) or (x == "pre" and y != "pre"):
        return True
    if y == "pre":
        return False
    # `2.3a` comes before `2.3.1`.
    if second is not None:
        return True
    return False if first is not None else x < y


def compare(a: str, b: str) -> int:
    """-1, 0 or 1 as version `a` is older than, as old as, or newer than `b`."""
    if a == b:
        return 0
    for x, y in zip_longest(_read_components(a), _read_components(b), fillvalue=_NOTHING):
        if x == y:
            continue
        if _comes_before(x, y):
            return -1
        if _comes_before(y, x):
            return 1
    return 0


@primop("compareVersions", "!!")
def compare_versions(left: Value, right: Value) -> int:
    """`string -> string -> int`: -1, 0 or 1 as the first version is older, equal or newer.

    builtins.compareVersions "1.10" "1.9"  =>  1
    """
    a = expect_plain_string(left, "the first argument passed to builtins.compareVersions")
    return compare(a, expect_plain_string(right, "the second argument passed to builtins.compareVersions"))


@primop("splitVersion", "!")
def split_version(version: Value) -> tuple[str, ...]:
    """`string -> [string]`: the components by which versions are compared.

    builtins.splitVersion "1.2pre3"  =>  [ "1" "2" "pre" "3" ]
    """
    return tuple(split_components(expect_plain_string(version, "the first argument passed to builtins.splitVersion")))


@primop("parseDrvName", "!")
def parse_derivation_name(text: Value) -> dict[str, str]:
    """`string -> { name, version }`: split at the first dash that no letter follows.

    builtins.parseDrvName "nix-0.12pre12876"  =>  { name = "nix"; version = "0.12pre12876"; }
    """
    full = expect_plain_string(text, "the first argument passed to builtins.parseDrvName")
    found = _VERSION_DASH.search(full)
    if found is None:
        return {"name": full, "version": ""}
    return {"name": full[: found.start()], "version": full[found.end() :]}
