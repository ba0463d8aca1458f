"""Primops on lists. The hot ones force and call inline: see LANGUAGE.md on speed."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from osconf.errors import EvalError
from osconf.lang.primops.expect import expect_bool, expect_function, expect_list, expect_plain_string, mismatch
from osconf.lang.primops.registry import PRIMOPS, primop
from osconf.lang.primops.sorting import merge_sort, sort_plain
from osconf.lang.runtime import call, equal, force, run_call_thunk
from osconf.lang.values import ContextStr, Value

List = tuple[Value, ...]


def _wrong_bool(value: Value, where: str) -> EvalError:
    return mismatch(value, "a Boolean", where)


@primop("length", "!")
def length(items: Value) -> int:
    """`list -> int`: how many elements a list has.

    builtins.length [ 1 2 ]  =>  2
    """
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the first argument passed to builtins.length")
    return len(items)


@primop("head", "!")
def head(items: Value) -> Value:
    """`list -> any`: the first element.

    builtins.head [ 1 2 ]  =>  1
    """
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the first argument passed to 'builtins.head'")
    if not items:
        raise EvalError("'builtins.head' called on an empty list", code="empty-list")
    item = items[0]
    return item if type(item) is not list else item[1] if item[0] is None else item[0](item)


@primop("tail", "!")
def tail(items: Value) -> List:
    """`list -> list`: everything after the first element; takes time proportional to the length.

    builtins.tail [ 1 2 3 ]  =>  [ 2 3 ]
    """
    members = expect_list(items, "the first argument passed to 'builtins.tail'")
    if not members:
        raise EvalError("'builtins.tail' called on an empty list", code="empty-list")
    return members[1:]


@primop("elemAt", "!!")
def element_at(items: Value, index: Value) -> Value:
    """`list -> int -> any`: the element at an index, counted from 0.

    builtins.elemAt [ "a" "b" ] 1  =>  "b"
    """
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the first argument passed to 'builtins.elemAt'")
    if type(index) is not int:
        raise mismatch(index, "an integer", "the second argument passed to 'builtins.elemAt'")
    if not 0 <= index < len(items):
        raise EvalError(
            f"'builtins.elemAt' called with index {index} on a list of size {len(items)}", code="index-out-of-range"
        )
    item = items[index]
    return item if type(item) is not list else item[1] if item[0] is None else item[0](item)


@primop("map", "-!")
def map_list(function: Value, items: Value) -> List:
    """`(any -> any) -> list -> list`: the list of the function's results, each computed when it is needed.

    map (x: x + 1) [ 1 2 ]  =>  [ 2 3 ]
    """
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the second argument passed to builtins.map")
    if not items:
        return items
    if type(function) is list:
        function = function[1] if function[0] is None else function[0](function)
    if type(function) is not FunctionType:
        expect_function(function, "the first argument passed to builtins.map")
    return tuple([[run_call_thunk, function, None, item] for item in items])


@primop("filter", "-!")
def filter_list(predicate: Value, items: Value) -> List:
    """`(any -> bool) -> list -> list`: the elements for which the function returns true.

    builtins.filter (x: x > 1) [ 1 2 3 ]  =>  [ 2 3 ]
    """
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the second argument passed to builtins.filter")
    if not items:
        return items
    if type(predicate) is list:
        predicate = predicate[1] if predicate[0] is None else predicate[0](predicate)
    kept = []
    if type(predicate) is FunctionType:
        for item in items:
            answer = predicate(item)
            if answer is True:
                kept.append(item)
            elif answer is not False:
                raise _wrong_bool(answer, "the return value of the filtering function passed to builtins.filter")
    else:
        expect_function(predicate, "the first argument passed to builtins.filter")
        for item in items:
            if expect_bool(
                call(predicate, item), "the return value of the filtering function passed to builtins.filter"
            ):
                kept.append(item)
    return items if len(kept) == len(items) else tuple(kept)


@primop("elem", "-!")
def is_element(wanted: Value, items: Value) -> bool:
    """`any -> list -> bool`: whether a value equal to the first argument is in the list.

    builtins.elem 2 [ 1 2 ]  =>  true
    """
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the second argument passed to builtins.elem")
    if not items:
        return False
    if type(wanted) is list:
        wanted = wanted[1] if wanted[0] is None else wanted[0](wanted)
    if type(wanted) is str:
        for item in items:
            if type(item) is list:
                item = item[1] if item[0] is None else item[0](item)
            if (type(item) is str or type(item) is ContextStr) and item == wanted:
                return True
        return False
    for item in items:  # noqa: SIM110 - `any` would evaluate through C, which limits the depth
        if equal(wanted, item):
            return True
    return False


@primop("concatLists", "!")
def concat_lists(lists: Value) -> List:
    """`[list] -> list`: the lists, one after the other.

    builtins.concatLists [ [ 1 ] [ 2 3 ] ]  =>  [ 1 2 3 ]
    """
    joined: list[Value] = []
    only: List = ()
    for items in expect_list(lists, "the first argument passed to builtins.concatLists"):
        if type(items) is list:
            items = items[1] if items[0] is None else items[0](items)
        if type(items) is not tuple:
            raise mismatch(items, "a list", "a value of the list passed to builtins.concatLists")
        if not joined and items:
            only = items
        joined += items
    # Nix makes no new list of a single one.
    return only if len(only) == len(joined) else tuple(joined)


@primop("concatMap", "!!")
def concat_map(function: Value, items: Value) -> List:
    """`(any -> list) -> list -> list`: the function's result lists, one after the other.

    builtins.concatMap (x: [ x x ]) [ 1 2 ]  =>  [ 1 1 2 2 ]
    """
    expect_function(function, "the first argument passed to builtins.concatMap")
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the second argument passed to builtins.concatMap")
    joined: list[Value] = []
    for item in items:
        result = function(item) if type(function) is FunctionType else call(function, item)
        if type(result) is not tuple:
            raise mismatch(result, "a list", "the return value of the function passed to builtins.concatMap")
        joined += result
    return tuple(joined)


@primop("foldl'", "!-!")
def fold_left(operator: Value, accumulator: Value, items: Value) -> Value:
    """`(acc -> any -> acc) -> acc -> list -> acc`: reduce a list from the left, each step evaluated at once.

    builtins.foldl' (a: b: a + b) 0 [ 1 2 3 ]  =>  6
    """
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the third argument passed to builtins.foldl'")
    if type(operator) is FunctionType:
        if operator.__code__.co_argcount == 2:
            for item in items:
                accumulator = operator(accumulator, item)
        else:
            for item in items:
                step = operator(accumulator)
                accumulator = step(item) if type(step) is FunctionType else call(step, item)
    else:
        expect_function(operator, "the first argument passed to builtins.foldl'")
        for item in items:
            accumulator = call(operator, accumulator, item)
    if type(accumulator) is list:
        return accumulator[1] if accumulator[0] is None else accumulator[0](accumulator)
    return accumulator


@primop("any", "!!")
def any_of(predicate: Value, items: Value) -> bool:
    """`(any -> bool) -> list -> bool`: whether the function returns true for some element.

    builtins.any (x: x > 2) [ 1 2 3 ]  =>  true
    """
    expect_function(predicate, "the first argument passed to builtins.any")
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the second argument passed to builtins.any")
    for item in items:
        answer = predicate(item) if type(predicate) is FunctionType else call(predicate, item)
        if answer is True:
            return True
        if answer is not False:
            raise _wrong_bool(answer, "the return value of the function passed to builtins.any")
    return False


@primop("all", "!!")
def all_of(predicate: Value, items: Value) -> bool:
    """`(any -> bool) -> list -> bool`: whether the function returns true for every element.

    builtins.all (x: x > 2) [ 1 2 3 ]  =>  false
    """
    expect_function(predicate, "the first argument passed to builtins.all")
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the second argument passed to builtins.all")
    for item in items:
        answer = predicate(item) if type(predicate) is FunctionType else call(predicate, item)
        if answer is False:
            return False
        if answer is not True:
            raise _wrong_bool(answer, "the return value of the function passed to builtins.all")
    return True


@primop("genList", "-!")
def generate_list(function: Value, size: Value) -> List:
    """`(int -> any) -> int -> list`: the list of the function's results for 0, 1, … size - 1.

    builtins.genList (i: i * i) 4  =>  [ 0 1 4 9 ]
    """
    if type(size) is not int:
        raise mismatch(size, "an integer", "the second argument passed to builtins.genList")
    if size < 0:
        raise EvalError(f"cannot create list of size {size}", code="negative-size")
    function = expect_function(force(function), "the first argument passed to builtins.genList")
    return tuple([[run_call_thunk, function, None, index] for index in range(size)])


@primop("sort", "-!")
def sort_list(comparator: Value, items: Value) -> List:
    """`(any -> any -> bool) -> list -> list`: sort, stably, by a function that says whether a comes before b.

    builtins.sort builtins.lessThan [ 3 1 2 ]  =>  [ 1 2 3 ]
    """
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the second argument passed to builtins.sort")
    if not items:
        return items
    comparator = expect_function(force(comparator), "the first argument passed to builtins.sort")
    if comparator is PRIMOPS["lessThan"].function:
        ordered = sort_plain(items)
        if ordered is not None:
            return ordered
    # Every element is evaluated, also one that the function would not look at.
    return tuple(merge_sort([force(item) for item in items], comparator))


@primop("partition", "!!")
def partition(predicate: Value, items: Value) -> dict[str, List]:
    """`(any -> bool) -> list -> { right, wrong }`: split a list by what the function says of each element.

    builtins.partition (x: x > 1) [ 1 2 ]  =>  { right = [ 2 ]; wrong = [ 1 ]; }
    """
    expect_function(predicate, "the first argument passed to builtins.partition")
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the second argument passed to builtins.partition")
    right: list[Value] = []
    wrong: list[Value] = []
    for item in items:
        force(item)
        answer = predicate(item) if type(predicate) is FunctionType else call(predicate, item)
        if answer is True:
            right.append(item)
        elif answer is False:
            wrong.append(item)
        else:
            raise _wrong_bool(answer, "the return value of the partition function passed to builtins.partition")
    return {"right": tuple(right), "wrong": tuple(wrong)}


@primop("groupBy", "!!")
def group_by(function: Value, items: Value) -> dict[str, List]:
    """`(any -> string) -> list -> attrs of lists`: gather the elements under the names the function returns.

    builtins.groupBy (builtins.substring 0 1) [ "ab" "ac" "b" ]  =>  { a = [ "ab" "ac" ]; b = [ "b" ]; }
    """
    expect_function(function, "the first argument passed to builtins.groupBy")
    if type(items) is not tuple:
        raise mismatch(items, "a list", "the second argument passed to builtins.groupBy")
    groups: dict[str, Any] = {}
    for item in items:
        name = function(item) if type(function) is FunctionType else call(function, item)
        if type(name) is not str:
            name = expect_plain_string(name, "the return value of the grouping function passed to builtins.groupBy")
        group = groups.get(name)
        if group is None:
            groups[name] = [item]
        else:
            group.append(item)
    for name, group in groups.items():
        groups[name] = tuple(group)
    return groups
