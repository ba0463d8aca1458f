"""The table driver and one action per rule of grammar.lark: from terminals to the tree.

A terminal on the value stack is `(value, offset)`. An attribute of a path is `(name or expression, offset)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from osconf.errors import SyntaxFailure
from osconf.lang.attributes import add_definition, define_nested
from osconf.lang.indentation import Piece, strip_indentation
from osconf.lang.lexer import Lexer
from osconf.lang.nodes import (
    Assert,
    AttrName,
    Attrs,
    Call,
    Definition,
    Formal,
    Formals,
    Function,
    If,
    Interpolation,
    Let,
    ListNode,
    Literal,
    Node,
    PathLiteral,
    SearchPath,
    Select,
    Variable,
    With,
)
from osconf.lang.precedence import RowItem, group_row
from osconf.lang.source import Source
from osconf.lang.tables import ACTIONS, END, RULES, START

Values = list[Any]
Attribute = tuple[AttrName, int]


def parse(source: Source, *, pipes: bool = False, no_urls: bool = False, is_split: bool = False) -> Node:
    """The tree of a text; `pipes` allows the experimental pipe operators. Raises SyntaxFailure.

    `no_urls` refuses addresses without quotes. `is_split` keeps the pieces of an indented string apart at its escapes,
    as Nix does when it prints a tree.
    """
    return _Parser(source, pipes, no_urls, is_split).run()


_CHAINS: dict[tuple[int, int, str], tuple[int, tuple[int, ...]]] = {}
"""What `_follow_chain` found out."""
_NO_OPERATOR = ("__", "application", "operand", "row", "operator_expression")


def _follow_chain(below: int, action: int, kind: str) -> tuple[int, tuple[int, ...]]:
    """Where the reductions of one value lead that begin with `action` over the state `below`, and the rules that act.

    The grammar has many rules between an operand and an expression. For an operand alone they do nothing.
    """
    key = below, action, kind
    rules: list[int] = []
    while True:
        rules.append(~action)
        state = ACTIONS[below][RULES[~action][0]]
        next_action = None if state == END and kind == "$END" else ACTIONS[state].get(kind)
        if next_action is None or next_action >= 0 or RULES[~next_action][1] != 1:
            break
        action = next_action
    acting = [rule for rule in rules if RULES[rule][2] not in ("", "start")]
    names = [RULES[rule][2] for rule in acting]
    for at in range(len(names) - len(_NO_OPERATOR) + 1):
        if all(name.startswith(known) for name, known in zip(names[at:], _NO_OPERATOR, strict=False)):
            del acting[at : at + len(_NO_OPERATOR)]
            break
    _CHAINS[key] = state, tuple(acting)
    return _CHAINS[key]


class _Repeated(list[Any]):
    """What a repetition in the grammar has collected so far."""


class _Parser:
    def __init__(self, source: Source, pipes: bool, no_urls: bool, is_split: bool) -> None:
        self.source = source
        self.pipes = pipes
        self.no_urls = no_urls
        self.is_split = is_split
        self.actions = [self._action_of(*rule) for rule in RULES]

    def run(self) -> Node:
        """Drive the tables over the terminals."""
        tokens = Lexer(self.source).run()
        states = [START]
        values: Values = []
        row = ACTIONS[START]
        actions = self.actions
        for kind, value, offset in zip(tokens.kinds, tokens.values, tokens.offsets, strict=True):
            while True:
                action = row.get(kind)
                if action is None:
                    self._fail_unexpected(kind, value, offset, states, tokens)
                if action >= 0:
                    states.append(action)
                    row = ACTIONS[action]
                    values.append((value, offset))
                    break
                origin, length, function = actions[~action]
                if length == 1:
                    chain = _CHAINS.get((states[-2], action, kind))
                    if chain is None:
                        chain = _follow_chain(states[-2], action, kind)
                    state, rules = chain
                    for rule in rules:
                        values[-1] = actions[rule][2](values[-1:])  # type: ignore[misc]
                    if state == END and kind == "$END":
                        break
                    states[-1] = state
                    row = ACTIONS[state]
                    continue
                if length:
                    arguments = values[-length:]
                    del values[-length:]
                    del states[-length:]
                    values.append(function(arguments))  # type: ignore[misc]
                else:
                    values.append(function([]))  # type: ignore[misc]
                state = ACTIONS[states[-1]][origin]
                if state == END and kind == "$END":
                    break
                states.append(state)
                row = ACTIONS[state]
        # The actions are bound to this object: without them it and the tree go as soon as nobody needs them.
        self.actions = []
        result: Node = values[-1]
        return result

    def _action_of(self, origin: str, length: int, name: str) -> tuple[str, int, Callable[[Values], Any] | None]:
        if not name or name == "start":
            return origin, length, None
        if name.startswith("__"):
            return origin, length, _repeat
        return origin, length, getattr(self, name)

    # -- mistakes ------------------------------------------------------------------------------------------------------

    def _fail(self, message: str, offset: int, hint: str | None = None) -> NoReturn:
        raise SyntaxFailure(message, position=self.source.position(offset), hint=hint)

    def _fail_unexpected(self, kind: str, value: Any, offset: int, states: list[int], tokens: Lexer) -> NoReturn:
        from osconf.lang.expected import acceptable_kinds, describe_failure, place_of_semicolon
        from osconf.lang.syntax_advice import advise_syntax

        place = place_of_semicolon(tokens, self.source.text, offset, states)
        if place is not None:
            self._fail("syntax error, expecting ';' after this", place)
        kinds = acceptable_kinds(states)
        hint = advise_syntax(kinds, kind, offset, tokens, self.source)
        if kind == "$END":
            # An empty line at the end shows nothing; the last thing that is written does.
            offset = len(self.source.text.rstrip())
        self._fail(describe_failure(kinds, kind, value), offset, hint)

    def _refuse_operator(self, operator: str, offset: int) -> NoReturn:
        self._fail(
            f"syntax error, unexpected '{operator}': this operator cannot be chained",
            offset,
            "say what you mean with parentheses",
        )

    # -- functions and other expressions -------------------------------------------------------------------------------

    def function_of_name(self, v: Values) -> Node:
        return Function(v[0][1], v[0][0], None, v[2])

    def function_of_pattern(self, v: Values) -> Node:
        return Function(v[0].at, None, v[0], v[2])

    def function_of_pattern_at_name(self, v: Values) -> Node:
        return self._function_with_both(v[0].at, v[2], v[0], v[4])

    def function_of_name_at_pattern(self, v: Values) -> Node:
        return self._function_with_both(v[0][1], v[0], v[2], v[4])

    def _function_with_both(self, at: int, name: tuple[str, int], formals: Formals, body: Node) -> Node:
        if any(member.name == name[0] for member in formals.members):
            self._fail(f"duplicate formal function argument '{name[0]}'", name[1])
        return Function(at, name[0], formals, body)

    def assertion(self, v: Values) -> Node:
        start = v[0][1] + len("assert")
        return Assert(v[0][1], v[1], v[3], self.source.text[start : v[2][1]].strip())

    def with_(self, v: Values) -> Node:
        return With(v[0][1], v[1], v[3])

    def let(self, v: Values) -> Node:
        if v[1].dynamic:
            self._fail("dynamic attributes not allowed in let", v[1].dynamic[0].at)
        return Let(v[0][1], v[1], v[3])

    def legacy_let(self, v: Values) -> Node:
        v[2].at = v[0][1]
        v[2].is_recursive = True
        return Select(v[0][1], v[2], ["body"], [v[0][1]])

    def conditional(self, v: Values) -> Node:
        return If(v[0][1], v[1], v[3], v[5])

    # -- operators -----------------------------------------------------------------------------------------------------

    def operator_expression(self, v: Values) -> Node:
        row: list[RowItem] = v[0]
        if len(row) == 1 and isinstance(row[0], Node):
            return row[0]
        return group_row(row, self._refuse_operator)

    def row(self, v: Values) -> list[RowItem]:
        if len(v) == 1:
            return v[0]  # type: ignore[no-any-return]
        operand, (operator, at), rest = v
        if operator in {"|>", "<|"} and not self.pipes:
            self._fail(
                "experimental Nix feature 'pipe-operators' is disabled; "
                "add '--extra-experimental-features pipe-operators' to enable it",
                at,
            )
        rest.append((operator, at, []))
        rest.extend(operand)
        return rest  # type: ignore[no-any-return]

    def operator(self, v: Values) -> Any:
        return v[0]

    def operand(self, v: Values) -> list[RowItem]:
        if len(v) == 1:
            return [v[0]]
        if len(v) == 3:
            return [("?", v[1][1], [name for name, _ in v[2]]), v[0]]
        v[1].append((v[0][0], v[0][1], []))
        return v[1]  # type: ignore[no-any-return]

    def application(self, v: Values) -> Node:
        parts = v[0]
        return parts[0] if len(parts) == 1 else Call(parts[0].at, parts[0], parts[1:])

    def selection(self, v: Values) -> Node:
        return Select(v[0].at, v[0], [name for name, _ in v[2]], [at for _, at in v[2]])

    def selection_or_default(self, v: Values) -> Node:
        return Select(v[0].at, v[0], [name for name, _ in v[2]], [at for _, at in v[2]], v[4])

    def call_with_or(self, v: Values) -> Node:
        return Call(v[0].at, v[0], [Variable(v[1][1], "or")])

    # -- simple expressions --------------------------------------------------------------------------------------------

    def variable(self, v: Values) -> Node:
        return Variable(v[0][1], v[0][0])

    def integer(self, v: Values) -> Node:
        return Literal(v[0][1], v[0][0])

    float = plain_string = integer

    def uri(self, v: Values) -> Node:
        if self.no_urls:
            self._fail("URL literals are disabled", v[0][1], "write the address in quotes")
        return Literal(v[0][1], v[0][0])

    def string(self, v: Values) -> Node:
        return _string_of(v[0][1], v[1])

    def indented_string(self, v: Values) -> Node:
        pieces: list[Piece] = v[1]
        return _string_of(v[0][1], strip_indentation(pieces), is_split=self.is_split)

    def path(self, v: Values) -> Node:
        return PathLiteral(v[0][1], v[0][0])

    def interpolated_path(self, v: Values) -> Node:
        return PathLiteral(v[0][1], v[0][0], v[1])

    def search_path(self, v: Values) -> Node:
        return SearchPath(v[0][1], v[0][0])

    def parenthesised(self, v: Values) -> Node:
        return v[1]  # type: ignore[no-any-return]

    def empty_set(self, v: Values) -> Node:
        return Attrs(v[0][1])

    def set(self, v: Values) -> Node:
        v[1].at = v[0][1]
        return v[1]  # type: ignore[no-any-return]

    def recursive_set(self, v: Values) -> Node:
        v[2].at = v[0][1]
        v[2].is_recursive = True
        return v[2]  # type: ignore[no-any-return]

    def list(self, v: Values) -> Node:
        return ListNode(v[0][1], v[1])

    def members(self, v: Values) -> Any:
        return [*v[0]] if v else []

    pieces = attributes = members

    def text(self, v: Values) -> Any:
        return v[0][0]

    def interpolation(self, v: Values) -> Any:
        return v[1]

    # -- bindings ------------------------------------------------------------------------------------------------------

    def bindings(self, v: Values) -> Attrs:
        attrs = Attrs(0)
        if v:
            for add in v[0]:
                add(attrs)
        return attrs

    some_bindings = bindings

    def bind(self, v: Values) -> Callable[[Attrs], None]:
        path, value = v[0], v[2]
        return lambda attrs: define_nested(attrs, path, value, self.source)

    def inherit(self, v: Values) -> Callable[[Attrs], None]:
        names = self._static_names(v[1])

        def add(attrs: Attrs) -> None:
            for name, at in names:
                add_definition(attrs, name, Definition(at, outer=True), self.source)

        return add

    def inherit_from(self, v: Values) -> Callable[[Attrs], None]:
        names, subject = self._static_names(v[4]), v[2]

        def add(attrs: Attrs) -> None:
            attrs.sources.append(subject)
            for name, at in names:
                add_definition(attrs, name, Definition(at, source=len(attrs.sources) - 1), self.source)

        return add

    def _static_names(self, attributes: Any) -> Any:
        for name, at in attributes:
            if not isinstance(name, str):
                self._fail("dynamic attributes not allowed in inherit", at)
        return attributes

    def attribute_path(self, v: Values) -> Any:
        if len(v) == 1:
            return [v[0]]
        v[0].append(v[2])
        return v[0]

    def attribute_name(self, v: Values) -> Attribute:
        return v[0]  # type: ignore[no-any-return]

    def attribute_string(self, v: Values) -> Attribute:
        return _static_name(_string_of(v[0][1], v[1])), v[0][1]

    def attribute_expression(self, v: Values) -> Attribute:
        return _static_name(v[1]), v[0][1]

    # -- argument patterns ---------------------------------------------------------------------------------------------

    def no_formals(self, v: Values) -> Formals:
        return Formals(v[0][1], [], False)

    def formals(self, v: Values) -> Formals:
        members = v[1]
        is_open = members[-1] is None
        if is_open:
            members = members[:-1]
        seen: dict[str, None] = {}
        for member in members:
            if member.name in seen:
                self._fail(f"duplicate formal function argument '{member.name}'", member.at)
            seen[member.name] = None
        return Formals(v[0][1], members, is_open)

    def formal_list(self, v: Values) -> Any:
        if len(v) == 3:
            return [v[0], *v[2]]
        return [v[0] if isinstance(v[0], Formal) else None]

    def formal(self, v: Values) -> Formal:
        return Formal(v[0][1], v[0][0], v[2] if len(v) == 3 else None)


def _repeat(values: Values) -> _Repeated:
    if type(values[0]) is _Repeated:
        values[0].extend(values[1:])
        return values[0]
    return _Repeated(values)


def _string_of(at: int, pieces: Any, *, is_split: bool = False) -> Node:
    parts: list[str | Node] = []
    for piece in pieces:
        if isinstance(piece, str) and not is_split and parts and isinstance(parts[-1], str):
            parts[-1] += piece
        elif not isinstance(piece, str) or piece:
            parts.append(piece)
    if not parts:
        return Literal(at, "")
    if len(parts) == 1 and isinstance(parts[0], str):
        return Literal(at, parts[0])
    return Interpolation(at, parts)


def _static_name(node: Node) -> AttrName:
    if isinstance(node, Literal) and isinstance(node.value, str):
        return node.value
    return node
