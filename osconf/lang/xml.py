"""Values as XML, as `builtins.toXML` and `eval --xml` write them."""

from __future__ import annotations

from typing import Any

from osconf.errors import EvalError, Position
from osconf.lang.runtime import attr_position, force, function_pattern, function_position, is_derivation
from osconf.lang.show import format_float, peek
from osconf.lang.values import ContextStr, LazyAttrs, Path, Value, from_latin, to_latin

HEADER = "<?xml version='1.0' encoding='utf-8'?>\n"
_ESCAPES = str.maketrans({'"': "&quot;", "<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": "&#xA;"})


def write_xml(value: Value, *, strict: bool, context: set[str], show_positions: bool = False) -> str:
    """The document; strings' contexts are added to `context`. Not strict: what is not evaluated stays so."""
    writer = _Writer(strict, context, show_positions)
    writer.open("expr")
    writer.value(value)
    writer.close("expr")
    return HEADER + "".join(writer.parts)


def to_xml(value: Value, *, strict: bool, show_positions: bool = True) -> str:
    """`eval --xml`: the document as ordinary Python text."""
    return from_latin(write_xml(value, strict=strict, context=set(), show_positions=show_positions))


class _Writer:
    def __init__(self, strict: bool, context: set[str], show_positions: bool) -> None:
        self.strict = strict
        self.context = context
        self.show_positions = show_positions
        self.parts: list[str] = []
        self.depth = 0
        self.drv_paths: set[str] = set()

    def tag(self, name: str, attributes: dict[str, str], end: str) -> None:
        shown = "".join(f' {key}="{attributes[key].translate(_ESCAPES)}"' for key in sorted(attributes))
        self.parts.append(f"{'  ' * self.depth}<{name}{shown}{end}>\n")

    def open(self, name: str, attributes: dict[str, str] | None = None) -> None:
        self.tag(name, attributes or {}, "")
        self.depth += 1

    def close(self, name: str) -> None:
        self.depth -= 1
        self.parts.append(f"{'  ' * self.depth}</{name}>\n")

    def empty(self, tag: str, /, **attributes: str) -> None:
        self.tag(tag, attributes, " /")

    def value(self, value: Value) -> None:
        value = force(value) if self.strict else peek(value)
        if type(value) is list:
            self.empty("unevaluated")
            return
        match value:
            case None:
                self.empty("null")
            case bool():
                self.empty("bool", value="true" if value else "false")
            case int():
                self.empty("int", value=str(value))
            case float():
                self.empty("float", value=format_float(value))
            case str():
                if type(value) is ContextStr:
                    self.context |= value.context
                self.empty("string", value=str.__str__(value))
            case Path():
                self.empty("path", value=value.text)
            case tuple():
                self.open("list")
                for item in value:
                    self.value(item)
                self.close("list")
            case dict() | LazyAttrs():
                self.attrs(value)
            case _:
                self.function(value)

    def attrs(self, attrs: Any) -> None:
        if not is_derivation(attrs):
            self.open("attrs")
            self.members(attrs)
            self.close("attrs")
            return
        described = {name: path for name in ("drvPath", "outPath") if (path := self.derivation_path(attrs, name))}
        self.open("derivation", described)
        drv_path = described.get("drvPath")
        if drv_path is None or drv_path in self.drv_paths:
            self.empty("repeated")
        else:
            self.drv_paths.add(drv_path)
            self.members(attrs)
        self.close("derivation")

    def derivation_path(self, attrs: Any, name: str) -> str | None:
        if name not in attrs:
            return None
        cell = force(attrs[name]) if self.strict else peek(attrs[name])
        return str.__str__(cell) if isinstance(cell, str) else None

    def members(self, attrs: Any) -> None:
        for name in sorted(attrs):
            place = self.place(attr_position(attrs, name) if self.show_positions else None)
            self.open("attr", {"name": name, **place})
            try:
                self.value(attrs[name])
            except EvalError as error:
                error.while_(f"while evaluating attribute '{name}'")
                raise
            self.close("attr")

    @staticmethod
    def place(position: Position | None) -> dict[str, str]:
        if position is None:
            return {}
        place = {"line": str(position.line), "column": str(position.column)}
        return {**place, "path": to_latin(position.file)} if position.file.startswith("/") else place

    def function(self, function: Value) -> None:
        position = function_position(function)
        if position is None:
            self.empty("unevaluated")
            return
        self.open("function", self.place(position) if self.show_positions else {})
        pattern = function_pattern(function)
        if pattern is None or pattern.formals is None:
            self.empty("varpat", name=(pattern and pattern.parameter) or "")
        else:
            marks = {"ellipsis": "1"} if pattern.is_open else {}
            if pattern.parameter is not None:
                marks["name"] = pattern.parameter
            self.open("attrspat", marks)
            for name in sorted(pattern.formals):
                self.empty("attr", name=name)
            self.close("attrspat")
        self.close("function")
