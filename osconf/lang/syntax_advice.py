"""What to do next about a syntax error: the hint, from what stood there, what could have, and what is still open."""

from __future__ import annotations

from bisect import bisect_left

from osconf.lang.lexer import KEYWORDS, Lexer
from osconf.lang.source import Source

_KEYWORD_KINDS = frozenset(KEYWORDS.values()) - {"OR"}
_CLOSERS = {
    "RIGHT_BRACE": ("LEFT_BRACE", "DOLLAR_BRACE"),
    "RIGHT_PAREN": ("LEFT_PAREN",),
    "RIGHT_BRACKET": ("LEFT_BRACKET",),
    "IN": ("LET",),
    "THEN": ("IF",),
    "ELSE": ("THEN",),
    "SEMICOLON": ("ASSERT", "WITH"),
}
_BRACKETS = ("RIGHT_BRACE", "RIGHT_PAREN", "RIGHT_BRACKET")
_OPENERS = {
    "LEFT_BRACE": "the '{' at {}",
    "DOLLAR_BRACE": "the '${' at {}",
    "LEFT_PAREN": "the '(' at {}",
    "LEFT_BRACKET": "the '[' at {}",
    "LET": "the 'let' at {}",
    "IF": "the 'if' at {}",
    "THEN": "the 'if … then' at {}",
    "ASSERT": "the 'assert' at {}",
    "WITH": "the 'with' at {}",
}
_NEEDS = {
    "LET": "needs an 'in' before its result",
    "IF": "needs a 'then'",
    "THEN": "needs an 'else'",
    "ASSERT": "needs a ';' after its condition",
    "WITH": "needs a ';' after its set",
}
_CHARACTERS = {
    "$": "a variable is written without $; builtins.getEnv reads the environment",
    "'": "a string is written in \"double quotes\", or in two single quotes ''…'' over several lines",
    "&": "'and' is written &&",
    "|": "'or' is written ||",
    "\\": "outside of strings there is no \\; paths are written with /",
    "^": "there is no operator ^",
    "%": "there is no operator %: the rest of a division is a - b * (a / b)",
    "`": 'a string is written in "double quotes"',
}
_QUOTES = "“”„‟«»‘’‚"


def advise_character(character: str) -> str | None:
    """What to write instead of a character that the language does not have."""
    if character in _QUOTES:
        return 'write straight quotes: "'
    if not character.isascii():
        return "names outside of strings have ASCII letters only: quote it"
    return _CHARACTERS.get(character)


def advise_syntax(kinds: frozenset[str], kind: str, offset: int, tokens: Lexer, source: Source) -> str | None:
    """A hint for the terminal `kind` at `offset`, where one of `kinds` could have stood."""
    at = bisect_left(tokens.offsets, offset)
    before = tokens.kinds[at - 1] if at else ""
    # A name is what the grammar wants most where it takes one and no number.
    wants_name = "ID" in kinds and "INT" not in kinds
    if kind == "$END" and not at:
        return "there is no expression in it; an empty set is { }"
    if kind == "$END" and before == "COLON":
        return "the result of the function is missing"
    if kind in _KEYWORD_KINDS and wants_name:
        return f"'{tokens.values[at]}' is a word of the language: as the name of an attribute it needs quotes"
    if kind == "EQUALS" and before in _KEYWORD_KINDS:
        return f"'{tokens.values[at - 1]}' is a word of the language and cannot be a name here"
    if kind in ("INT", "FLOAT") and wants_name:
        return "a name begins with a letter; any other needs quotes"
    if kind == "COMMA":
        if "RIGHT_BRACKET" in kinds:
            return "the elements of a list are separated by spaces"
        if "SEMICOLON" in kinds:
            return "definitions end with ';'"
    if kind == "COLON" and "RIGHT_BRACKET" in kinds:
        return "a function inside a list needs parentheses"
    if "EQUALS" in kinds and "DOT" in kinds and kind != "$END":
        return _advise_definition(kinds, kind)
    if kind == "EQUALS":
        return (
            "the definition before this one seems to lack its ';'"
            if "SEMICOLON" in kinds and "THEN" not in kinds
            else "'==' compares; '=' only defines"
        )
    if kind == "SEMICOLON" and "$END" in kinds:
        return "a file is one expression: nothing comes after its end"
    return _advise_open(kinds, kind, at, tokens, source)


def _advise_definition(kinds: frozenset[str], kind: str) -> str | None:
    """After the name of an attribute, or of an argument."""
    if kind == "ID" and "COMMA" in kinds:
        return "a definition is written name = value; and arguments are separated by ','"
    return "a definition is written name = value;"


def _advise_open(kinds: frozenset[str], kind: str, at: int, tokens: Lexer, source: Source) -> str | None:
    """Name the construct around this place that is not complete, if what stands here would be outside of it."""
    still_open: list[tuple[str, int]] = []
    for known, offset in zip(tokens.kinds[:at], tokens.offsets[:at], strict=True):
        opened = _CLOSERS.get(known)
        if opened and still_open and still_open[-1][0] in opened:
            still_open.pop()
        if known in _OPENERS:
            still_open.append((known, offset))
    if kind in _BRACKETS and not any(known in _CLOSERS[kind] for known, _ in still_open):
        return "nothing is open that this could close"
    if not still_open:
        return None
    opener, offset = still_open[-1]
    completes = next(closer for closer, openers in _CLOSERS.items() if opener in openers)
    if kind == completes or not (kind == "$END" or kind in _BRACKETS or completes in kinds):
        return None
    where = _OPENERS[opener].replace("{}", _place(source, offset))
    return f"{where} {_NEEDS.get(opener, 'is not closed')}"


def _place(source: Source, offset: int) -> str:
    position = source.position(offset)
    return f"line {position.line}, column {position.column}"
