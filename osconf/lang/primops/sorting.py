"""Sorting for `builtins.sort` and the keys of `builtins.genericClosure`.

Python's `sorted` would call a comparator through C, which limits the depth of evaluation, so the merge sort is our own.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from osconf.errors import EvalError
from osconf.lang.operators import not_comparable
from osconf.lang.primops.expect import mismatch
from osconf.lang.runtime import UNSET, call, force, less_than
from osconf.lang.values import ContextStr, Path, Value

NUMBERS = frozenset((int, float))
STRINGS = frozenset((str, ContextStr))
_SCALARS = NUMBERS | STRINGS
_FIRST_RUN = 2


def sort_plain(items: tuple[Value, ...]) -> tuple[Value, ...] | None:
    """Sort numbers, or strings, in their natural order; None for anything else (or for NaN)."""
    values = [force(item) for item in items]
    kinds = {type(value) for value in values}
    if kinds <= STRINGS or (kinds <= NUMBERS and all(value == value for value in values)):  # noqa: PLR0124 - NaN
        values.sort()
        return tuple(values)
    return None


def merge_sort(items: list[Value], comparator: Value) -> list[Value]:
    """Sort stably with a function of the language; bottom-up, in lists."""
    # A function of two parameters is called at once; anything else goes through the general call.
    saturated = type(comparator) is FunctionType and comparator.__code__.co_argcount == 2
    less = comparator if saturated else lambda a, b: call(comparator, a, b)
    runs = [[item] for item in items]
    while len(runs) > 1:
        paired = [_merge(runs[i], runs[i + 1], less) for i in range(0, len(runs) - 1, 2)]
        if len(runs) % 2:
            paired.append(runs[-1])
        # The first comparisons have forced most members: the others need not look into the cells again.
        runs = [[_unwrap(item) for item in run] for run in paired] if len(paired[0]) == _FIRST_RUN else paired
    return runs[0] if runs else []


def _unwrap(item: Value) -> Value:
    """A forced number or string without its cell; anything else keeps its identity."""
    if type(item) is list and item[0] is None and type(item[1]) in _SCALARS:
        return item[1]
    return item


def _merge(left: list[Value], right: list[Value], less: Callable[[Value, Value], Value]) -> list[Value]:
    answer = less(right[0], left[-1])
    if answer is False:
        return left + right
    if answer is not True:
        raise _not_an_order(answer)
    if len(left) == 1 == len(right):
        return [right[0], left[0]]
    merged: list[Value] = []
    append = merged.append
    i = j = 0
    left_size, right_size = len(left), len(right)
    first, second = left[0], right[0]
    while True:
        answer = less(second, first)
        if answer is True:
            append(second)
            j += 1
            if j == right_size:
                merged += left[i:]
                return merged
            second = right[j]
        elif answer is False:
            append(first)
            i += 1
            if i == left_size:
                merged += right[j:]
                return merged
            first = left[i]
        else:
            raise _not_an_order(answer)


def _not_an_order(answer: Value) -> EvalError:
    return mismatch(answer, "a Boolean", "the return value of the sorting function passed to builtins.sort")


class SeenKeys:
    """Keys told apart by the language's order: two are the same when neither is smaller.

    Numbers, strings and paths are remembered by what they are; lists, whose members may be anything, in their order.
    """

    def __init__(self) -> None:
        self._plain: set[Any] = set()
        self._lists: list[Value] = []
        self._first: Value = UNSET

    def add(self, key: Value) -> bool:
        """Remember a forced key; whether it is new. Keys that cannot be compared are refused."""
        kind = _kind_of_key(key)
        if self._first is UNSET:
            self._first = key
        elif not kind or kind != _kind_of_key(self._first):
            raise not_comparable(key, self._first)
        if kind == "list":
            return self._add_list(key)
        plain = key.text if type(key) is Path else str.__str__(key) if kind == "string" else key
        if not kind or plain in self._plain:
            return not kind
        self._plain.add(plain)
        return True

    def _add_list(self, key: Value) -> bool:
        low, high = 0, len(self._lists)
        while low < high:
            middle = (low + high) // 2
            if less_than(key, self._lists[middle]):
                high = middle
            elif less_than(self._lists[middle], key):
                low = middle + 1
            else:
                return False
        self._lists.insert(low, key)
        return True


def _kind_of_key(key: Value) -> str:
    return _KEY_KINDS.get(type(key), "")


_KEY_KINDS = {int: "number", float: "number", str: "string", ContextStr: "string", Path: "path", tuple: "list"}
