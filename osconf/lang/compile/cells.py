"""Code for the cells of bindings that may refer to each other before they all exist."""

from __future__ import annotations

from osconf.lang.compile.free import free_names
from osconf.lang.compile.generator import Generator, is_small
from osconf.lang.compile.scopes import Binding, Scope
from osconf.lang.nodes import Attrs, Function, ListNode, Literal, Node, PathLiteral, Variable

_EAGER_KINDS = (Attrs, Function, ListNode, Literal, Variable)


def write_cells(g: Generator, items: list[tuple[Binding, Node, str]], scope: Scope | None) -> None:
    """Write the variables of an argument pattern's defaults: `prefix` takes the argument when it was given."""
    later = {binding for binding, _, _ in items}
    patches: list[str] = []
    for binding, node, prefix in items:
        g.at = node.at
        expression, waiting = _write_cell(g, node, scope, None, later)
        variable = binding.python
        g.emit(f"{variable} = {prefix}{expression}")
        later.discard(binding)
        if waiting:
            thunk = expression[1 : expression.index(",")]
            patches += [
                f"if type({variable}) is L and {variable}[0] is {thunk}: {variable}[{slot}] = {other.python}"
                for slot, other in waiting
            ]
    for patch in patches:
        g.emit(patch)


def write_group_cells(
    g: Generator, cells: list[tuple[Binding, Node, Scope | None, int | None]], *, only_thunks: bool = False
) -> None:
    """Write the variables of a group; what refers to a later one is completed when that exists."""
    later = {cell[0] for cell in cells}
    patches: list[str] = []
    for binding, node, scope, at in cells:
        g.at = node.at
        expression, waiting = _write_cell(g, node, scope, at, later, only_thunks=only_thunks)
        g.at = node.at
        g.emit(f"{binding.python} = {expression}")
        later.discard(binding)
        patches += [f"{binding.python}[{slot}] = {other.python}" for slot, other in waiting]
    for patch in patches:
        g.emit(patch)


def _write_cell(
    g: Generator,
    node: Node,
    scope: Scope | None,
    at: int | None,
    later: set[Binding],
    *,
    only_thunks: bool = False,
) -> tuple[str, list[tuple[int, Binding]]]:
    """An expression for a cell, and the slots to fill with variables that do not exist yet."""
    kinds = (*_EAGER_KINDS, PathLiteral) if g.is_exact else _EAGER_KINDS
    if not only_thunks and isinstance(node, kinds) and _is_ready(g, node, scope, later):
        expression = g.member(node, scope, at) if at is not None else g.eager(node, scope)
        if expression is not None:
            return expression, []
    name, captures = g.write_thunk(node, scope, has_spot=at is not None)
    waiting = [(g.slot_of(i, at is not None), other) for i, other in enumerate(captures) if other in later]
    slots = ["None" if other in later else g.locate(g.buffer, other)[0] for other in captures]
    return g.cell(name, slots, at), waiting


def _is_ready(g: Generator, node: Node, scope: Scope | None, later: set[Binding]) -> bool:
    if isinstance(node, Function):
        # Python resolves the free variables of a function when it runs.
        return True
    if isinstance(node, ListNode | Attrs) and not is_small(node):
        return False
    return not any(g.find(scope, name) in later for name in free_names(node))
