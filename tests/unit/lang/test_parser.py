"""The parser: precedence, merging of nested sets, duplicates, and the committed tables."""

from __future__ import annotations

from pathlib import Path

import pytest

import osconf.lang
from osconf.errors import SyntaxFailure
from osconf.lang.generate_tables import render_tables
from osconf.lang.nodes import Attrs, Binary, Call, HasAttr, Let, Literal, Negate, Node, Not, Select, Variable
from osconf.lang.parser import parse
from osconf.lang.primops import index
from osconf.lang.primops.generate_index import render_index
from osconf.lang.source import Source


def shape(node: Node) -> str:
    """The grouping of an expression, with parentheses."""
    match node:
        case Binary():
            return f"({shape(node.left)} {node.operator} {shape(node.right)})"
        case Not():
            return f"(! {shape(node.operand)})"
        case Negate():
            return f"(- {shape(node.operand)})"
        case HasAttr():
            return f"({shape(node.subject)} ? {'.'.join(map(str, node.path))})"
        case Call():
            return f"({' '.join(map(shape, [node.function, *node.arguments]))})"
        case Select():
            return f"{shape(node.subject)}.{'.'.join(map(str, node.path))}"
        case Literal():
            return str(node.value)
        case Variable():
            return node.name
    return type(node).__name__


def read(text: str, *, pipes: bool = False) -> Node:
    return parse(Source("«test»", text), pipes=pipes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("a // b // c", "(a // (b // c))"),
        ("a ++ b ++ c", "(a ++ (b ++ c))"),
        ("a -> b -> c", "(a -> (b -> c))"),
        ("a || b && c", "(a || (b && c))"),
        ("!a ? b", "(! (a ? b))"),
        ("-a ? b", "((- a) ? b)"),
        ("!a == b", "((! a) == b)"),
        ("-a * b", "((- a) * b)"),
        ("a * !b + c", "(a * (! (b + c)))"),
        ("f x y + g z", "((f x y) + (g z))"),
        ("f -x", "(f - x)"),
        ("a.b.c d", "(a.b.c d)"),
        ("a == b && c != d", "((a == b) && (c != d))"),
        ("a < b == c", "((a < b) == c)"),
        ("f or x", "((f or) x)"),
    ],
)
def test_grouping(text: str, expected: str) -> None:
    assert shape(read(text)) == expected


def test_pipes_need_to_be_allowed() -> None:
    assert shape(read("a |> f |> g", pipes=True)) == "(g (f a))"
    assert shape(read("g <| f <| a", pipes=True)) == "(g (f a))"
    assert shape(read("a -> b |> f", pipes=True)) == "(f (a -> b))"
    for text in ("a |> f <| b", "a <| f |> b"):
        with pytest.raises(SyntaxFailure):
            read(text, pipes=True)
    with pytest.raises(SyntaxFailure, match="pipe-operators"):
        read("a |> f")


@pytest.mark.parametrize("text", ["1 < 2 < 3", "1 == 2 == 3", "a ? b ? c", "[ x: x ]", "{ a, a }: a", "a@{ a }: a"])
def test_refused(text: str) -> None:
    with pytest.raises(SyntaxFailure):
        read(text)


def test_nested_paths_are_merged() -> None:
    node = read("{ a.b = 1; a.c = 2; a = { d = 3; }; inherit (x) y; inherit z; ${q} = 1; }")
    assert isinstance(node, Attrs)
    inner = node.definitions["a"].value
    assert isinstance(inner, Attrs)
    assert list(inner.definitions) == ["b", "c", "d"]
    assert node.definitions["y"].source == 0
    assert node.definitions["z"].outer
    assert len(node.dynamic) == 1


@pytest.mark.parametrize(
    "text",
    [
        "{ a = 1; a = 2; }",
        "{ a.b = 1; a.b = 2; }",
        "{ a = 1; a.b = 2; }",
        "{ inherit a; a = 1; }",
        "{ inherit a; inherit (b) a; }",
        "{ a = { b = 1; }; a.b = 2; }",
        "{ a.b.c = 1; a = { b.d = 2; }; }",
        "let a = 1; a = 2; in a",
    ],
)
def test_duplicates_are_refused(text: str) -> None:
    with pytest.raises(SyntaxFailure, match="already defined") as caught:
        read(text)
    assert caught.value.code == "duplicate-attribute"


def test_static_names_in_quotes_are_names() -> None:
    node = read('let "a b" = 1; ${"c"} = 2; in 1')
    assert isinstance(node, Let)
    assert list(node.bindings.definitions) == ["a b", "c"]


def test_the_committed_tables_are_those_of_the_grammar() -> None:
    folder = Path(osconf.lang.__path__[0])
    made = render_tables((folder / "grammar.lark").read_text())
    assert made == (folder / "tables.py").read_text(), "run `make tables`"


def test_the_committed_index_names_every_builtin() -> None:
    made = render_index()
    assert made == Path(index.__file__).read_text(), "run `make tables`"
