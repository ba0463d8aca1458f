"""Say in words what a syntax error met and what could have stood there."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any

from osconf.lang.lexer import Lexer
from osconf.lang.tables import ACTIONS, RULES

_WORDS = {
    "ID": "a name",
    "INT": "an integer",
    "FLOAT": "a float",
    "STRING": "a string",
    "URI": "a URI",
    "QUOTE": "a string",
    "INDENTED": "an indented string",
    "TEXT": "text",
    "STRING_END": "the end of the string",
    "PATH": "a path",
    "PATH_START": "a path",
    "PATH_END": "the end of the path",
    "SEARCH_PATH": "a search path",
    "OPERATOR": "an operator",
    "MINUS": "an operator",
    "NOT": "'!'",
    "QUESTION": "'?'",
    "DOT": "'.'",
    "EQUALS": "'='",
    "COLON": "':'",
    "AT": "'@'",
    "COMMA": "','",
    "SEMICOLON": "';'",
    "ELLIPSIS": "'...'",
    "LEFT_PAREN": "'('",
    "RIGHT_PAREN": "')'",
    "LEFT_BRACE": "'{'",
    "RIGHT_BRACE": "'}'",
    "LEFT_BRACKET": "'['",
    "RIGHT_BRACKET": "']'",
    "DOLLAR_BRACE": "'${'",
    "$END": "end of file",
}
_STARTS_OF_SIMPLE = frozenset(
    (
        *("ID", "INT", "FLOAT", "STRING", "URI", "QUOTE", "INDENTED", "PATH", "PATH_START", "SEARCH_PATH"),
        *("LEFT_PAREN", "LEFT_BRACE", "LEFT_BRACKET", "REC", "LET"),
    )
)
_STARTS = _STARTS_OF_SIMPLE | {"NOT", "MINUS", "IF", "WITH", "ASSERT"}
_STARTS_OF_NAME = frozenset(("ID", "OR", "STRING", "QUOTE", "DOLLAR_BRACE"))
_CONTINUES = frozenset(("OPERATOR", "MINUS", "QUESTION", "DOT", "OR"))
_ENDS = frozenset(
    (
        *("ID", "INT", "FLOAT", "STRING", "STRING_END", "URI", "PATH", "PATH_END", "SEARCH_PATH"),
        *("RIGHT_PAREN", "RIGHT_BRACE", "RIGHT_BRACKET"),
    )
)
_TOKEN = re.compile(r"""
    "(?:[^"\\]|\\.)*"(?=\s|\#|/\*) | ''(?:[^']|'(?!'))*''(?=\s|\#|/\*) | [^\s\#]*
""", re.VERBOSE | re.DOTALL)  # fmt: skip


def describe_failure(kinds: frozenset[str], kind: str, value: Any) -> str:
    """The message of a syntax error at a terminal, where one of `kinds` could have stood."""
    if "OPERATOR" in kinds and len(kinds) > len(kinds & _CONTINUES) + 2:
        # A name could begin a function; what ends the expression says more.
        kinds -= {"COLON", "AT"}
    wanted = _describe_kinds(kinds)
    met = f"syntax error, unexpected {'end of file' if kind == '$END' else _describe_token(kind, value)}"
    return f"{met}, expecting {wanted}" if wanted else met


def _describe_token(kind: str, value: Any) -> str:
    """What stood there."""
    if kind in {"ID", "INT", "FLOAT", "SEARCH_PATH", "PATH", "URI"}:
        shown = f"<{value}>" if kind == "SEARCH_PATH" else value
        return f"'{shown}'"
    if isinstance(value, str) and kind not in {"STRING", "TEXT", "PATH_START"}:
        return f"'{value}'"
    return _WORDS.get(kind, f"'{kind.lower()}'")


def place_of_semicolon(tokens: Lexer, text: str, offset: int, states: list[int]) -> int | None:
    """Where the ';' is missing whose lack the terminal at `offset` reveals; None when something else is wrong."""
    at = bisect_left(tokens.offsets, offset)
    if tokens.kinds[at] not in ("EQUALS", "RIGHT_BRACE", "IN") or "SEMICOLON" not in acceptable_kinds(states):
        return None
    if tokens.kinds[at] == "EQUALS":
        # Back over the name of the next definition: a.b.c
        at -= 1
        while at >= 2 and tokens.kinds[at] == "ID" and tokens.kinds[at - 1] == "DOT":
            at -= 2
        if tokens.kinds[at] != "ID":
            return None
    if tokens.kinds[at - 1] not in _ENDS:
        return None
    token = _TOKEN.match(text, tokens.offsets[at - 1])
    return token.end() if token is not None else None


def acceptable_kinds(states: list[int]) -> frozenset[str]:
    """The terminals that the grammar takes in this state."""
    candidates = (kind for kind in ACTIONS[states[-1]] if kind.isupper() or kind == "$END")
    return frozenset(kind for kind in candidates if _accepts(states, kind))


def _describe_kinds(kinds: frozenset[str]) -> str:
    words: list[str] = []
    if kinds >= _STARTS:
        words.append("an expression")
        kinds -= _STARTS
    elif "NOT" in kinds:
        words.append("an operand")
        kinds -= _STARTS
    elif kinds >= _STARTS_OF_SIMPLE:
        if kinds & _CONTINUES:
            # After a complete operand almost anything may follow; what closes the construct is worth saying.
            kinds -= _CONTINUES | _STARTS_OF_SIMPLE
        else:
            words.append("an expression in parentheses" if "LEFT_PAREN" not in kinds else "an element")
            kinds -= _STARTS_OF_SIMPLE
    if kinds >= _STARTS_OF_NAME:
        words.append("an attribute name")
        kinds -= _STARTS_OF_NAME
    kinds -= _CONTINUES if len(kinds) > len(kinds & _CONTINUES) and not words else frozenset()
    words += sorted({_WORDS.get(kind, f"'{kind.lower()}'") for kind in kinds})
    if not words:
        return ""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _accepts(states: list[int], kind: str) -> bool:
    """Whether `kind` would be shifted after the reductions that it asks for."""
    stack = list(states)
    while True:
        action = ACTIONS[stack[-1]].get(kind)
        if action is None:
            return False
        if action >= 0:
            return True
        origin, length, _ = RULES[~action]
        if length:
            del stack[-length:]
        if origin == "start" or origin not in ACTIONS[stack[-1]]:
            return kind == "$END"
        stack.append(ACTIONS[stack[-1]][origin])
        if kind == "$END" and origin == "expression" and len(stack) == 2:
            return True
