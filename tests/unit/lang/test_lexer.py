"""The lexer takes the longest match, and knows where it is inside strings and paths."""

from __future__ import annotations

import pytest

from osconf.errors import SyntaxFailure
from osconf.lang.lexer import Lexer
from osconf.lang.source import Source


def tokens(text: str) -> list[tuple[str, object]]:
    lexer = Lexer(Source("«test»", text)).run()
    assert lexer.kinds.pop() == "$END"
    return list(zip(lexer.kinds, lexer.values, strict=False))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b", [("ID", "a"), ("DOT", "."), ("ID", "b")]),
        ("a/b", [("PATH", "a/b")]),
        ("a / b", [("ID", "a"), ("OPERATOR", "/"), ("ID", "b")]),
        ("a /b", [("ID", "a"), ("PATH", "/b")]),
        ("1/2", [("PATH", "1/2")]),
        ("a-b", [("ID", "a-b")]),
        ("a -b", [("ID", "a"), ("MINUS", "-"), ("ID", "b")]),
        ("x:y", [("URI", "x:y")]),
        ("x: y", [("ID", "x"), ("COLON", ":"), ("ID", "y")]),
        ("1.5e3", [("FLOAT", 1500.0)]),
        (".5", [("FLOAT", 0.5)]),
        ("1 . 5", [("INT", 1), ("DOT", "."), ("INT", 5)]),
        ("00.5", [("INT", 0), ("FLOAT", 0.5)]),
        ("<a/b>", [("SEARCH_PATH", "a/b")]),
        ("a<b", [("ID", "a"), ("OPERATOR", "<"), ("ID", "b")]),
        ("a->b", [("ID", "a-"), ("OPERATOR", ">"), ("ID", "b")]),
        ("~/x", [("PATH", "~/x")]),
        ("...", [("ELLIPSIS", "...")]),
        ("../x", [("PATH", "../x")]),
        ("a//b", [("ID", "a"), ("OPERATOR", "//"), ("ID", "b")]),
        ("a' if or", [("ID", "a'"), ("IF", "if"), ("OR", "or")]),
        ("a # c\n/* d * */ b", [("ID", "a"), ("ID", "b")]),
        ("a|>b", [("ID", "a"), ("OPERATOR", "|>"), ("ID", "b")]),
    ],
)
def test_words(text: str, expected: list[tuple[str, object]]) -> None:
    assert tokens(text) == expected


def test_a_string_with_interpolation_comes_back_to_the_string() -> None:
    kinds = [kind for kind, _ in tokens('"a${ { b = "c${d}"; } }e"')]
    assert kinds == [
        *("QUOTE", "TEXT", "DOLLAR_BRACE", "LEFT_BRACE", "ID", "EQUALS", "QUOTE", "TEXT", "DOLLAR_BRACE", "ID"),
        *("RIGHT_BRACE", "STRING_END", "SEMICOLON", "RIGHT_BRACE", "RIGHT_BRACE", "TEXT", "STRING_END"),
    ]


def test_an_interpolated_path_ends_where_its_characters_end() -> None:
    assert tokens("./a/${b}-c/d e") == [
        *[("PATH_START", "./a/"), ("DOLLAR_BRACE", "${"), ("ID", "b"), ("RIGHT_BRACE", "}"), ("TEXT", "-c/d")],
        *[("PATH_END", None), ("ID", "e")],
    ]


def test_escapes_of_indented_strings_do_not_count_as_indentation() -> None:
    texts = [value for kind, value in tokens("''\n  a ''$ ''' ''\\n $x'y''") if kind == "TEXT"]
    assert texts == [
        *[("  a ", True), ("$", False), (" ", True), ("''", False), (" ", True), ("\n", False), (" $x'y", True)]
    ]


@pytest.mark.parametrize("text", ['"a', "''a", "/* a", "§", "./a/", "9223372036854775808", "1.0e999", '"${a'])
def test_refused_texts(text: str) -> None:
    with pytest.raises(SyntaxFailure) as caught:
        tokens(text) or None
        from osconf.lang.parser import parse

        parse(Source("«test»", text))
    assert caught.value.position is not None
