"""Primops on attribute sets."""

from __future__ import annotations

from typing import Any

from osconf.errors import EvalError
from osconf.lang.primops.expect import (
    expect_attrs,
    expect_function,
    expect_list,
    expect_plain_string,
    mismatch,
    missing_attribute,
)
from osconf.lang.primops.registry import primop
from osconf.lang.primops.sorting import SeenKeys
from osconf.lang.runtime import (
    UNSET,
    attr_position,
    call,
    force,
    raise_missing,
    run_call2_thunk,
)
from osconf.lang.values import LazyAttrs, Value, to_latin

Attrs = dict[str, Value]


@primop("attrNames", "!")
def attribute_names(attrs: Value) -> tuple[str, ...]:
    """`attrs -> [string]`: the names of a set's attributes, sorted.

    builtins.attrNames { y = 1; x = 2; }  =>  [ "x" "y" ]
    """
    if type(attrs) is not dict and type(attrs) is not LazyAttrs:
        raise mismatch(attrs, "a set", "the argument passed to builtins.attrNames")
    return tuple(sorted(attrs))


@primop("attrValues", "!")
def attribute_values(attrs: Value) -> tuple[Value, ...]:
    """`attrs -> list`: the values of a set's attributes, in the order of their names.

    builtins.attrValues { y = 1; x = 2; }  =>  [ 2 1 ]
    """
    if type(attrs) is not dict and type(attrs) is not LazyAttrs:
        raise mismatch(attrs, "a set", "the argument passed to builtins.attrValues")
    return tuple([attrs[name] for name in sorted(attrs)])


@primop("getAttr", "!!")
def get_attribute(name: Value, attrs: Value) -> Value:
    """`string -> attrs -> any`: the attribute of that name; an error when there is none.

    builtins.getAttr "a" { a = 1; }  =>  1
    """
    if type(name) is not str:
        name = expect_plain_string(name, "the first argument passed to builtins.getAttr")
    if type(attrs) is not dict and type(attrs) is not LazyAttrs:
        raise mismatch(attrs, "a set", "the second argument passed to builtins.getAttr")
    found = attrs.get(name, UNSET)
    if found is UNSET:
        raise_missing(attrs, name)
    return found if type(found) is not list else found[1] if found[0] is None else found[0](found)


@primop("hasAttr", "!!")
def has_attribute(name: Value, attrs: Value) -> bool:
    """`string -> attrs -> bool`: whether a set has an attribute of that name.

    builtins.hasAttr "a" { a = 1; }  =>  true
    """
    if type(name) is not str:
        name = expect_plain_string(name, "the first argument passed to builtins.hasAttr")
    if type(attrs) is not dict and type(attrs) is not LazyAttrs:
        raise mismatch(attrs, "a set", "the second argument passed to builtins.hasAttr")
    return name in attrs


@primop("unsafeGetAttrPos", "!!")
def attribute_position(name: Value, attrs: Value) -> dict[str, Any] | None:
    """`string -> attrs -> { file, line, column } | null`: where an attribute was written, if that is in a file.

    builtins.unsafeGetAttrPos "a" (import ./a.nix)  =>  { column = 3; file = "/…/a.nix"; line = 1; }
    """
    name = expect_plain_string(name, "the first argument passed to builtins.unsafeGetAttrPos")
    position = attr_position(expect_attrs(attrs, "the second argument passed to builtins.unsafeGetAttrPos"), name)
    if position is None or not position.file.startswith("/"):
        return None
    return {"file": to_latin(position.file), "line": position.line, "column": position.column}


@primop("removeAttrs", "!!")
def remove_attributes(attrs: Value, names: Value) -> Value:
    """`attrs -> [string] -> attrs`: the set without the named attributes; names it does not have are ignored.

    removeAttrs { a = 1; b = 2; } [ "a" "x" ]  =>  { b = 2; }
    """
    expect_attrs(attrs, "the first argument passed to builtins.removeAttrs")
    unwanted = []
    for name in expect_list(names, "the second argument passed to builtins.removeAttrs"):
        if type(name) is list:
            name = name[1] if name[0] is None else name[0](name)
        if type(name) is not str:
            name = expect_plain_string(name, "the values of the second argument passed to builtins.removeAttrs")
        unwanted.append(name)
    if type(attrs) is LazyAttrs:
        return _remove_lazily(attrs, frozenset(unwanted))
    remaining = attrs.copy()
    for name in unwanted:
        remaining.pop(name, None)
    return remaining


def _remove_lazily(attrs: LazyAttrs, unwanted: frozenset[str]) -> LazyAttrs:
    def lookup(name: str) -> Value:
        if name in unwanted:
            raise KeyError(name)
        return attrs[name]

    return LazyAttrs(lambda: [name for name in attrs.names() if name not in unwanted], lookup)


@primop("intersectAttrs", "!!")
def intersect_attributes(left: Value, right: Value) -> Attrs:
    """`attrs -> attrs -> attrs`: the attributes of the second set that the first has too.

    builtins.intersectAttrs { a = 1; } { a = 2; b = 3; }  =>  { a = 2; }
    """
    expect_attrs(left, "the first argument passed to builtins.intersectAttrs")
    expect_attrs(right, "the second argument passed to builtins.intersectAttrs")
    if type(left) is LazyAttrs or (type(right) is dict and len(right) < len(left)):
        return {name: value for name, value in right.items() if name in left}
    return {name: found for name in left if (found := right.get(name, UNSET)) is not UNSET}


@primop("catAttrs", "!!")
def concat_attribute(name: Value, sets: Value) -> tuple[Value, ...]:
    """`string -> [attrs] -> list`: the values of one attribute in all the sets that have it.

    builtins.catAttrs "a" [ { a = 1; } { b = 0; } { a = 2; } ]  =>  [ 1 2 ]
    """
    name = expect_plain_string(name, "the first argument passed to builtins.catAttrs")
    found = []
    for attrs in expect_list(sets, "the second argument passed to builtins.catAttrs"):
        if type(attrs) is list:
            attrs = attrs[1] if attrs[0] is None else attrs[0](attrs)
        if type(attrs) is not dict and type(attrs) is not LazyAttrs:
            raise mismatch(attrs, "a set", "an element in the list passed as second argument to builtins.catAttrs")
        value = attrs.get(name, UNSET)
        if value is not UNSET:
            found.append(value)
    return tuple(found)


@primop("listToAttrs", "!")
def list_to_attributes(pairs: Value) -> Attrs:
    """`[{ name, value }] -> attrs`: make a set; of equal names the first counts.

    builtins.listToAttrs [ { name = "a"; value = 1; } ]  =>  { a = 1; }
    """
    if type(pairs) is not tuple:
        raise mismatch(pairs, "a list", "the argument passed to builtins.listToAttrs")
    attrs: Attrs = {}
    for pair in pairs:
        if type(pair) is list:
            pair = pair[1] if pair[0] is None else pair[0](pair)
        if type(pair) is not dict and type(pair) is not LazyAttrs:
            raise mismatch(pair, "a set", "an element of the list passed to builtins.listToAttrs")
        name = pair.get("name", UNSET)
        if type(name) is list:
            name = name[1] if name[0] is None else name[0](name)
        if type(name) is not str:
            if name is UNSET:
                raise missing_attribute("name", "in a {name=...; value=...;} pair", pair)
            where = "the `name` attribute of an element of the list passed to builtins.listToAttrs"
            name = expect_plain_string(name, where)
        if name not in attrs:
            value = pair.get("value", UNSET)
            if value is UNSET:
                raise missing_attribute("value", "in a {name=...; value=...;} pair", pair)
            attrs[name] = value
    return attrs


@primop("mapAttrs", "-!")
def map_attributes(function: Value, attrs: Value) -> Value:
    """`(string -> any -> any) -> attrs -> attrs`: apply a function to every name and value.

    builtins.mapAttrs (name: value: name + value) { a = "x"; }  =>  { a = "ax"; }
    """
    if type(attrs) is dict:
        return {name: [run_call2_thunk, function, None, name, value] for name, value in attrs.items()}
    if type(attrs) is LazyAttrs:
        lazy = attrs
        return LazyAttrs(lazy.names, lambda name: [run_call2_thunk, function, None, name, lazy[name]])
    raise mismatch(attrs, "a set", "the second argument passed to builtins.mapAttrs")


@primop("zipAttrsWith", "!!")
def zip_attributes_with(function: Value, sets: Value) -> Attrs:
    """`(string -> list -> any) -> [attrs] -> attrs`: merge sets, the function combining the values of each name.

    builtins.zipAttrsWith (name: values: values) [ { a = 1; } { a = 2; b = 3; } ]  =>  { a = [ 1 2 ]; b = [ 3 ]; }
    """
    expect_function(function, "the first argument passed to builtins.zipAttrsWith")
    gathered: dict[str, Any] = {}
    for attrs in expect_list(sets, "the second argument passed to builtins.zipAttrsWith"):
        if type(attrs) is list:
            attrs = attrs[1] if attrs[0] is None else attrs[0](attrs)
        if type(attrs) is not dict and type(attrs) is not LazyAttrs:
            raise mismatch(attrs, "a set", "a value of the list passed as second argument to builtins.zipAttrsWith")
        for name, value in attrs.items():
            values = gathered.get(name)
            if values is None:
                gathered[name] = [value]
            else:
                values.append(value)
    for name, values in gathered.items():
        gathered[name] = [run_call2_thunk, function, None, name, tuple(values)]
    return gathered


@primop("genericClosure", "!")
def generic_closure(argument: Value) -> tuple[Value, ...]:
    """`{ startSet, operator } -> [attrs]`: everything reachable from startSet, each `key` once.

    builtins.genericClosure {
      startSet = [ { key = 1; } ];
      operator = x: if x.key < 3 then [ { key = x.key + 1; } ] else [ ];
    }  =>  [ { key = 1; } { key = 2; } { key = 3; } ]
    """
    attrs = expect_attrs(argument, "the first argument passed to builtins.genericClosure")
    place = "in the attrset passed as argument to builtins.genericClosure"
    start = attrs.get("startSet", UNSET)
    if start is UNSET:
        raise missing_attribute("startSet", place)
    pending = list(expect_list(force(start), "the 'startSet' attribute passed as argument to builtins.genericClosure"))
    if not pending:
        return ()
    operator = attrs.get("operator", UNSET)
    if operator is UNSET:
        raise missing_attribute("operator", place)
    operator = expect_function(
        force(operator), "the 'operator' attribute passed as argument to builtins.genericClosure"
    )
    seen = SeenKeys()
    reached: list[Any] = []
    for item in pending:  # grows while it is walked
        if type(item) is list:
            item = item[1] if item[0] is None else item[0](item)
        key = _closure_key(item)
        try:
            is_new = seen.add(key)
        except EvalError as error:
            error.while_("while comparing the `key` attributes of two genericClosure elements")
            raise
        if not is_new:
            continue
        reached.append(item)
        pending += expect_list(
            call(operator, item), "the return value of the `operator` passed to builtins.genericClosure"
        )
    return tuple(reached)


def _closure_key(item: Value) -> Value:
    where = "one of the elements generated by (or initially passed to) builtins.genericClosure"
    attrs = expect_attrs(item, where)
    key = attrs.get("key", UNSET)
    if key is UNSET:
        raise missing_attribute(
            "key", "in one of the attrsets generated by (or initially passed to) builtins.genericClosure"
        )
    return force(key)
