"""Group a flat row of operands and operators by precedence (the table is in grammar.lark)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from osconf.lang.nodes import AttrName, Binary, Call, HasAttr, Negate, Node, Not

RowItem = Node | tuple[str, int, list[AttrName]]
"""An operand, or an operator: (text, offset, attribute path of `?`)."""

_NOT, _NEGATE = 7, 12
_BINARY: dict[str, tuple[int, str]] = {
    "|>": (0, "left"),
    "<|": (0, "right"),
    "->": (1, "right"),
    "||": (2, "left"),
    "&&": (3, "left"),
    "==": (4, "none"),
    "!=": (4, "none"),
    "<": (5, "none"),
    "<=": (5, "none"),
    ">": (5, "none"),
    ">=": (5, "none"),
    "//": (6, "right"),
    "+": (8, "left"),
    "-": (8, "left"),
    "*": (9, "left"),
    "/": (9, "left"),
    "++": (10, "right"),
    "?": (11, "none"),
}

Refuse = Callable[[str, int], NoReturn]


def group_row(row: list[RowItem], refuse: Refuse) -> Node:
    """The tree of a reversed row, which is used up; `refuse(operator, offset)` raises the syntax error."""
    return _group(row, 0, refuse)


def _group(row: list[RowItem], minimum: int, refuse: Refuse, last: tuple[int, str] | None = None) -> Node:
    item = row.pop()
    if isinstance(item, Node):
        left = item
    elif item[0] == "!":
        left = Not(item[1], _group(row, _NOT, refuse))
    else:
        left = Negate(item[1], _group(row, _NEGATE, refuse))
    while row:
        operator, at, path = row[-1]  # type: ignore[misc]
        level, grouping = _BINARY[operator]
        if level < minimum:
            break
        if last is not None and last[0] == level and (grouping == "none" or last[1] != grouping):
            refuse(operator, at)
        row.pop()
        last = (level, grouping)
        if operator == "?":
            left = HasAttr(at, left, path)
            continue
        right = _group(row, level, refuse, last) if grouping == "right" else _group(row, level + 1, refuse)
        if operator == "|>":
            left = Call(at, right, [left])
        elif operator == "<|":
            left = Call(at, left, [right])
        else:
            left = Binary(at, operator, left, right)
    return left
