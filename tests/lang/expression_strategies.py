"""Random expressions of the language, mostly well typed, for comparing two evaluators.

An expression is text. `Environment` lists the variables in scope by type, so that most expressions mean something;
about one in sixty parts is of a wrong type on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from hypothesis import strategies as st

Draw: TypeAlias = Callable[[st.SearchStrategy], object]
Environment: TypeAlias = dict[str, list[str]]

_TYPES = ("int", "bool", "string", "list", "attrs", "function", "float", "null")
_NAMES = ("a", "b", "c", "x", "y", "foo", "bar'", "q-r")
_ATTRS = ("a", "b", "c", "foo", "two words", "if")
_TEXTS = ("", "a", "foo", "b-1", "é", "$", "x y", "''", "\\n", "1.2")


def quote(text: str) -> str:
    """A string literal."""
    return '"' + text.replace("\\n", "\n").replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${") + '"'


def attribute(name: str) -> str:
    """An attribute name as it is written."""
    return quote(name) if " " in name or name == "if" else name


class Builder:
    """Draws one expression; the methods are named after the type of the result."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def pick(self, options: tuple[str, ...] | list[str]) -> str:
        """One of several."""
        return self.draw(st.sampled_from(options))  # type: ignore[return-value]

    def number(self, least: int, most: int) -> int:
        """An integer in a range."""
        return self.draw(st.integers(least, most))  # type: ignore[return-value]

    def expression(self, kind: str, scope: Environment, depth: int) -> str:
        """An expression of a type."""
        if self.number(0, 60) == 0:
            kind = self.pick(_TYPES)
        if depth <= 0:
            known = scope.get(kind, [])
            if known and self.number(0, 1):
                return self.pick(known)
            return self.leaf(kind)
        if self.number(0, 2) == 0:
            return self.general(kind, scope, depth - 1)
        return str(getattr(self, f"of_{kind}")(scope, depth - 1))

    def leaf(self, kind: str) -> str:
        """A literal of a type."""
        match kind:
            case "int":
                return self.pick(["0", "1", "2", "7", "(-3)", "1000003"])
            case "bool":
                return self.pick(["true", "false"])
            case "string":
                return quote(self.pick(_TEXTS))
            case "list":
                return self.pick(["[ ]", "[ 1 2 ]", "[ 3 1 2 ]", '[ "a" ]'])
            case "attrs":
                return self.pick(["{ }", "{ a = 1; }", "{ a = 2; b = 3; }", "rec { a = 1; b = a; }"])
            case "function":
                return self.pick(["(x: x)", "(x: 1)", "({ a ? 1, ... }: a)", "(x: y: x)"])
            case "float":
                return self.pick(["0.5", "1.0", "1.25e3", ".5"])
        return "null"

    def general(self, kind: str, scope: Environment, depth: int) -> str:
        """Constructs that give a value of any type."""
        form = self.number(0, 11)
        other = self.pick(_TYPES)
        name = self.pick(_NAMES)
        inner = {**scope, kind: [*scope.get(kind, []), name]}
        inner = {k: [v for v in names if v != name] if k != kind else names for k, names in inner.items()}
        value = self.expression(kind, scope, depth)
        key = self.pick(_ATTRS)
        match form:
            case 0 | 1:
                return f"(let {name} = {value}; in {self.expression(kind, inner, depth)})"
            case 2:
                condition = self.expression("bool", scope, depth)
                return f"(if {condition} then {value} else {self.expression(kind, scope, depth)})"
            case 3:
                return f"({{ {attribute(key)} = {value}; }}.{attribute(key)})"
            case 4:
                return f"({self.expression('attrs', scope, depth)}.{attribute(key)} or {value})"
            case 5:
                return f"(({name}: {self.expression(kind, inner, depth)}) {value})"
            case 6:
                default = self.expression(kind, inner, depth)
                given = self.pick(["", f"{name} = {value};"])
                return f"(({{ {name} ? {value}, foo2 ? {default} }}@args: foo2) {{ {given} }})"
            case 7:
                return f"(with {{ {name} = {value}; }}; {name})"
            case 8:
                return f"(assert {self.expression('bool', scope, depth)}; {value})"
            case 9:
                return f"(builtins.head [ {value} {self.expression(other, scope, depth)} ])"
            case 10:
                body = self.expression(kind, inner, depth)
                return f"(rec {{ {name} = {value}; r0 = {body}; inherit ({{ z = {name}; }}) z; }}.r0)"
        return f"(builtins.seq {self.expression(other, scope, depth)} {value})"

    def of_int(self, scope: Environment, depth: int) -> str:
        one, two = self.expression("int", scope, depth), self.expression("int", scope, depth)
        return self.pick(
            [
                f"({one} {self.pick(['+', '-', '*', '/'])} {two})",
                f"(-{one})",
                f"(builtins.length {self.expression('list', scope, depth)})",
                f"(builtins.stringLength {self.expression('string', scope, depth)})",
                f"(builtins.foldl' (u: v: u + v) {one} [ {two} 1 ])",
                f"(let go = n: t: if n <= 0 then t else go (n - 1) (t + {one}); in go 3 {two})",
                f"({self.expression('function', scope, depth)} {one})",
            ]
        )

    def of_bool(self, scope: Environment, depth: int) -> str:
        kind = self.pick(_TYPES)
        one, two = self.expression(kind, scope, depth), self.expression(kind, scope, depth)
        p, q = self.expression("bool", scope, depth), self.expression("bool", scope, depth)
        ordered = self.pick(["int", "string", "float"])
        return self.pick(
            [
                f"({one} {self.pick(['==', '!='])} {two})",
                f"({p} {self.pick(['&&', '||', '->'])} {q})",
                f"(!{p})",
                f"({self.expression(ordered, scope, depth)} {self.pick(['<', '<=', '>', '>='])} "
                f"{self.expression(ordered, scope, depth)})",
                f"({self.expression('attrs', scope, depth)} ? {attribute(self.pick(_ATTRS))})",
                f"(builtins.isFunction {one})",
                f"(builtins.elem {one} [ {two} {one} ])",
                f"({{ a.b = {one}; }} ? a.{self.pick(['b', 'c', 'b.c'])})",
            ]
        )

    def of_string(self, scope: Environment, depth: int) -> str:
        one, two = self.expression("string", scope, depth), self.expression("string", scope, depth)
        return self.pick(
            [
                f'"{self.pick(["", "p ", "$", "$$"])}${{{one}}}{self.pick(["", " q", "$"])}"',
                f"({one} + {two})",
                f"''\n    {self.pick(['u', ' v', ''])}\n      ${{{one}}} w\n  ''",
                f"(toString {self.expression(self.pick(['int', 'bool', 'list', 'string']), scope, depth)})",
                f"(builtins.substring {self.number(0, 2)} {self.number(-1, 3)} {one})",
                f"(builtins.concatStringsSep {one} [ {two} {one} ])",
                f"(builtins.typeOf {self.expression(self.pick(_TYPES), scope, depth)})",
                f'"${{{{ __toString = self: self.v + {one}; v = {two}; }}}}"',
            ]
        )

    def of_list(self, scope: Environment, depth: int) -> str:
        members = " ".join(self.expression(self.pick(_TYPES), scope, depth) for _ in range(self.number(0, 3)))
        one = self.expression("list", scope, depth)
        return self.pick(
            [
                f"[ {members} ]",
                f"({one} ++ [ {members} ])",
                f"(map (v: [ v ]) {one})",
                f"(builtins.attrNames {self.expression('attrs', scope, depth)})",
                f"(builtins.genList (i: i * 2) {self.number(0, 3)})",
                f"(builtins.filter (v: builtins.isInt v) {one})",
            ]
        )

    def of_attrs(self, scope: Environment, depth: int) -> str:
        one, two = self.pick(_ATTRS), self.pick(_ATTRS)
        kind = self.pick(_TYPES)
        value, other = self.expression(kind, scope, depth), self.expression("int", scope, depth)
        known = [v for names in scope.values() for v in names]
        inherit = f"inherit {self.pick(known)};" if known else ""
        return self.pick(
            [
                f"{{ {attribute(one)} = {value}; }}",
                f"{{ z1.{attribute(one)} = {value}; z1.z2 = {other}; {inherit} }}",
                f"({self.expression('attrs', scope, depth)} // {{ {attribute(one)} = {value}; }})",
                f"{{ ${{{self.expression('string', scope, depth)}}} = {value}; }}",
                f"rec {{ r1 = {value}; r2 = r1; r3 = [ r2 {other} ]; }}",
                f"(builtins.mapAttrs (n: v: [ n v ]) {self.expression('attrs', scope, depth)})",
                f"(builtins.removeAttrs {self.expression('attrs', scope, depth)} [ {quote(two)} ])",
                f"(builtins.listToAttrs [ {{ name = {quote(one)}; value = {value}; }} ])",
            ]
        )

    def of_function(self, scope: Environment, depth: int) -> str:
        name = self.pick(_NAMES)
        kind = self.pick(_TYPES)
        inner = {k: [v for v in names if v != name] for k, names in scope.items()}
        inner["int"] = [*inner.get("int", []), name]
        body = self.expression("int", inner, depth)
        return self.pick(
            [
                f"({name}: {body})",
                f"(builtins.add {self.expression('int', scope, depth)})",
                f"{{ __functor = self: {name}: {body}; }}",
                f"(let f = k: {name}: {body}; in f {self.expression(kind, scope, depth)})",
            ]
        )

    def of_float(self, scope: Environment, depth: int) -> str:
        one = self.expression(self.pick(["float", "int"]), scope, depth)
        return f"({self.expression('float', scope, depth)} {self.pick(['+', '-', '*'])} {one})"

    def of_null(self, scope: Environment, depth: int) -> str:
        return "null"


@st.composite
def expressions(draw: Draw, depth: int = 4) -> str:
    """One closed expression."""
    builder = Builder(draw)
    return builder.expression(builder.pick(_TYPES), {}, draw(st.integers(1, depth)))  # type: ignore[arg-type]
