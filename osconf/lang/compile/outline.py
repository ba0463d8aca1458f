"""Thunks that look alike: all but the first get their code without being translated.

Most thunks are small, and there are few ways of writing them: `lib.optional cond x`, `cfg.port`. What the generator
writes for such an expression follows from its outline: the kinds of its nodes, and what is known of its variables.
Strings, places and numbers of functions are only copied. So the first thunk of an outline is translated and compiled;
what is copied, and where to, is kept as a `Mould`; the others are cast in it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from osconf.lang.compile.free import OPERATORS
from osconf.lang.compile.parts import Constant, Part, Text
from osconf.lang.compile.scopes import Binding, Buffer, Delayed
from osconf.lang.nodes import (
    Attrs,
    Binary,
    Call,
    HasAttr,
    If,
    Interpolation,
    ListNode,
    Literal,
    Negate,
    Node,
    Not,
    PathLiteral,
    Select,
    Variable,
)
from osconf.lang.shapes import NAME_MARK

if TYPE_CHECKING:
    from osconf.lang.compile.generator import Generator

_MAX_NODES = 40
_OWN_WORDS = frozenset(("+", "-", "*"))
"""Strings that the generator itself writes into code."""


class Unlike(Exception):
    """This expression is not one of those that are cast."""


class Outline:
    """What the code of a thunk follows from (`key`), and what is copied into it, in the order it is met."""

    def __init__(self, generator: Generator, thunk: Delayed) -> None:
        self.generator = generator
        self.scope = thunk.scope
        self.known = thunk.buffer.known
        self.words: dict[str, int] = {}
        self.places: dict[int, int] = {}
        self.bindings: dict[Binding, int] = {}
        self.nodes: list[Node] = []
        self._key: list[Any] = [thunk.has_spot]
        self.describe(thunk.node)
        self.key = tuple(self._key)

    def describe(self, node: Node) -> None:
        """Add an expression."""
        kind, nodes, places = type(node), self.nodes, self.places
        visit = _VISITORS.get(kind)
        if visit is None or len(nodes) >= _MAX_NODES:
            raise Unlike
        nodes.append(node)
        self._key += kind, places.setdefault(node.at, len(places))
        visit(self, node)

    def add(self, *facts: Any) -> None:
        """Add what the generator decides by."""
        self._key += facts

    def add_word(self, word: str) -> None:
        """Add a string that goes into the code. An empty one is a fact: Python decides by it."""
        words = self.words
        if word in _OWN_WORDS:
            raise Unlike
        self._key.append(words.setdefault(word, len(words)) if word else "")

    def add_place(self, at: int) -> None:
        """Add an offset that an error or an attribute may point to."""
        places = self.places
        self._key.append(places.setdefault(at, len(places)))

    def add_variable(self, name: str) -> None:
        """Add what a variable means here."""
        if name == "__curPos":
            raise Unlike
        found = self.generator.find(self.scope, name)
        if isinstance(found, Binding):
            self._add_binding(found)
        elif isinstance(found, str):
            generator = self.generator
            if found in generator.scope_names or generator.global_names.get(found, "map") not in generator.primops:
                raise Unlike
            self.add("global", found)
        elif found:
            self.add("with", len(found))
            self.add_word(name)
            for binding in found:
                self._add_binding(binding)
        else:
            raise Unlike

    def _add_binding(self, binding: Binding) -> None:
        number = self.bindings.get(binding)
        if number is not None:
            self._key.append(number)
            return
        self._key.append(self.bindings.setdefault(binding, len(self.bindings)))
        if binding.builtin is not None:
            self.add("builtin", binding.builtin)
        elif binding.constant is not None:
            text, kind = binding.constant
            if kind != "str":
                self.add("constant", text, kind)
            elif "\\" in text:
                raise Unlike
            else:
                self.add("text")
                self.add_word(text[1:-1])
        else:
            here = self.known.get(binding)
            if here is None and not binding.is_global:
                raise Unlike
            self.add(here is None, binding.forced if here is None else here[1], binding.arity, binding.strict)

    def refuse_overridden(self, name: str) -> None:
        """The text may give another meaning to an operator."""
        if self.generator.is_overridden(self.scope, name):
            raise Unlike


class Child(NamedTuple):
    """A thunk inside one: its number, its node, how much later it was met, what it captures (and is it forced)."""

    number: str
    node: int
    has_spot: bool
    later: int
    captures: tuple[tuple[int, bool], ...]


class Datum(NamedTuple):
    """A variable of the module that is made from data: its number, its kind, a word or else a value, its place."""

    number: str
    kind: str
    word: int | None
    value: Any
    place: int | None


class Mould(NamedTuple):
    """What thunks of one outline have in common. Words, places, bindings and names of their own have numbers."""

    code: CodeType
    fixed: dict[str, str]
    """Words of `code` that are the same in all of them."""
    marks: tuple[str, ...]
    sources: tuple[int, ...]
    """The other words of `code`, and the number of what each stands for."""
    lines: tuple[int, ...]
    spots: tuple[int, ...]
    data: tuple[Datum, ...]
    children: tuple[Child, ...]

    def cast(self, generator: Generator, name: str, outline: Outline) -> Part:
        """Another of these thunks."""
        thunk = generator.delayed.pop(name)
        words, places, bindings = [*outline.words], [*outline.places], [*outline.bindings]
        unit = f"{name[1:]}_"
        children = [f"t{unit}{child.number}" for child in self.children]
        data = [f"k{unit}{datum.number}" for datum in self.data]
        values = _values(outline, name, children, data)
        for own, child in zip(children, self.children, strict=True):
            buffer = Buffer(own, None, is_thunk=True)
            for number, forced in child.captures:
                binding = bindings[number]
                buffer.captures[binding] = None
                buffer.known[binding] = binding.python, forced
            node = outline.nodes[child.node]
            generator.delayed[own] = Delayed(node, thunk.scope, buffer, child.has_spot, thunk.met_at + child.later)
        constants = {
            own: (kind, value if word is None else words[word], -1 if place is None else places[place])
            for own, (_, kind, word, value, place) in zip(data, self.data, strict=True)
        }
        copied = {mark: values[source] for mark, source in zip(self.marks, self.sources, strict=True)}
        text = Text(1, "", [places[line] for line in self.lines], (self.code, {**self.fixed, **copied}))
        return Part({name: text}, children, {places[spot] for spot in self.spots}, constants, {})


MOULDS: dict[tuple[Any, ...], Mould | None] = {}
"""By outline; None where more than one function belongs to a thunk, or what Python computed from its words."""


def outline_of(generator: Generator, name: str) -> Outline | None:
    """The outline of a delayed thunk, when it is one that may be cast."""
    if not generator.is_delaying(name):
        return None
    try:
        return Outline(generator, generator.delayed[name])
    except Unlike:
        return None


def make_mould(generator: Generator, name: str, thunk: Delayed, outline: Outline, part: Part) -> Mould | None:
    """The mould of a thunk that was written as `part`; None when there is something in it that cannot be copied."""
    shaped = part.texts[name].shaped
    if shaped is None or part.functions or len(part.texts) != 1:
        return None
    try:
        children = [_child(generator.delayed[child], child, name, thunk, outline) for child in part.delayed]
        data = [_datum(own[len(name) + 1 :], constant, outline) for own, constant in part.constants.items()]
        lines = tuple([outline.places[at] for at in part.texts[name].offsets])
        spots = tuple([outline.places[at] for at in part.spots])
    except KeyError:
        return None
    values = _values(outline, name, part.delayed, [*part.constants])
    strings = {value: number for number, value in enumerate(values[: len(outline.words)])}
    names = {value: number for number, value in enumerate(values) if number >= len(outline.words)}
    sources = {mark: (names if mark[0] == NAME_MARK else strings).get(word) for mark, word in shaped[1].items()}
    copied = {mark: source for mark, source in sources.items() if source is not None}
    fixed = {mark: word for mark, word in shaped[1].items() if mark not in copied}
    return Mould(shaped[0], fixed, (*copied,), (*copied.values(),), lines, spots, tuple(data), tuple(children))


def _child(delayed: Delayed, own: str, name: str, thunk: Delayed, outline: Outline) -> Child:
    node = {id(node): number for number, node in enumerate(outline.nodes)}[id(delayed.node)]
    buffer = delayed.buffer
    captures = tuple([(outline.bindings[binding], buffer.known[binding][1]) for binding in buffer.captures])
    return Child(own[len(name) + 1 :], node, delayed.has_spot, delayed.met_at - thunk.met_at, captures)


def _datum(number: str, constant: Constant, outline: Outline) -> Datum:
    kind, value, at = constant
    if kind not in {"cell", "path"}:
        raise KeyError(kind)
    is_word = type(value) is str and value != ""
    place = None if at < 0 else outline.places[at]
    return Datum(number, kind, outline.words[value] if is_word else None, None if is_word else value, place)


def _values(outline: Outline, name: str, children: list[str], data: list[str]) -> list[str]:
    spots = [f"p{at}" for at in outline.places]
    return [*outline.words, *spots, *[b.python for b in outline.bindings], name, *children, *data]


# -- kinds of expressions ----------------------------------------------------------------------------------------------


def _literal(o: Outline, node: Literal) -> None:
    if type(node.value) is str:
        o.add_word(node.value)
    else:
        # 1 and 1.0 are equal keys, but not the same literal.
        o.add(repr(node.value))


def _variable(o: Outline, node: Variable) -> None:
    o.add_variable(node.name)


def _interpolation(o: Outline, node: Interpolation) -> None:
    o.add(len(node.parts))
    for part in node.parts:
        if isinstance(part, str):
            o.add_word(part)
        else:
            o.describe(part)


def _path(o: Outline, node: PathLiteral) -> None:
    if not o.generator.is_constant_path(node):
        raise Unlike
    o.add_word(node.text)


def _select(o: Outline, node: Select) -> None:
    subject, default = node.subject, node.default
    o.describe(subject)
    _attribute_path(o, node)
    for place in node.places:
        o.add_place(place)
    if type(subject) is Variable and subject.name == "builtins":
        o.add(*node.path)
    o.add(default is None)
    if default is not None:
        o.describe(default)


def _has_attr(o: Outline, node: HasAttr) -> None:
    o.describe(node.subject)
    _attribute_path(o, node)


def _attribute_path(o: Outline, node: Select | HasAttr) -> None:
    o.add(len(node.path))
    for name in node.path:
        if not isinstance(name, str):
            raise Unlike
        o.add_word(name)


def _call(o: Outline, node: Call) -> None:
    o.add(len(node.arguments))
    o.describe(node.function)
    for argument in node.arguments:
        o.describe(argument)


def _not(o: Outline, node: Not) -> None:
    o.describe(node.operand)


def _negate(o: Outline, node: Negate) -> None:
    o.refuse_overridden("__sub")
    o.describe(node.operand)


def _binary(o: Outline, node: Binary) -> None:
    implied = OPERATORS.get(node.operator)
    if implied is not None:
        o.refuse_overridden(implied)
    o.add(node.operator)
    o.describe(node.left)
    o.describe(node.right)


def _if(o: Outline, node: If) -> None:
    o.describe(node.condition)
    o.describe(node.consequence)
    o.describe(node.alternative)


def _list(o: Outline, node: ListNode) -> None:
    o.add(len(node.members))
    for member in node.members:
        o.describe(member)


def _attrs(o: Outline, node: Attrs) -> None:
    if node.is_recursive or node.dynamic or node.sources:
        raise Unlike
    o.add(len(node.definitions))
    for name, definition in node.definitions.items():
        o.add_word(name)
        o.add_place(definition.at)
        if definition.value is None:
            o.add_variable(name)
        else:
            o.describe(definition.value)


_VISITORS: dict[type[Node], Callable[[Outline, Any], None]] = {
    Attrs: _attrs,
    Binary: _binary,
    Call: _call,
    HasAttr: _has_attr,
    If: _if,
    Interpolation: _interpolation,
    ListNode: _list,
    Literal: _literal,
    Negate: _negate,
    Not: _not,
    PathLiteral: _path,
    Select: _select,
    Variable: _variable,
}
