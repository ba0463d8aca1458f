"""A syntax tree as text: what the parser understood, written as `nix-instantiate --parse` writes it.

Everything is in parentheses, names are sorted, paths absolute, and what is only another notation is gone.
"""

from __future__ import annotations

from osconf.lang.coercion import canonical_path
from osconf.lang.nodes import (
    Assert,
    AttrName,
    Attrs,
    Binary,
    Call,
    Definition,
    Formals,
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
from osconf.lang.show import quote_name, quote_string

_PRIMOPS = {"-": "__sub", "*": "__mul", "/": "__div"}
_CALLS = frozenset((*_PRIMOPS, "<", ">"))


def write_syntax(tree: Node, base_dir: str, home: str) -> str:
    """The text, as the language writes strings; `base_dir` and `home` are where relative paths begin."""
    return _Writer(base_dir, home).expression(tree)


class _Writer:
    def __init__(self, base_dir: str, home: str) -> None:
        self.base_dir = base_dir
        self.home = home

    def expression(self, node: Node) -> str:
        match node:
            case Literal():
                return self.literal(node.value)
            case Variable():
                return node.name
            case PathLiteral():
                parts = [self.path(node.text), *(self.part(part) for part in node.parts)]
                return f"({' + '.join(parts)})" if node.parts else parts[0]
            case Interpolation():
                return f"({' + '.join(self.part(part) for part in node.parts)})"
            case SearchPath():
                return f"(__findFile __nixPath {quote_string(node.name)})"
            case Select():
                default = f" or ({self.expression(node.default)})" if node.default is not None else ""
                return f"({self.expression(node.subject)}).{self.attr_path(node.path)}{default}"
            case HasAttr():
                return f"(({self.expression(node.subject)}) ? {self.attr_path(node.path)})"
            case Call():
                return self.call(node)
            case Not():
                return f"(! {self.expression(node.operand)})"
            case Negate():
                return f"(__sub 0 {self.expression(node.operand)})"
            case Binary():
                return self.binary(node.operator, self.expression(node.left), self.expression(node.right))
            case If():
                parts = [self.expression(part) for part in (node.condition, node.consequence, node.alternative)]
                return "(if {} then {} else {})".format(*parts)
            case With():
                return f"(with {self.expression(node.scope)}; {self.expression(node.body)})"
            case Assert():
                return f"assert {self.expression(node.condition)}; {self.expression(node.body)}"
            case ListNode():
                return f"[ {''.join(f'({self.expression(member)}) ' for member in node.members)}]"
            case Attrs():
                return f"{'rec ' if node.is_recursive else ''}{{ {self.bindings(node)}}}"
            case Let():
                return f"(let {self.bindings(node.bindings)}in {self.expression(node.body)})"
            case Function():
                return f"({self.parameters(node)}: {self.expression(node.body)})"
        raise TypeError(f"no syntax is known for {type(node).__name__}")

    def literal(self, value: float | str) -> str:
        if isinstance(value, str):
            return quote_string(value)
        return f"{value:g}" if isinstance(value, float) else str(value)

    def part(self, part: str | Node) -> str:
        return quote_string(part) if isinstance(part, str) else self.expression(part)

    def path(self, text: str) -> str:
        if text.startswith("~"):
            return self.home + text[1:]
        path = canonical_path(text if text.startswith("/") else f"{self.base_dir}/{text}")
        return path + "/" if text.endswith("/") and path != "/" else path

    def attr_path(self, path: list[AttrName]) -> str:
        return ".".join(
            quote_name(name) if isinstance(name, str) else f'"${{{self.expression(name)}}}"' for name in path
        )

    def call(self, node: Call) -> str:
        function = self.expression(node.function)
        if self.is_call(node.function):
            function = function[1:-1]
        return f"({' '.join((function, *map(self.expression, node.arguments)))})"

    @staticmethod
    def is_call(node: Node) -> bool:
        """Whether Nix makes a call of it, which takes further arguments."""
        return isinstance(node, Call | Negate | SearchPath) or (isinstance(node, Binary) and node.operator in _CALLS)

    def binary(self, operator: str, left: str, right: str) -> str:
        if operator in _PRIMOPS:
            return f"({_PRIMOPS[operator]} {left} {right})"
        match operator:
            case "<":
                return f"(__lessThan {left} {right})"
            case ">":
                return f"(__lessThan {right} {left})"
            case "<=":
                return f"(! (__lessThan {right} {left}))"
            case ">=":
                return f"(! (__lessThan {left} {right}))"
        return f"({left} {operator} {right})"

    def bindings(self, attrs: Attrs) -> str:
        outer: list[str] = []
        inherited: dict[int, list[str]] = {}
        own: list[str] = []
        for name in sorted(attrs.definitions):
            definition: Definition = attrs.definitions[name]
            if definition.outer:
                outer.append(quote_name(name))
            elif definition.value is None:
                inherited.setdefault(definition.source, []).append(quote_name(name))
            else:
                own.append(f"{quote_name(name)} = {self.expression(definition.value)}; ")
        parts = [f"inherit {' '.join(outer)}; "] if outer else []
        parts += [
            f"inherit ({self.expression(attrs.sources[source])}) {' '.join(inherited[source])}; "
            for source in sorted(inherited)
        ]
        parts += own
        parts += [
            f'"${{{self.expression(dynamic.name)}}}" = {self.expression(dynamic.value)}; ' for dynamic in attrs.dynamic
        ]
        return "".join(parts)

    def parameters(self, function: Function) -> str:
        if function.formals is None:
            return function.parameter or ""
        shown = self.formals(function.formals)
        return f"{shown} @ {function.parameter}" if function.parameter is not None else shown

    def formals(self, formals: Formals) -> str:
        members = [
            formal.name if formal.default is None else f"{formal.name} ? {self.expression(formal.default)}"
            for formal in sorted(formals.members, key=lambda formal: formal.name)
        ]
        return f"{{ {', '.join([*members, '...'] if formals.is_open else members)} }}"
