"""Which variables of its surroundings an expression refers to.

That is all a thunk has to know to be made: what it captures. Its code is written when somebody needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from osconf.lang.nodes import (
    Assert,
    Attrs,
    Binary,
    Call,
    Function,
    HasAttr,
    If,
    Interpolation,
    Let,
    ListNode,
    Literal,
    Negate,
    Node,
    Not,
    PathLiteral,
    SearchPath,
    Select,
    Variable,
    With,
)

REQUIRED, WITHIN, IMPLIED = 3, 2, 1
"""How a variable occurs: by its name alone; inside a `with` that may have it; as the meaning of an operator."""

OPERATORS = {
    "-": "__sub",
    "*": "__mul",
    "/": "__div",
    "<": "__lessThan",
    ">": "__lessThan",
    "<=": "__lessThan",
    ">=": "__lessThan",
}
Bound = frozenset[str]


def free_names(node: Node) -> dict[str, int]:
    """The variables that `node` does not bind itself, in the order they occur, and how they occur at most."""
    names: dict[str, int] = {}
    _VISITORS[type(node)](node, frozenset(), REQUIRED, names)
    return names


def _visit(node: Node, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _VISITORS[type(node)](node, bound, kind, names)


def _visit_all(nodes: Iterable[Any], bound: Bound, kind: int, names: dict[str, int]) -> None:
    for node in nodes:
        if type(node) is not str:
            _VISITORS[type(node)](node, bound, kind, names)


def _add(name: str, bound: Bound, kind: int, names: dict[str, int]) -> None:
    if name not in bound and names.get(name, 0) < kind:
        names[name] = kind


def _literal(node: Literal, bound: Bound, kind: int, names: dict[str, int]) -> None:
    pass


def _variable(node: Variable, bound: Bound, kind: int, names: dict[str, int]) -> None:
    name = node.name
    if name not in bound and names.get(name, 0) < kind and name != "__curPos":
        names[name] = kind


def _parts(node: Interpolation | PathLiteral, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _visit_all(node.parts, bound, kind, names)


def _search_path(node: SearchPath, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _add("__findFile", bound, IMPLIED, names)
    _add("__nixPath", bound, IMPLIED, names)


def _select(node: Select, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _visit(node.subject, bound, kind, names)
    _visit_all(node.path, bound, kind, names)
    if node.default is not None:
        _visit(node.default, bound, kind, names)


def _has_attr(node: HasAttr, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _visit(node.subject, bound, kind, names)
    _visit_all(node.path, bound, kind, names)


def _call(node: Call, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _visit(node.function, bound, kind, names)
    _visit_all(node.arguments, bound, kind, names)


def _not(node: Not, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _visit(node.operand, bound, kind, names)


def _negate(node: Negate, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _add("__sub", bound, IMPLIED, names)
    _visit(node.operand, bound, kind, names)


def _binary(node: Binary, bound: Bound, kind: int, names: dict[str, int]) -> None:
    implied = OPERATORS.get(node.operator)
    if implied is not None:
        _add(implied, bound, IMPLIED, names)
    _visit(node.left, bound, kind, names)
    _visit(node.right, bound, kind, names)


def _if(node: If, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _visit(node.condition, bound, kind, names)
    _visit(node.consequence, bound, kind, names)
    _visit(node.alternative, bound, kind, names)


def _with(node: With, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _visit(node.scope, bound, kind, names)
    _visit(node.body, bound, min(kind, WITHIN), names)


def _assert(node: Assert, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _visit(node.condition, bound, kind, names)
    _visit(node.body, bound, kind, names)


def _list(node: ListNode, bound: Bound, kind: int, names: dict[str, int]) -> None:
    _visit_all(node.members, bound, kind, names)


def _attrs(node: Attrs, bound: Bound, kind: int, names: dict[str, int]) -> None:
    outer = bound
    if node.is_recursive:
        bound = bound.union(node.definitions)
    _visit_all(node.sources, bound, kind, names)
    for name, definition in node.definitions.items():
        if definition.value is not None:
            _VISITORS[type(definition.value)](definition.value, bound, kind, names)
        elif definition.outer:
            _add(name, outer, kind, names)
    for dynamic in node.dynamic:
        _visit(dynamic.name, bound, kind, names)
        _visit(dynamic.value, bound, kind, names)


def _let(node: Let, bound: Bound, kind: int, names: dict[str, int]) -> None:
    bindings = node.bindings
    inner = bound.union(bindings.definitions)
    _visit_all(bindings.sources, inner, kind, names)
    for name, definition in bindings.definitions.items():
        if definition.value is not None:
            _VISITORS[type(definition.value)](definition.value, inner, kind, names)
        elif definition.outer:
            _add(name, bound, kind, names)
    _visit(node.body, inner, kind, names)


def _function(node: Function, bound: Bound, kind: int, names: dict[str, int]) -> None:
    if node.parameter is not None:
        bound = bound | {node.parameter}
    if node.formals is not None:
        members = node.formals.members
        bound = bound.union([member.name for member in members])
        for member in members:
            if member.default is not None:
                _visit(member.default, bound, kind, names)
    _visit(node.body, bound, kind, names)


_VISITORS: dict[type[Node], Callable[[Any, Bound, int, dict[str, int]], None]] = {
    Assert: _assert,
    Attrs: _attrs,
    Binary: _binary,
    Call: _call,
    Function: _function,
    HasAttr: _has_attr,
    If: _if,
    Interpolation: _parts,
    Let: _let,
    ListNode: _list,
    Literal: _literal,
    Negate: _negate,
    Not: _not,
    PathLiteral: _parts,
    SearchPath: _search_path,
    Select: _select,
    Variable: _variable,
    With: _with,
}
