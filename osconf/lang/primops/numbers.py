"""Primops on numbers."""

from __future__ import annotations

import math

from osconf.errors import EvalError
from osconf.lang.primops.expect import expect_int, mismatch
from osconf.lang.primops.registry import primop
from osconf.lang.runtime import INT_MAX, INT_MIN, add_numbers, divide, less_than, multiply, subtract
from osconf.lang.values import Value


@primop("add", "!!")
def add(left: Value, right: Value) -> int | float:
    """`number -> number -> number`: the sum.

    builtins.add 1 2  =>  3
    """
    if type(left) is type(right) is int and INT_MIN <= (result := left + right) <= INT_MAX:
        return result
    return _arithmetic(add_numbers, left, right, "addition")


@primop("sub", "!!")
def sub(left: Value, right: Value) -> int | float:
    """`number -> number -> number`: the difference.

    builtins.sub 3 1  =>  2
    """
    if type(left) is type(right) is int and INT_MIN <= (result := left - right) <= INT_MAX:
        return result
    return _arithmetic(subtract, left, right, "subtraction")


@primop("mul", "!!")
def mul(left: Value, right: Value) -> int | float:
    """`number -> number -> number`: the product.

    builtins.mul 2 3  =>  6
    """
    if type(left) is type(right) is int and INT_MIN <= (result := left * right) <= INT_MAX:
        return result
    return _arithmetic(multiply, left, right, "multiplication")


@primop("div", "!!")
def div(left: Value, right: Value) -> int | float:
    """`number -> number -> number`: the quotient; of integers it is rounded towards zero.

    builtins.div 7 2  =>  3
    """
    return _arithmetic(divide, left, right, "division")


def _arithmetic(compute: Value, left: Value, right: Value, operation: str) -> int | float:
    for value, which, other in ((left, "first", right), (right, "second", left)):
        if type(value) is not int and type(value) is not float:
            wanted = "a float" if type(other) is float else "an integer"
            raise mismatch(value, wanted, f"the {which} argument of the {operation}")
    result: int | float = compute(left, right)
    return result


@primop("lessThan", "!!")
def is_less_than(left: Value, right: Value) -> bool:
    """`any -> any -> bool`: whether the first of two numbers, strings, paths or lists comes before the second.

    builtins.lessThan 1 2  =>  true
    """
    return less_than(left, right)


@primop("bitAnd", "!!")
def bit_and(left: Value, right: Value) -> int:
    """`int -> int -> int`: the bits set in both.

    builtins.bitAnd 6 3  =>  2
    """
    first, second = _bits("bitAnd", left, right)
    return first & second


@primop("bitOr", "!!")
def bit_or(left: Value, right: Value) -> int:
    """`int -> int -> int`: the bits set in at least one.

    builtins.bitOr 6 3  =>  7
    """
    first, second = _bits("bitOr", left, right)
    return first | second


@primop("bitXor", "!!")
def bit_xor(left: Value, right: Value) -> int:
    """`int -> int -> int`: the bits set in exactly one.

    builtins.bitXor 6 3  =>  5
    """
    first, second = _bits("bitXor", left, right)
    return first ^ second


def _bits(name: str, left: Value, right: Value) -> tuple[int, int]:
    first = expect_int(left, f"the first argument passed to builtins.{name}")
    return first, expect_int(right, f"the second argument passed to builtins.{name}")


@primop("ceil", "!")
def ceil(number: Value) -> int:
    """`number -> int`: the smallest integer that is not below the number.

    builtins.ceil 1.2  =>  2
    """
    return _to_integer("ceil", number)


@primop("floor", "!")
def floor(number: Value) -> int:
    """`number -> int`: the largest integer that is not above the number.

    builtins.floor 1.8  =>  1
    """
    return _to_integer("floor", number)


def _to_integer(name: str, number: Value) -> int:
    if type(number) is not float and type(number) is not int:
        raise mismatch(number, "a float", f"the first argument passed to builtins.{name}")
    if not math.isfinite(number):
        raise EvalError(f"'{number}' is not in the range of integers", code="integer-overflow")
    if type(number) is int:
        # Nix takes the way through a float here, which has 53 bits; what is too large for an integer then wraps.
        rounded = int(float(number))
        return rounded if rounded <= INT_MAX else INT_MIN
    rounded = math.ceil(number) if name == "ceil" else math.floor(number)
    if not INT_MIN <= rounded <= INT_MAX:
        raise EvalError(f"{number:g} is not in the range of integers", code="integer-overflow")
    return rounded
