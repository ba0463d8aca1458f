"""What is told of options: reports for people and for programs, and the entries of the reference."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from osconf.module_system.definitions import OPTION_DEFAULT_PRIORITY
from osconf.module_system.plain_data import Data

_SENTENCE_END = re.compile(r"(?<=[a-z0-9)`\"]\.) (?=[A-Z])")
_ROLE = re.compile(r"\{[a-z]+\}(`[^`]+`)")
PRIORITY_NAMES = {
    OPTION_DEFAULT_PRIORITY: "the option's default",
    1000: "mkDefault",
    100: "",
    50: "mkForce",
    10: "mkVMOverride",
}


def without_roles(text: str) -> str:
    """A description for a terminal: `{option}` and its kin before code are for pages."""
    return _ROLE.sub(r"\1", text)


def first_sentence(text: str) -> str:
    """What a description says first, in one line."""
    paragraph = " ".join(text.strip().split("\n\n", 1)[0].split())
    return _SENTENCE_END.split(paragraph, maxsplit=1)[0]


def _shown(name: str, data: Data | None) -> dict[str, Any]:
    """A value for JSON, and whether something in it is only its text in the language."""
    return (
        {name: None, f"{name}_has_texts": False}
        if data is None
        else {name: data.value, f"{name}_has_texts": data.has_texts}
    )


@dataclass(frozen=True, slots=True)
class DefinitionReport:
    """One definition: where, how strong, what, and whether it counts."""

    file: str
    line: int | None
    column: int | None
    priority: int
    value: str
    is_used: bool
    data: Data | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data, the value as JSON."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "priority": self.priority,
            **_shown("value", self.data),
            "is_used": self.is_used,
        }

    def place(self) -> str:
        """file:line:column."""
        return self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class OptionReport:
    """What `osconf option PATH` tells; for a set of options, only `path` and `children` are given."""

    path: str
    type: str | None = None
    description: str | None = None
    value: str | None = None
    default: str | None = None
    example: str | None = None
    is_defined: bool = False
    is_read_only: bool = False
    declarations: tuple[str, ...] = ()
    definitions: tuple[DefinitionReport, ...] = ()
    children: tuple[OptionSummary, ...] = ()
    data: dict[str, Data | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data: `value`, `default` and `example` as JSON, with texts for what JSON cannot hold."""
        return {
            "path": self.path,
            "type": self.type,
            "description": self.description,
            **_shown("value", self.data.get("value")),
            **_shown("default", self.data.get("default")),
            **_shown("example", self.data.get("example")),
            "is_defined": self.is_defined,
            "is_read_only": self.is_read_only,
            "declarations": list(self.declarations),
            "definitions": [definition.as_json() for definition in self.definitions],
            "children": [asdict(child) for child in self.children],
        }

    def as_text(self, width: int = 0) -> str:
        """For a terminal; lines of lists are cut where a width is known."""
        if self.type is None:
            lines = [child.as_text() for child in self.children]
            lines = [f"{line[: width - 1]}…" if 0 < width < len(line) else line for line in lines]
            return "\n".join(lines) or f"{self.path} holds no options"
        parts = [self.path, *_section("Value", self.value or "not set"), *_section("Type", self.type)]
        for title, text in (("Default", self.default), ("Example", self.example), ("Description", self.description)):
            if text:
                parts += _section(title, without_roles(text))
        if self.declarations:
            parts += _section("Declared at", "\n".join(self.declarations))
        shown = [_definition_line(definition) for definition in self.definitions]
        parts += _section("Set by", "\n".join(shown) if shown else self._unset())
        if self.children:
            parts += _section("Options in it", "\n".join(child.path for child in self.children))
        return "\n".join(parts)

    def _unset(self) -> str:
        return "nobody" if self.default is None else "nobody: the default counts"


@dataclass(frozen=True, slots=True)
class OptionSummary:
    """One line of a list of options."""

    path: str
    type: str
    summary: str
    is_defined: bool

    def as_text(self) -> str:
        """`* path (type)  what it is`; a star when somebody set it."""
        return f"{'*' if self.is_defined else ' '} {self.path}  ({self.type})" + (
            f"  {without_roles(self.summary)}" if self.summary else ""
        )


@dataclass(frozen=True, slots=True)
class OptionDocument:
    """One entry of the options reference."""

    path: str
    loc: tuple[str, ...]
    type: str
    description: str
    default: str | None
    example: str | None
    declarations: tuple[str, ...]
    is_read_only: bool


def _section(title: str, text: str) -> list[str]:
    return ["", f"{title}:", *[f"  {line}" for line in text.split("\n")]]


def _definition_line(definition: DefinitionReport) -> str:
    name = PRIORITY_NAMES.get(definition.priority, f"priority {definition.priority}")
    notes = [note for note in (name, "" if definition.is_used else "does not count") if note]
    shown = definition.value.replace("\n", "\n    ")
    return f"{definition.place()}{f' ({chr(44).join(notes)})'.replace(',', ', ') if notes else ''}\n    {shown}"
