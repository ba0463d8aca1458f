"""Primops that ask what a value is."""

from __future__ import annotations

from typing import Any

from osconf.errors import EvalError
from osconf.lang.primops.registry import PRIMOPS, primop
from osconf.lang.runtime import formal_spots, function_args, is_function, type_name
from osconf.lang.values import ContextStr, LazyAttrs, Path, Value


@primop("typeOf", "!")
def type_of(value: Value) -> str:
    """`any -> string`: the name of the value's type: int, float, bool, string, path, null, set, list or lambda.

    builtins.typeOf 1  =>  "int"
    """
    return type_name(value)


@primop("isAttrs", "!")
def is_attrs(value: Value) -> bool:
    """`any -> bool`: whether the value is an attribute set.

    builtins.isAttrs { }  =>  true
    """
    return type(value) is dict or type(value) is LazyAttrs


@primop("isBool", "!")
def is_bool(value: Value) -> bool:
    """`any -> bool`: whether the value is true or false.

    builtins.isBool 1  =>  false
    """
    return value is True or value is False


@primop("isFloat", "!")
def is_float(value: Value) -> bool:
    """`any -> bool`: whether the value is a floating point number.

    builtins.isFloat 1.0  =>  true
    """
    return type(value) is float


@primop("isFunction", "!")
def is_function_value(value: Value) -> bool:
    """`any -> bool`: whether the value is a function (a set with `__functor` is not).

    builtins.isFunction (x: x)  =>  true
    """
    return is_function(value)


@primop("isInt", "!")
def is_int(value: Value) -> bool:
    """`any -> bool`: whether the value is an integer.

    builtins.isInt 1.0  =>  false
    """
    return type(value) is int


@primop("isList", "!")
def is_list(value: Value) -> bool:
    """`any -> bool`: whether the value is a list.

    builtins.isList [ ]  =>  true
    """
    return type(value) is tuple


@primop("isNull", "!")
def is_null(value: Value) -> bool:
    """`any -> bool`: whether the value is null.

    isNull null  =>  true
    """
    return value is None


@primop("isPath", "!")
def is_path(value: Value) -> bool:
    """`any -> bool`: whether the value is a path.

    builtins.isPath ./.  =>  true
    """
    return type(value) is Path


@primop("isString", "!")
def is_string(value: Value) -> bool:
    """`any -> bool`: whether the value is a string.

    builtins.isString "x"  =>  true
    """
    return type(value) is str or type(value) is ContextStr


@primop("functionArgs", "!")
def function_arguments(function: Value) -> dict[str, Any]:
    """`function -> attrs`: the names a function's pattern takes, each with whether it has a default.

    builtins.functionArgs ({ a, b ? 1 }: a)  =>  { a = false; b = true; }
    """
    if not is_function(function):
        raise EvalError("'functionArgs' requires a function", code="wrong-type")
    if function is PRIMOPS["derivation"].function:
        # Nix writes it in the language: `{ outputs ? [ "out" ], ... }`.
        return {"outputs": True}
    formals = function_args(function) or {}
    return {
        name: [None, has_default, spot]
        for (name, has_default), spot in zip(formals.items(), formal_spots(function), strict=True)
    }
