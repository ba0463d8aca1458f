"""Sizes and ages as people write them."""

from __future__ import annotations

import re

import click

_SIZES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_size(text: str) -> int:
    """Bytes of `5G`, `300M`, `1024`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise click.BadParameter(f"{text!r} is no size; write 5G, 300M or a number of bytes")
    return int(float(found[1]) * _SIZES[found[2].upper()])


def parse_age(text: str) -> int:
    """Seconds of `30d`, `12h`, `2w`."""
    found = re.fullmatch(r"(\d+)([smhdw])", text.strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is no age; write 30d, 12h or 2w")
    return int(found[1]) * _AGES[found[2]]


def show_size(size: float) -> str:
    """A size with three digits, such as `12.3 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1000 or unit == "GiB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("the last unit returns")
