"""The operators: arithmetic in 64 bits, joining, comparison."""

from __future__ import annotations

from types import FunctionType

from osconf.errors import EvalError
from osconf.lang.advice import advise_sum
from osconf.lang.brief import show_brief
from osconf.lang.coercion import coerce_to_string, concat_strings, join_path, not_a_string
from osconf.lang.kinds import UNSET, is_attrs, show_type, type_name
from osconf.lang.mistakes import expect_list, raise_overflow, raise_type
from osconf.lang.selection import is_derivation
from osconf.lang.thunks import force, origin_of
from osconf.lang.values import ContextStr, LazyAttrs, Path, Value

INT_MIN = -0x8000000000000000
INT_MAX = 0x7FFFFFFFFFFFFFFF


def concat_lists(left: Value, right: Value) -> tuple[Value, ...]:
    """`left ++ right`."""
    return expect_list(left) + expect_list(right)


def add(left: Value, right: Value) -> Value:
    """`left + right`: numbers, strings, paths."""
    kind = type(left)
    if kind is int or kind is float:
        other = type(right)
        if kind is int and other is int:
            result = left + right
            if not INT_MIN <= result <= INT_MAX:
                raise_overflow("+", left, right)
            return result
        if other is int or other is float:
            return left + right
        raise EvalError(
            f"cannot add {show_type(right)} to {show_type(left)}\n{_show_both(left, right)}",
            code="wrong-type",
            hint=advise_sum(left, right),
        )
    if kind is Path:
        return join_path(left.text, right)
    if kind is tuple or ((kind is dict or kind is LazyAttrs) and is_attrs(right)):
        _refuse_sum(left, right)
    copies = kind is str or kind is ContextStr
    left = coerce_to_string(left, copy_to_store=copies)
    right = coerce_to_string(right, copy_to_store=copies)
    return concat_strings((left, right))


def _refuse_sum(left: Value, right: Value) -> None:
    """Refuse the sum of two sets or lists, unless the left one is made to be a string."""
    if type(left) is tuple or not ("__toString" in left or "outPath" in left):
        error = not_a_string(left)
        error.hint = advise_sum(left, right) or error.hint
        raise error


def add_numbers(left: Value, right: Value) -> Value:
    """`builtins.add`: numbers only."""
    return _compute("+", left, right)


def subtract(left: Value, right: Value) -> Value:
    """`left - right`."""
    return _compute("-", left, right)


def multiply(left: Value, right: Value) -> Value:
    """`left * right`."""
    return _compute("*", left, right)


def divide(left: Value, right: Value) -> Value:
    """`left / right`; integers round towards zero."""
    if type(left) is int and type(right) is int and left >= 0 < right:
        return left // right
    return _compute("/", left, right)


def _compute(operator: str, left: Value, right: Value) -> Value:
    one, two = type(left), type(right)
    if one is not int and one is not float:
        raise_type(left, "a float" if two is float else "an integer")
    if two is not int and two is not float:
        raise_type(right, "a float" if one is float else "an integer")
    if operator == "+":
        result = left + right
    elif operator == "-":
        result = left - right
    elif operator == "*":
        result = left * right
    elif right == 0:
        raise EvalError("division by zero", code="division-by-zero")
    elif one is int and two is int:
        result = abs(left) // abs(right)
        if (left < 0) != (right < 0):
            result = -result
    else:
        result = left / right
    if type(result) is int and not INT_MIN <= result <= INT_MAX:
        raise_overflow(operator, left, right)
    return result


def less_than(left: Value, right: Value) -> bool:
    """`left < right` of forced values."""
    one, two = type(left), type(right)
    if (one is int or one is float) and (two is int or two is float):
        return bool(left < right)
    if (one is str or one is ContextStr) and (two is str or two is ContextStr):
        return str.__lt__(left, right)
    if one is tuple and two is tuple:
        return _order_lists(left, right) < 0
    if one is Path and two is Path:
        return bool(left.text < right.text)
    raise not_comparable(left, right)


def _show_both(left: Value, right: Value) -> str:
    return f"the values are {show_brief(left)} and {show_brief(right)}"


def not_comparable(left: Value, right: Value) -> EvalError:
    """The error of two values that have no order."""
    same = "; values of that type are incomparable" if type_name(left) == type_name(right) else ""
    return EvalError(
        f"cannot compare {show_type(left)} with {show_type(right)}{same}\n{_show_both(left, right)}",
        code="not-comparable",
        hint="two numbers, two strings, two paths or two lists can be compared",
    )


def _order_lists(left: tuple[Value, ...], right: tuple[Value, ...]) -> int:
    """Negative, zero or positive: what decides is the first pair that is not equal, and then the length."""
    for x, y in zip(left, right, strict=False):
        if x is y:
            force(x)
            continue
        one, two = force(x), force(y)
        if type(one) is tuple and type(two) is tuple:
            # Asking `equal` first, level by level, would take the square of the depth.
            order = _order_lists(one, two)
            if order:
                return order
        elif not equal(x, y):
            return -1 if less_than(one, two) else 1
    return len(left) - len(right)


def equal(left: Value, right: Value) -> bool:
    """Whether two members (of a list, of a set) are equal: the same variable is, whatever it holds."""
    one = left if type(left) is not list else left[1] if left[0] is None else left[0](left)
    two = right if type(right) is not list else right[1] if right[0] is None else right[0](right)
    return left is right or equal_values(one, two) or (one is two and origin_of(left) is origin_of(right))


def equal_values(left: Value, right: Value) -> bool:
    """`left == right` of two forced values; functions are never equal."""
    one, two = type(left), type(right)
    if one is two:
        if one is str or one is int:
            return bool(left == right)
        if one is tuple:
            return len(left) == len(right) and all_equal(left, right)
        if one is dict or one is LazyAttrs:
            return _equal_attrs(left, right)
        return one is not FunctionType and bool(left == right)
    if (one is int or one is float) and (two is int or two is float):
        return float(left) == float(right)
    if (one is str or one is ContextStr) and (two is str or two is ContextStr):
        return str.__eq__(left, right)
    if is_attrs(left) and is_attrs(right):
        return _equal_attrs(left, right)
    return False


def all_equal(left: tuple[Value, ...], right: tuple[Value, ...]) -> bool:
    """Whether two lists of the same length hold equal members."""
    for x, y in zip(left, right, strict=True):  # noqa: SIM110 - a generator would spend C stack on nested lists
        if not equal(x, y):
            return False
    return True


def _equal_attrs(left: Value, right: Value) -> bool:
    if is_derivation(left) and is_derivation(right) and "outPath" in left and "outPath" in right:
        return equal(left["outPath"], right["outPath"])
    if len(left) != len(right):
        return False
    for name in sorted(left):
        other = right.get(name, UNSET)
        if other is UNSET or not equal(left[name], other):
            return False
    return True
