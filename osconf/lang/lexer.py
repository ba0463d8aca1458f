"""From text to terminals of the grammar, with a stack of modes for what is inside strings and paths.

Nix's lexer takes the longest match of many rules. One expression with its alternatives in a safe order gives the same:
a name is taken at once unless what follows could make it a path or a URI.
"""

from __future__ import annotations

import re
import sys
from typing import Any, NoReturn

from osconf.errors import SyntaxFailure
from osconf.lang.source import Source
from osconf.lang.values import to_latin

KEYWORDS = {
    "assert": "ASSERT",
    "else": "ELSE",
    "if": "IF",
    "in": "IN",
    "inherit": "INHERIT",
    "let": "LET",
    "or": "OR",
    "rec": "REC",
    "then": "THEN",
    "with": "WITH",
}
PUNCTUATION = {
    "{": "LEFT_BRACE",
    "}": "RIGHT_BRACE",
    "(": "LEFT_PAREN",
    ")": "RIGHT_PAREN",
    "[": "LEFT_BRACKET",
    "]": "RIGHT_BRACKET",
    "${": "DOLLAR_BRACE",
    ";": "SEMICOLON",
    ":": "COLON",
    ",": "COMMA",
    "@": "AT",
    ".": "DOT",
    "...": "ELLIPSIS",
    "=": "EQUALS",
    "?": "QUESTION",
    "!": "NOT",
    "-": "MINUS",
    **dict.fromkeys(
        ("->", "||", "&&", "==", "!=", "<", ">", "<=", ">=", "//", "+", "*", "/", "++", "|>", "<|"), "OPERATOR"
    ),
}

# Groups are made atomic: before 3.11.3, Python keeps what the last, failed round of a possessive group consumed.
_BLANK = r"(?>(?:[ \t\r\n]++|\#[^\r\n]*+|/\*(?s:.*?)\*/)*)"
_PATH_CHAR = r"[a-zA-Z0-9._+-]"
_TOKEN = re.compile(
    _BLANK
    + r"""(?:
  (?P<NAME>[a-zA-Z_][a-zA-Z0-9_'-]*+(?![a-zA-Z0-9_'/:.+-]))
 |(?P<MARK>[;(){}\[\],@]|=(?!=)|\$\{)
 |(?P<STRING>"[^"\\$\r]*+")
 |(?P<URI>[a-zA-Z][a-zA-Z0-9+.-]*+:[a-zA-Z0-9%/?:@&=+$,_.!~*'-]++)
 |(?P<PATH>(?:PC*+|~)(?>(?:/PC++)+)/?|(?:PC*+|~)/(?=\$\{))
 |(?P<WORD>[a-zA-Z_][a-zA-Z0-9_'-]*+)
 |(?P<FLOAT>(?:[1-9][0-9]*\.[0-9]*|0?\.[0-9]+)(?:[Ee][+-]?[0-9]+)?)
 |(?P<INT>[0-9]++)
 |(?P<QUOTE>")
 |(?P<INDENTED>''(?:\ *\n)?)
 |(?P<SEARCH_PATH><PC++(?>(?:/PC++)*)>)
 |(?P<OPERATOR>\.\.\.|\+\+|//|->|==|!=|<=|>=|&&|\|\||\|>|<\||[-+*/<>!?:.])
)""".replace("PC", _PATH_CHAR),
    re.VERBOSE,
)
_SPACE = re.compile(_BLANK)
_STRING_TEXT = re.compile(r'(?>(?:[^"\\$]++|\\(?s:.)|\$\\(?s:.)|\$[^{"\\]|\$(?="))+)')
_INDENTED_TEXT = re.compile(r"(?>(?:[^$']++|\$[^{']|'[^'$])+)")
_INDENTED_ESCAPE = re.compile(r"''\$|\$(?!\{)|'''|''\\(?s:.)|'(?!')")
_PATH_TEXT = re.compile(r"PC*+(?>(?:/PC++)*)/?".replace("PC", _PATH_CHAR))
_ESCAPE = re.compile(r"\\((?s:.))|\r\n?")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_MAX_INT = 0x7FFFFFFFFFFFFFFF


def _unescape(text: str) -> str:
    if "\\" not in text and "\r" not in text:
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]) if match[1] else "\n", text)


class Lexer:
    """The terminals of one text: `kinds`, `values` and `offsets` run in parallel; the last kind is `$END`."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.kinds: list[str] = []
        self.values: list[Any] = []
        self.offsets: list[int] = []
        # What an interpolation returns to: (mode, depth of braces around it, offset where the string began).
        self._modes: list[tuple[str, int, int]] = []
        self._depth = 0

    def run(self) -> Lexer:
        """Read the whole text."""
        text = self.source.text
        match = _TOKEN.match
        add = self._add
        at = 0
        while True:
            found = match(text, at)
            if found is None:
                return self._finish(at)
            kind = found.lastgroup
            at = found.end()
            start = found.start(kind)  # type: ignore[arg-type]
            word = text[start:at]
            if kind in {"NAME", "WORD"}:
                add(KEYWORDS.get(word, "ID"), word, start)
            elif kind == "MARK":
                if word == "}" and self._depth == 0 and self._modes:
                    at = self._end_interpolation(at, start)
                    continue
                if word in {"{", "${"}:
                    self._depth += 1
                elif word == "}":
                    self._depth -= 1
                add(PUNCTUATION[word], word, start)
            elif kind == "OPERATOR":
                if word == "/" and text.startswith("*", at):
                    self._fail_at_end("this comment does not end", start, "close it with */")
                add(PUNCTUATION[word], word, start)
            elif kind == "STRING":
                add("STRING", word[1:-1], start)
            elif kind == "INT":
                number = int(word)
                if number > _MAX_INT:
                    self._fail(f"invalid integer '{word}'", start, "integers have 64 bits: up to 9223372036854775807")
                add("INT", number, start)
            elif kind == "QUOTE":
                add("QUOTE", None, start)
                at = self._read_string(at, start)
            elif kind == "INDENTED":
                add("INDENTED", None, start)
                at = self._read_indented(at, start)
            elif kind == "PATH":
                at = self._start_path(word, at, start)
            elif kind == "FLOAT":
                add("FLOAT", self._read_float(word, start), start)
            elif kind == "SEARCH_PATH":
                add("SEARCH_PATH", word[1:-1], start)
            else:
                add("URI", word, start)

    def _read_float(self, word: str, start: int) -> float:
        value = float(word)
        if value > sys.float_info.max:
            self._fail(f"invalid float '{word}'", start, "floats go up to 1.7976931348623157e308")
        if value < sys.float_info.min:
            from fractions import Fraction

            if Fraction(word) != Fraction(value):
                self._fail(f"invalid float '{word}'", start, "it is too near to zero")
        return value

    def _add(self, kind: str, value: Any, offset: int) -> None:
        self.kinds.append(kind)
        self.values.append(value)
        self.offsets.append(offset)

    def _fail(self, message: str, offset: int, hint: str | None = None) -> NoReturn:
        raise SyntaxFailure(message, position=self.source.position(offset), hint=hint)

    def _fail_at_end(self, what: str, offset: int, hint: str) -> NoReturn:
        self._fail(f"syntax error, unexpected end of file: {what}", offset, hint)

    def _finish(self, at: int) -> Lexer:
        space = _SPACE.match(self.source.text, at)
        end = space.end() if space else at
        if end < len(self.source.text):
            self._fail_character(end)
        self._add("$END", None, end)
        if "\0" in self.source.text:
            self._refuse_null_bytes()
        return self

    def _refuse_null_bytes(self) -> None:
        """Strings of the language cannot have them; comments can."""
        for kind, value, offset in zip(self.kinds, self.values, self.offsets, strict=True):
            text = value[0] if isinstance(value, tuple) else value
            if kind in {"STRING", "TEXT"} and "\0" in text:
                shown = text.replace("\0", to_latin("␀"))
                self._fail(
                    f"input string '{shown}' cannot be represented as Nix string because it contains null bytes",
                    offset + (kind == "STRING"),
                )

    def _fail_character(self, at: int) -> NoReturn:
        data = self.source.text[at : at + 4].encode("latin-1")
        text = data.decode("utf-8", "ignore")
        if text and data.startswith(text[0].encode()):
            from osconf.lang.syntax_advice import advise_character

            self._fail(f"syntax error, unexpected character '{text[0]}'", at, advise_character(text[0]))
        self._fail(f"syntax error, unexpected byte {data[0]:#04x}: the text is not UTF-8", at)

    def _open_interpolation(self, mode: str, at: int, start: int) -> int:
        self._add("DOLLAR_BRACE", "${", at)
        self._modes.append((mode, self._depth, start))
        self._depth = 0
        return at + 2

    def _end_interpolation(self, at: int, offset: int) -> int:
        mode, self._depth, start = self._modes.pop()
        self._add("RIGHT_BRACE", "}", offset)
        if mode == "string":
            return self._read_string(at, start)
        if mode == "indented":
            return self._read_indented(at, start)
        return self._read_path(at, start, slash=False, interpolated=True)

    def _read_string(self, at: int, start: int) -> int:
        text = self.source.text
        found = _STRING_TEXT.match(text, at)
        if found:
            self._add("TEXT", _unescape(found[0]), at)
            at = found.end()
        if text.startswith('"', at):
            self._add("STRING_END", None, at)
            return at + 1
        if text.startswith("${", at):
            return self._open_interpolation("string", at, start)
        self._fail_at_end("this string does not end", start, 'close it with "')

    def _read_indented(self, at: int, start: int) -> int:
        text = self.source.text
        while True:
            if found := _INDENTED_TEXT.match(text, at):
                self._add("TEXT", (found[0], True), at)
            elif found := _INDENTED_ESCAPE.match(text, at):
                escape = found[0]
                if escape == "'''":
                    piece = "''"
                elif escape.startswith("''\\"):
                    piece = _ESCAPED.get(escape[3], escape[3])
                else:
                    piece = escape[-1]
                self._add("TEXT", (piece, False), at)
            elif text.startswith("''", at):
                self._add("STRING_END", None, at)
                return at + 2
            elif text.startswith("${", at):
                return self._open_interpolation("indented", at, start)
            else:
                self._fail_at_end("this indented string does not end", start, "close it with ''")
            at = found.end()

    def _start_path(self, word: str, at: int, start: int) -> int:
        text = self.source.text
        if not word.endswith("/") and not text.startswith("${", at):
            self._add("PATH", word, start)
            return at
        self._add("PATH_START", word, start)
        return self._read_path(at, start, slash=word.endswith("/"), interpolated=False)

    def _read_path(self, at: int, start: int, *, slash: bool, interpolated: bool) -> int:
        text = self.source.text
        while found := _PATH_TEXT.match(text, at):
            if found.end() == at:
                break
            self._add("TEXT", found[0], at)
            slash = found[0].endswith("/")
            at = found.end()
        if text.startswith("${", at):
            return self._open_interpolation("path", at, start)
        if not interpolated and not slash:
            self._fail("syntax error, path has a doubled slash", start, "write a single /")
        if slash:
            self._fail("path has a trailing slash", start, "leave the last / out")
        self._add("PATH_END", None, at)
        return at
