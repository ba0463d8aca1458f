"""Where a value belongs: the path of an option (and below it), and how it is written for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from osconf.lang.values import from_latin

if TYPE_CHECKING:
    from osconf.module_system.tree import Option

_IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_'-]*\Z")
_PLACEHOLDER = re.compile(r"<.*>\Z|\*\Z|\[definition .*\]\Z")
_ENTRY = re.compile(r"\[definition \d+-entry (\d+)\]\Z")
_KEYWORDS = frozenset(("assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"))


class Place:
    """The path of a value and the option it is part of, so that errors can tell where that was declared."""

    __slots__ = ("option", "parts")

    def __init__(self, parts: tuple[str, ...], option: Option | None = None) -> None:
        self.parts = parts
        self.option = option

    def child(self, name: str) -> Place:
        """The place of a member."""
        return Place((*self.parts, name), self.option)

    def __str__(self) -> str:
        return show_path(self.parts)

    def is_in_list(self) -> bool:
        """Whether it is an entry of a list, or in one: nobody can write such a path."""
        return any([_ENTRY.match(part) for part in self.parts])

    def describe(self) -> str:
        """How messages name it: the option `a.b', entry 2 of the option `a.b'."""
        return self.name() if self.is_in_list() else f"the option `{self}'"

    def name(self) -> str:
        """The same where it is clear that options are meant: `a.b', `b' in entry 2 of the option `a'."""
        for at, part in enumerate(self.parts):
            entry = _ENTRY.match(part)
            if entry:
                below = show_path(self.parts[at + 1 :])
                inside = f"`{below}' in " if below else ""
                return f"{inside}entry {entry[1]} of the option `{show_path(self.parts[:at])}'"
        return f"`{self}'"


def writable_path(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The part of a path that can be written: what is below the innermost list."""
    entries = [at for at, part in enumerate(parts) if _ENTRY.match(part)]
    return parts[entries[-1] + 1 :] if entries else parts


def show_path(parts: tuple[str, ...] | list[str]) -> str:
    """The path as it is written in a configuration: `a."b c".d`; placeholders such as `<name>` stay bare."""
    return ".".join([show_name(part) for part in parts])


def show_name(part: str) -> str:
    """One attribute name, quoted when the language needs it."""
    text = from_latin(part)
    if (_IDENTIFIER.match(text) and text not in _KEYWORDS) or _PLACEHOLDER.match(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${") + '"'
