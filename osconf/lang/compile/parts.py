"""What translating a bit of a text gives: Python functions, and what belongs to them."""

from __future__ import annotations

from typing import Any, NamedTuple

from osconf.lang.shapes import Shaped

Constant = tuple[str, Any, int]
"""A kind, a content and the offset of what it was made for."""
FunctionTable = dict[str, tuple[object, ...]]


class Text(NamedTuple):
    """A Python function of the module."""

    parameters: int
    python: str
    offsets: list[int]
    """The offset in the source for each line."""
    shaped: Shaped | None = None
    """Its code, where that was found without compiling; then there may be no text."""


class Part(NamedTuple):
    """What translating a bit of a text adds to its module; plain values only, fit for marshal."""

    texts: dict[str, Text]
    """The functions that were written; `main` gives the value of the text."""
    delayed: list[str]
    """Thunks met on the way whose functions can be asked for by name."""
    spots: set[int]
    """Offsets of attributes: the module's variable `p7` is the Spot of offset 7."""
    constants: dict[str, Constant]
    """Variables of the module that are made from data."""
    functions: FunctionTable
    """Python name -> how the function was written, a `kinds.Pattern` as a tuple."""
