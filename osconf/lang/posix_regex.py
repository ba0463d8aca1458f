"""POSIX extended regular expressions, as `builtins.match` and `builtins.split` understand them.

The reference is libstdc++'s `std::regex` in its extended grammar, which Nix uses: escapes only before special
characters, brackets with classes, no back references, alternatives compared by length (leftmost-longest) but
repetitions taken greedily. A whole-string match gives the same groups as Python's `re`; a search differs only where
alternatives do, so a pattern with `|` is searched with a matcher of our own and any other one with `re`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

SPECIAL = ".[\\()*+?{|^$"
CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "d": "0-9",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "s": " \\t\\n\\r\\f\\v",
    "space": " \\t\\n\\r\\f\\v",
    "upper": "A-Z",
    "w": "a-zA-Z0-9_",
    "xdigit": "0-9a-fA-F",
}
COLLATING = {
    "NUL": "\0",
    "SOH": "\x01",
    "alert": "\a",
    "backspace": "\b",
    "tab": "\t",
    "newline": "\n",
    "vertical-tab": "\v",
    "form-feed": "\f",
    "carriage-return": "\r",
    "space": " ",
    "exclamation-mark": "!",
    "quotation-mark": '"',
    "number-sign": "#",
    "dollar-sign": "$",
    "percent-sign": "%",
    "ampersand": "&",
    "apostrophe": "'",
    "left-parenthesis": "(",
    "right-parenthesis": ")",
    "asterisk": "*",
    "plus-sign": "+",
    "comma": ",",
    "hyphen": "-",
    "period": ".",
    "slash": "/",
    "colon": ":",
    "semicolon": ";",
    "less-than-sign": "<",
    "equals-sign": "=",
    "greater-than-sign": ">",
    "question-mark": "?",
    "commercial-at": "@",
    "left-square-bracket": "[",
    "backslash": "\\",
    "right-square-bracket": "]",
    "circumflex": "^",
    "underscore": "_",
    "grave-accent": "`",
    "left-curly-bracket": "{",
    "vertical-line": "|",
    "right-curly-bracket": "}",
    "tilde": "~",
    "DEL": "\x7f",
}
MAX_REPEATS = 100_000


class InvalidPattern(ValueError):
    """The text is not a POSIX extended regular expression."""


# The tree: what a pattern is made of. `source` is the same thing in Python's syntax.


@dataclass(frozen=True, slots=True)
class Atom:
    """One character out of a set, or an anchor."""

    source: str


@dataclass(frozen=True, slots=True)
class Anchor:
    source: str


@dataclass(frozen=True, slots=True)
class Group:
    number: int
    body: Node


@dataclass(frozen=True, slots=True)
class Repeat:
    body: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Node, ...]


Node = Atom | Anchor | Group | Repeat | Sequence | Choice


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.groups = 0
        self.has_choice = False

    def parse(self) -> Node:
        tree = self.choice()
        if self.position < len(self.pattern):
            raise InvalidPattern("unmatched )")
        return tree

    def choice(self) -> Node:
        options = [self.sequence()]
        while self.pattern.startswith("|", self.position):
            self.position += 1
            self.has_choice = True
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Node:
        pattern, parts = self.pattern, list[Node]()
        while self.position < len(pattern):
            char = pattern[self.position]
            if char in "|)":
                break
            if char in "^$":
                self.position += 1
                parts.append(Anchor("\\A" if char == "^" else "\\Z"))
                continue
            node = self.atom(char)
            while self.position < len(pattern) and pattern[self.position] in "*+?{":
                node = self.quantifier(node)
            parts.append(node)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def atom(self, char: str) -> Node:
        if char in "*+?{":
            raise InvalidPattern("nothing to repeat")
        self.position += 1
        if char == "(":
            self.groups += 1
            number = self.groups
            body = self.choice()
            if not self.pattern.startswith(")", self.position):
                raise InvalidPattern("unmatched (")
            self.position += 1
            return Group(number, body)
        if char == "[":
            return Atom(self.bracket())
        if char == ".":
            return Atom("[^\\x00]")
        if char == "\\":
            char = self.pattern[self.position : self.position + 1]
            if not char or char not in SPECIAL:
                raise InvalidPattern("invalid escape")
            self.position += 1
        return Atom(re.escape(char))

    def quantifier(self, node: Node) -> Node:
        char = self.pattern[self.position]
        self.position += 1
        if char == "*":
            return Repeat(node, 0, None)
        if char == "+":
            return Repeat(node, 1, None)
        if char == "?":
            return Repeat(node, 0, 1)
        found = re.compile(r"([0-9]+)(,([0-9]*))?\}").match(self.pattern, self.position)
        if found is None:
            raise InvalidPattern("invalid {}")
        self.position = found.end()
        least = int(found[1])
        most = least if found[2] is None else int(found[3]) if found[3] else None
        if (most is not None and most < least) or max(least, most or 0) > MAX_REPEATS:
            raise InvalidPattern("invalid range in {}")
        return Repeat(node, least, most)

    def bracket(self) -> str:
        """A bracket expression after its `[`, as a Python set."""
        pattern = self.pattern
        out = ["["]
        if pattern.startswith("^", self.position):
            self.position += 1
            out.append("^")
        first = True
        while True:
            if self.position >= len(pattern):
                raise InvalidPattern("unmatched [")
            if pattern[self.position] == "]" and not first:
                self.position += 1
                return "".join(out) + "]"
            if pattern[self.position] == "-" and not first and not pattern.startswith("-]", self.position):
                # As libstdc++ has it, a dash between two items must make a range.
                raise InvalidPattern("invalid range")
            first = self.bracket_item(out)

    def bracket_item(self, out: list[str]) -> bool:
        pattern = self.pattern
        if pattern.startswith("[:", self.position):
            name = self.delimited(":]").lower()
            if name not in CLASSES:
                raise InvalidPattern("invalid character class")
            out.append(CLASSES[name])
            return False
        low = self.bracket_character()
        ahead = pattern[self.position : self.position + 2]
        if ahead[:1] == "-" and ahead[1:] not in ("", "]"):
            self.position += 1
            if pattern.startswith("[:", self.position):
                raise InvalidPattern("invalid range end")
            high = self.bracket_character()
            if high < low:
                raise InvalidPattern("invalid range")
            out.append(f"{_set_escape(low)}-{_set_escape(high)}")
        else:
            out.append(_set_escape(low))
        return False

    def bracket_character(self) -> str:
        pattern = self.pattern
        if pattern.startswith(("[.", "[="), self.position):
            name = self.delimited(pattern[self.position + 1] + "]")
            char = COLLATING.get(name, name)
            if len(char) != 1:
                raise InvalidPattern("invalid collating element")
            return char
        self.position += 1
        return pattern[self.position - 1]

    def delimited(self, end: str) -> str:
        start = self.position + 2
        stop = self.pattern.find(end, start)
        if stop < 0:
            raise InvalidPattern("unmatched [")
        self.position = stop + 2
        return self.pattern[start:stop]


def _set_escape(char: str) -> str:
    return "\\" + char if char in "\\[]^-&~|" else char


def _to_python(node: Node) -> str:
    match node:
        case Atom(source) | Anchor(source):
            return source
        case Group(_, body):
            return f"({_to_python(body)})"
        case Repeat(body, least, most):
            inner = _to_python(body)
            if isinstance(body, Repeat | Sequence | Choice):
                inner = f"(?:{inner})"
            return inner + _quantifier_source(least, most)
        case Sequence(parts):
            return "".join(
                f"(?:{_to_python(part)})" if isinstance(part, Choice) else _to_python(part) for part in parts
            )
        case Choice(options):
            return "|".join(_to_python(option) for option in options)


def _quantifier_source(least: int, most: int | None) -> str:
    if most is None and least < 2:
        return "*" if least == 0 else "+"
    if (least, most) == (0, 1):
        return "?"
    return f"{{{least},{'' if most is None else most}}}"


def _width(node: Node) -> int | None:
    """How many characters a node always matches; None when that varies."""
    match node:
        case Atom():
            return 1
        case Anchor():
            return 0
        case Group(_, body):
            return _width(body)
        case Repeat(body, least, most):
            width = _width(body)
            return width * least if width is not None and least == most else None
        case Sequence(parts):
            widths = [_width(part) for part in parts]
            return None if None in widths else sum(width or 0 for width in widths)
        case Choice(options):
            lengths = {_width(option) for option in options}
            return lengths.pop() if len(lengths) == 1 else None


def _has_even_choices(node: Node) -> bool:
    """Whether all options of every choice have the same fixed width."""
    match node:
        case Group(_, body) | Repeat(body, _, _):
            return _has_even_choices(body)
        case Sequence(parts):
            return all(_has_even_choices(part) for part in parts)
        case Choice(options):
            return _width(node) is not None and all(_has_even_choices(option) for option in options)
    return True


Step = Callable[[int], bool]


class _Search:
    """One attempt to match at a position: alternatives are all tried and the longest match wins, the first on a tie."""

    def __init__(self, tree: Node, groups: int, text: str) -> None:
        self.text = text
        self.groups: list[tuple[int, int] | None] = [None] * (groups + 1)
        self.best: tuple[int, list[tuple[int, int] | None]] | None = None
        self.floor = -1
        self.start = self.compile(tree, self.accept)

    def attempt(self, start: int, *, not_empty: bool) -> tuple[int, list[tuple[int, int] | None]] | None:
        self.best = None
        self.groups = [None] * len(self.groups)
        self.floor = start if not_empty else -1
        self.start(start)
        return self.best

    def accept(self, position: int) -> bool:
        if position == self.floor:
            return False
        if self.best is None or position > self.best[0]:
            self.best = (position, self.groups.copy())
        return True

    def compile(self, node: Node, after: Step) -> Step:
        match node:
            case Atom(source):
                accepts, text = re.compile(source).match, self.text
                return lambda position: accepts(text, position) is not None and after(position + 1)
            case Anchor(source):
                edge = 0 if source == "\\A" else len(self.text)
                return lambda position: position == edge and after(position)
            case Sequence(parts):
                for part in reversed(parts):
                    after = self.compile(part, after)
                return after
            case Choice(options):
                return self.compile_choice([self.compile(option, after) for option in options])
            case Group(number, body):
                return self.compile_group(number, body, after)
            case Repeat(body, least, most):
                return self.compile_repeat(body, least, most, after)

    @staticmethod
    def compile_choice(options: list[Step]) -> Step:
        def choose(position: int) -> bool:
            found = False
            for option in options:
                found = option(position) or found
            return found

        return choose

    def compile_group(self, number: int, body: Node, after: Step) -> Step:
        opened: list[int] = []

        def close(position: int) -> bool:
            saved, start = self.groups[number], opened.pop()
            self.groups[number] = (start, position)
            found = after(position)
            self.groups[number] = saved
            opened.append(start)
            return found

        inner = self.compile(body, close)

        def enter(position: int) -> bool:
            opened.append(position)
            found = inner(position)
            opened.pop()
            return found

        return enter

    def compile_repeat(self, body: Node, least: int, most: int | None, after: Step) -> Step:
        if most is not None:
            step = after
            for _ in range(most - least):
                step = self.compile_option(body, step, after)
        elif least == 0:
            step = self.compile_loop(body, after)
        else:
            # `x{n,}` with n > 0: the last copy loops; `x+` enters the loop through its body.
            step = self.compile_loop(body, after)
        for _ in range(least):
            step = self.compile(body, step)
        return step

    def compile_option(self, body: Node, inside: Step, after: Step) -> Step:
        inner = self.compile(body, inside)
        return lambda position: inner(position) or after(position)

    def compile_loop(self, body: Node, after: Step) -> Step:
        visited: list[tuple[int, int]] = [(-1, 0)]

        def again(position: int) -> bool:
            place, count = visited[-1]
            if place != position:
                count = 0
            # An iteration that consumed nothing may be repeated once, as libstdc++ does.
            if count < 2:
                visited.append((position, count + 1))
                found = inner(position)
                visited.pop()
                if found:
                    return True
            return after(position)

        inner = self.compile(body, again)
        return again


class Pattern:
    """A compiled expression: `fullmatch` and `finditer` as in `re`, with POSIX answers."""

    def __init__(self, pattern: str) -> None:
        parser = _Parser(pattern)
        self._tree = parser.parse()
        self.group_count = parser.groups
        # Options of one length cannot change how much is matched, so the first that fits is the right one.
        self._has_choice = parser.has_choice and not _has_even_choices(self._tree)
        try:
            self._compiled = re.compile(_to_python(self._tree))
        except (re.error, OverflowError, RecursionError) as error:
            raise InvalidPattern(str(error)) from error

    def match_groups(self, text: str) -> tuple[str | None, ...] | None:
        """The groups of a match of the whole text, or None."""
        found = self._compiled.fullmatch(text)
        return None if found is None else found.groups()

    def split(self, text: str) -> list[str | tuple[str | None, ...]]:
        """The texts between the matches and, between those, the matches' groups."""
        if not self._has_choice:
            flat = self._compiled.split(text)
            step = self.group_count + 1
            parts: list[str | tuple[str | None, ...]] = [()] * (2 * ((len(flat) - 1) // step) + 1)
            parts[::2] = flat[::step]
            if self.group_count:
                parts[1::2] = zip(*(flat[index::step] for index in range(1, step)), strict=True)
            return parts
        parts, position = [], 0
        for start, end, groups in self.find_all(text):
            parts += [text[position:start], groups]
            position = end
        return [*parts, text[position:]]

    def find_all(self, text: str) -> Iterator[tuple[int, int, tuple[str | None, ...]]]:
        """Every match from left to right, by trying all alternatives: start, end, groups."""
        search = _Search(self._tree, self.group_count, text)
        position, last_was_empty = 0, False
        while True:
            result = None
            if last_was_empty:
                if position == len(text):
                    return
                start = position
                result = search.attempt(start, not_empty=True)
                if result is None:
                    position += 1
            if result is None:
                candidate = self._compiled.search(text, position)
                if candidate is None:
                    return
                start = candidate.start()
                result = search.attempt(start, not_empty=False)
                if result is None:
                    return
            end, spans = result
            yield start, end, tuple(None if span is None else text[span[0] : span[1]] for span in spans[1:])
            position, last_was_empty = end, start == end


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> Pattern:
    """Parse an expression; raises `InvalidPattern`."""
    return Pattern(pattern)
