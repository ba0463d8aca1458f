"""The syntax tree. Plain slotted classes: they are made by the thousand and live only until the code is generated.

`at` is the offset in the source that an error of this node points to.
"""

from __future__ import annotations

from collections.abc import Sequence


class Node:
    """Any expression."""

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        self.at = at


class Literal(Node):
    """An integer, a float or a string without interpolation."""

    __slots__ = ("value",)

    def __init__(self, at: int, value: int | float | str) -> None:
        self.at = at
        self.value = value


class Interpolation(Node):
    """A string with interpolated expressions, in either notation."""

    __slots__ = ("parts",)

    def __init__(self, at: int, parts: list[str | Node]) -> None:
        self.at = at
        self.parts = parts


class PathLiteral(Node):
    """A path: `text` as written, followed by text and expressions when it is interpolated."""

    __slots__ = ("parts", "text")

    def __init__(self, at: int, text: str, parts: Sequence[str | Node] = ()) -> None:
        self.at = at
        self.text = text
        self.parts = parts


class SearchPath(Node):
    """`<name/rest>`."""

    __slots__ = ("name",)

    def __init__(self, at: int, name: str) -> None:
        self.at = at
        self.name = name


class Variable(Node):
    """A name in scope."""

    __slots__ = ("name",)

    def __init__(self, at: int, name: str) -> None:
        self.at = at
        self.name = name


AttrName = str | Node


class Select(Node):
    """`subject.path` or `subject.path or default`; `places` are the offsets of the path's parts."""

    __slots__ = ("default", "path", "places", "subject")

    def __init__(
        self, at: int, subject: Node, path: list[AttrName], places: list[int], default: Node | None = None
    ) -> None:
        self.at = at
        self.subject = subject
        self.path = path
        self.places = places
        self.default = default


class HasAttr(Node):
    """`subject ? path`."""

    __slots__ = ("path", "subject")

    def __init__(self, at: int, subject: Node, path: list[AttrName]) -> None:
        self.at = at
        self.subject = subject
        self.path = path


class Call(Node):
    """A function and the arguments that follow it."""

    __slots__ = ("arguments", "function")

    def __init__(self, at: int, function: Node, arguments: list[Node]) -> None:
        self.at = at
        self.function = function
        self.arguments = arguments


class Not(Node):
    """`!operand`."""

    __slots__ = ("operand",)

    def __init__(self, at: int, operand: Node) -> None:
        self.at = at
        self.operand = operand


class Negate(Node):
    """`-operand`."""

    __slots__ = ("operand",)

    def __init__(self, at: int, operand: Node) -> None:
        self.at = at
        self.operand = operand


class Binary(Node):
    """`left operator right`; `at` is the operator's place."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, at: int, operator: str, left: Node, right: Node) -> None:
        self.at = at
        self.operator = operator
        self.left = left
        self.right = right


class If(Node):
    """`if condition then consequence else alternative`."""

    __slots__ = ("alternative", "condition", "consequence")

    def __init__(self, at: int, condition: Node, consequence: Node, alternative: Node) -> None:
        self.at = at
        self.condition = condition
        self.consequence = consequence
        self.alternative = alternative


class With(Node):
    """`with scope; body`."""

    __slots__ = ("body", "scope")

    def __init__(self, at: int, scope: Node, body: Node) -> None:
        self.at = at
        self.scope = scope
        self.body = body


class Assert(Node):
    """`assert condition; body`; `text` is the condition as written."""

    __slots__ = ("body", "condition", "text")

    def __init__(self, at: int, condition: Node, body: Node, text: str) -> None:
        self.at = at
        self.condition = condition
        self.body = body
        self.text = text


class ListNode(Node):
    """`[ members ]`."""

    __slots__ = ("members",)

    def __init__(self, at: int, members: list[Node]) -> None:
        self.at = at
        self.members = members


class Definition:
    """One attribute of a set, of a `let` or of a pattern's defaults.

    Exactly one of these holds: `value` is an expression in the scope of the set; `outer` says that it is inherited from
    the surrounding scope; `source` is the index of the expression that it is inherited from.
    """

    __slots__ = ("at", "outer", "source", "value")

    def __init__(self, at: int, value: Node | None = None, *, outer: bool = False, source: int = -1) -> None:
        self.at = at
        self.value = value
        self.outer = outer
        self.source = source


class DynamicDefinition:
    """`${name} = value;`."""

    __slots__ = ("at", "name", "value")

    def __init__(self, at: int, name: Node, value: Node) -> None:
        self.at = at
        self.name = name
        self.value = value


class Attrs(Node):
    """`{ … }` or `rec { … }`: nested paths are merged and duplicates refused when it is built."""

    __slots__ = ("definitions", "dynamic", "is_recursive", "sources")

    def __init__(self, at: int, *, is_recursive: bool = False) -> None:
        self.at = at
        self.is_recursive = is_recursive
        self.definitions: dict[str, Definition] = {}
        self.dynamic: list[DynamicDefinition] = []
        self.sources: list[Node] = []


class Let(Node):
    """`let bindings in body`."""

    __slots__ = ("bindings", "body")

    def __init__(self, at: int, bindings: Attrs, body: Node) -> None:
        self.at = at
        self.bindings = bindings
        self.body = body


class Formal:
    """One name of an argument pattern."""

    __slots__ = ("at", "default", "name")

    def __init__(self, at: int, name: str, default: Node | None) -> None:
        self.at = at
        self.name = name
        self.default = default


class Formals:
    """An argument pattern: `{ a, b ? 1, ... }`."""

    __slots__ = ("at", "is_open", "members")

    def __init__(self, at: int, members: list[Formal], is_open: bool) -> None:
        self.at = at
        self.members = members
        self.is_open = is_open


class Function(Node):
    """`parameter: body`, `{ formals }: body`, `parameter@{ formals }: body`; `name` is what it is bound to."""

    __slots__ = ("body", "formals", "name", "parameter")

    def __init__(self, at: int, parameter: str | None, formals: Formals | None, body: Node) -> None:
        self.at = at
        self.name: str | None = None
        self.parameter = parameter
        self.formals = formals
        self.body = body
