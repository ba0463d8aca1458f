"""Primops on strings."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from osconf.errors import EvalError
from osconf.lang.primops.expect import (
    coerce_argument,
    expect_list,
    expect_plain_string,
    expect_string,
    mismatch,
)
from osconf.lang.primops.registry import primop
from osconf.lang.runtime import force
from osconf.lang.values import ContextStr, Value, context_of, with_context

if TYPE_CHECKING:
    from osconf.lang.posix_regex import Pattern


@primop("toString", "!")
def to_string(value: Value) -> str:
    """`any -> string`: the value as a string: a number's digits, true "1", false and null "", a list's members joined.

    toString [ 1 true null "x" ]  =>  "1 1  x"
    """
    if type(value) is str:
        return value
    return coerce_argument(value, "the first argument passed to builtins.toString", copy_to_store=False, more=True)


@primop("stringLength", "!")
def string_length(text: Value) -> int:
    """`string -> int`: how many bytes a string has.

    builtins.stringLength "abc"  =>  3
    """
    if type(text) is not str:
        text = coerce_argument(text, "the argument passed to builtins.stringLength")
    return len(text)


@primop("substring", "!!!")
def substring(start: Value, size: Value, text: Value) -> str:
    """`int -> int -> string -> string`: the bytes from `start`, at most `size` of them (all the rest if negative).

    builtins.substring 1 2 "abcd"  =>  "bc"
    """
    if type(start) is not int:
        raise mismatch(start, "an integer", "the first argument (the start offset) passed to builtins.substring")
    if start < 0:
        raise EvalError("negative start position in 'substring'", code="negative-start")
    if type(size) is not int:
        raise mismatch(size, "an integer", "the second argument (the substring length) passed to builtins.substring")
    if type(text) is str:
        return text[start:] if size < 0 else text[start : start + size]
    text = coerce_argument(text, "the third argument (the string) passed to builtins.substring")
    part = text[start:] if size < 0 else text[start : start + size]
    return with_context(part, text.context) if type(text) is ContextStr else part


@primop("concatStringsSep", "!!")
def concat_strings_separated(separator: Value, items: Value) -> str:
    """`string -> [string] -> string`: the strings, with the separator between them.

    builtins.concatStringsSep "/" [ "usr" "bin" ]  =>  "usr/bin"
    """
    if type(separator) is not str:
        separator = expect_string(
            separator, "the first argument (the separator string) passed to builtins.concatStringsSep"
        )
    if type(items) is not tuple:
        raise mismatch(
            items, "a list", "the second argument (the list of strings to concat) passed to builtins.concatStringsSep"
        )
    parts: list[str] = []
    context: set[str] | None = set(separator.context) if type(separator) is ContextStr else None
    for item in items:
        if type(item) is list:
            item = item[1] if item[0] is None else item[0](item)
        if type(item) is not str:
            if type(item) is not ContextStr:
                where = "one element of the list of strings to concat passed to builtins.concatStringsSep"
                item = coerce_argument(item, where)
            if type(item) is ContextStr:
                if context is None:
                    context = set(item.context)
                else:
                    context |= item.context
        parts.append(item)
    text = str.join(separator, parts)
    if context is not None:
        return with_context(text, context)
    return text


@primop("replaceStrings", "!!!")
def replace_strings(wanted: Value, replacements: Value, text: Value) -> str:
    """`[string] -> [string] -> string -> string`: replace every occurrence, scanning once from left to right.

    builtins.replaceStrings [ "a" "o" ] [ "A" "O" ] "foobar"  =>  "fOObAr"
    """
    sources = expect_list(wanted, "the first argument passed to builtins.replaceStrings")
    targets = expect_list(replacements, "the second argument passed to builtins.replaceStrings")
    if len(sources) != len(targets):
        raise EvalError(
            "'from' and 'to' arguments passed to builtins.replaceStrings have different lengths",
            code="different-lengths",
        )
    needles = []
    for source in sources:
        if type(source) is list:
            source = source[1] if source[0] is None else source[0](source)
        if type(source) is not str:
            source = str.__str__(
                expect_string(source, "one of the strings to replace passed to builtins.replaceStrings")
            )
        needles.append(source)
    if type(text) is str:
        plain = text
        context: set[str] = set()
    else:
        plain = str.__str__(expect_string(text, "the third argument passed to builtins.replaceStrings"))
        context = set(context_of(text))
    replaced = _replace(plain, tuple(needles), targets, context)
    return with_context(replaced, context) if context else replaced


def _replacement(target: Value, context: set[str]) -> str:
    target = force(target)
    if type(target) is str:
        return target
    target = expect_string(target, "one of the replacement strings passed to builtins.replaceStrings")
    context |= context_of(target)
    return str.__str__(target)


def _replace(text: str, needles: tuple[str, ...], targets: tuple[Value, ...], context: set[str]) -> str:
    if not needles:
        return text
    if len(needles) == 1 and needles[0]:
        return text.replace(needles[0], _replacement(targets[0], context)) if needles[0] in text else text
    pattern, places, are_bytes = _scanner(needles)
    if are_bytes:
        # Only what occurs is replaced, so that other replacements stay unevaluated.
        table = {ord(byte): _replacement(targets[at], context) for byte, at in places.items() if byte in text}
        return text.translate(table) if table else text
    if "" not in places:
        # What occurs is evaluated before the replacing starts: evaluation must not run inside C.
        chosen = {needle: _replacement(targets[places[needle]], context) for needle in set(pattern.findall(text))}
        return pattern.sub(lambda found: chosen[found[0]], text) if chosen else text
    # An empty string matches before every byte and at the end, unless an earlier one matches there.
    parts = []
    position = 0
    while position <= len(text):
        found = pattern.match(text, position)
        needle = found[0] if found else ""
        parts.append(_replacement(targets[places[needle]], context))
        if not needle:
            parts.append(text[position : position + 1])
        position += len(needle) or 1
    return "".join(parts)


@lru_cache(maxsize=1024)
def _scanner(needles: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, int], bool]:
    """What finds the needles that stand before an empty one, the index of each, whether all are single bytes."""
    places: dict[str, int] = {}
    for index, needle in enumerate(needles):
        places.setdefault(needle, index)
    reachable = [needle for needle in places if places[needle] < places.get("", len(needles))]
    # With nothing before an empty needle, the pattern matches nowhere.
    pattern = re.compile("|".join(map(re.escape, reachable)) or "(?!)")
    return pattern, places, all(len(needle) == 1 for needle in needles)


@primop("match", "!!")
def match(pattern: Value, text: Value) -> tuple[str | None, ...] | None:
    """`string -> string -> [string | null] | null`: match a whole string with a POSIX extended regular expression.

    builtins.match "(.*)-([0-9]+)" "foo-12"  =>  [ "foo" "12" ]
    """
    compiled = _compile(expect_plain_string(pattern, "the first argument passed to builtins.match"))
    subject = expect_string(text, "the second argument passed to builtins.match")
    return compiled.match_groups(str.__str__(subject))


@primop("split", "!!")
def split(pattern: Value, text: Value) -> tuple[Value, ...]:
    """`string -> string -> list`: the parts between the matches and, between those, lists of the matches' groups.

    builtins.split "(,)" "a,b"  =>  [ "a" [ "," ] "b" ]
    """
    compiled = _compile(expect_plain_string(pattern, "the first argument passed to builtins.split"))
    subject = expect_string(text, "the second argument passed to builtins.split")
    parts = compiled.split(str.__str__(subject))
    # Without a match it is the string itself, with what it refers to.
    return tuple(parts) if len(parts) > 1 else (subject,)


def _compile(pattern: str) -> Pattern:
    from osconf.lang.posix_regex import InvalidPattern, compile_pattern

    try:
        return compile_pattern(pattern)
    except InvalidPattern as error:
        raise EvalError(f"invalid regular expression '{pattern}'", code="invalid-regex", hint=f"{error}") from None
