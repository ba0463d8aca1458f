"""What can be known of an expression before it runs."""

from __future__ import annotations

from osconf.lang.nodes import (
    Assert,
    Binary,
    Call,
    Function,
    HasAttr,
    If,
    Interpolation,
    Let,
    Literal,
    Negate,
    Node,
    Not,
    Select,
    Variable,
)

_LAZY_OPERATORS = frozenset(("&&", "||", "->"))

# Looking through all of a thousand nested `let`s for each of them would take long.
_MAX_LETS = 8

Order = tuple[tuple[str, ...], bool]
"""Variables in the order they are forced, and whether nothing else happens before the expression has its value."""


def forced_first(node: Node) -> tuple[str, ...]:
    """The variables that evaluating `node` forces before it does anything that can fail or be seen.

    Forcing them beforehand, in this order, changes neither results nor which error comes first.
    """
    return _order(node)[0]


def _order(node: Node, lets: int = 0) -> Order:
    match node:
        case Variable():
            return (node.name,), True
        case Literal():
            return (), True
        case Binary():
            names, is_pure = _order(node.left)
            if is_pure and node.operator not in _LAZY_OPERATORS:
                names += _order(node.right)[0]
            return names, False
        case If() | Assert():
            return _order(node.condition)[0], False
        case Select() | HasAttr():
            return _order(node.subject)[0], False
        case Call():
            return _order(node.function)[0], False
        case Not() | Negate():
            return _order(node.operand)[0], False
        case Interpolation():
            return _order_of_parts(node), False
        case Let():
            if lets > _MAX_LETS:
                return (), False
            bound = node.bindings.definitions
            names = _order(node.body, lets + 1)[0]
            for index, name in enumerate(names):
                if name in bound:
                    return names[:index], False
            return names, False
    return (), False


def _order_of_parts(node: Interpolation) -> tuple[str, ...]:
    # Coercing the first part may fail or run `__toString`, so only that part is sure.
    for part in node.parts:
        if isinstance(part, Node):
            return _order(part)[0]
    return ()


def count_parameters(node: Function) -> tuple[list[str], Node]:
    """The plain parameters that one Python function can take at once (`a: b: …`), and the body below them."""
    names: list[str] = []
    body: Node = node
    while isinstance(body, Function) and body.formals is None and len(names) < 4:
        names.append(body.parameter or "")
        body = body.body
    return names, body
