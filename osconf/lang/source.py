"""Source texts: from an offset to a place that people can read.

A text is kept as the language keeps strings, bytes as latin-1, so columns count bytes as Nix counts them. Generated
code does not say where its text lies: the same text elsewhere has the same code. The module of a function knows its
source; `SOURCES` leads from a label to the text.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right

from osconf.errors import Position

GENERATED = "«generated»"
"""The file name of all code that is made from texts."""

_LINE_END = re.compile(r"\r\n?|\n")


class Source:
    """One text: its label (a path or `«string»`), its content, and where each line of the generated code comes from."""

    __slots__ = ("_lines", "folder", "label", "line_table", "text")

    def __init__(self, label: str, text: str, folder: str = "/") -> None:
        self.label = label
        self.text = text
        self.folder = folder
        """Where its relative paths begin."""
        self.line_table = array("I")
        self._lines: list[int] | None = None

    def line_starts(self) -> list[int]:
        """Offsets at which the lines begin."""
        if self._lines is None:
            self._lines = [0, *(found.end() for found in _LINE_END.finditer(self.text))]
        return self._lines

    def position(self, offset: int) -> Position:
        """The place of an offset: line and column from 1."""
        starts = self.line_starts()
        line = bisect_right(starts, offset)
        return Position(self.label, line, offset - starts[line - 1] + 1)

    def line(self, number: int) -> str | None:
        """The text of line `number` (from 1), without its end; None when there is no such line."""
        starts = self.line_starts()
        if not 1 <= number <= len(starts):
            return None
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def offset_of_code_line(self, number: int | None) -> int | None:
        """The offset that line `number` of the generated code was made from."""
        if number is None or not 1 <= number <= len(self.line_table):
            return None
        return self.line_table[number - 1]


class UnreadSource(Source):
    """The text of a file that is read only when somebody asks for a place in it."""

    __slots__ = ("_read",)

    def __init__(self, label: str) -> None:
        self.label = label
        self.folder = "/"
        self.line_table = array("I")
        self._lines = None
        self._read: str | None = None

    @property
    def text(self) -> str:  # type: ignore[override]
        """The content of the file; empty when it is gone."""
        if self._read is None:
            try:
                with open(self.label, "rb") as file:  # noqa: PTH123 - a label is a path as text
                    self._read = file.read().decode("latin-1")
            except OSError:
                self._read = ""
            SOURCES.setdefault(self.label, self)
        return self._read


class Spot:
    """An offset in a source: what an attribute's cell carries, so that its position costs nothing until asked for."""

    __slots__ = ("offset", "source")

    def __init__(self, source: Source, offset: int) -> None:
        self.source = source
        self.offset = offset

    def position(self) -> Position:
        """The place as people read it."""
        return self.source.position(self.offset)


def name_source(label: str, text: str) -> str:
    """A label for a text: files keep their path; of other texts with the same label the second is `«string 2»`."""
    known = SOURCES.get(label)
    if known is None or known.text == text or label.startswith("/"):
        return label
    stem = label.rstrip("»")
    number = 2
    while (known := SOURCES.get(f"{stem} {number}{label[len(stem) :]}")) is not None and known.text != text:
        number += 1
    return f"{stem} {number}{label[len(stem) :]}"


SOURCES: dict[str, Source] = {}
"""Every text that was compiled in this process, by its label."""
