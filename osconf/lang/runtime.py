"""What running code does with values: force, call, coerce, compare, compute.

Compiled code calls these when its inlined fast path does not fit; builtins and the module system call them all the time.
Values are described in `values`. Functions named `raise_…` explain a mistake; positions are added where the evaluation
was started (`evaluator`), from the traceback, so nothing here carries one.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

from osconf.errors import AssertionFailed, EvalError, Position
from osconf.lang.source import SOURCES, Spot
from osconf.lang.values import ContextStr, LazyAttrs, Path, Thunk, Value, context_of, with_context

if TYPE_CHECKING:
    from osconf.lang.evaluator import Evaluator

INT_MIN = -0x8000000000000000
INT_MAX = 0x7FFFFFFFFFFFFFFF


class _Unset:
    """The default of a curried parameter that has not come yet."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = _Unset()

_evaluators: list[Evaluator] = []


def current_evaluator() -> Evaluator:
    """The evaluator at work: the one that was entered last."""
    if not _evaluators:
        raise EvalError("no evaluation is going on", code="no-evaluator")
    return _evaluators[-1]


def enter_evaluator(evaluator: Evaluator) -> None:
    """Make `evaluator` the one that primops and coercions ask; a process has one at a time."""
    _evaluators[:] = [evaluator]


def finish_evaluators() -> None:
    """Let the evaluator at work keep what is worth keeping, at the end of a run."""
    for evaluator in _evaluators:
        evaluator.save_compiled()


# -- thunks ------------------------------------------------------------------------------------------------------------


def force(value: Value) -> Value:
    """The value in weak head normal form."""
    if type(value) is not list:
        return value
    return value[1] if value[0] is None else value[0](value)


def black_hole(_cell: Thunk) -> NoReturn:
    """What stands in a thunk while it runs: whoever forces it then asks for its own result."""
    raise EvalError("infinite recursion encountered", code="infinite-recursion")


def make_thunk(function: Callable[..., Value], *captured: Any) -> Thunk:
    """A thunk that calls a Python function once, when it is forced; the result may be a thunk itself."""
    return [_run_python_thunk, function, None, captured]


def _run_python_thunk(cell: Thunk) -> Value:
    _, function, _, captured = cell
    cell[0] = black_hole
    try:
        value = function(*captured)
        if type(value) is list:
            value = value[1] if value[0] is None else value[0](value)
    except BaseException:
        cell[0] = _run_python_thunk
        raise
    cell[1] = value
    cell[3] = None
    cell[0] = None
    return value


def make_call_thunk(function: Value, argument: Value) -> Thunk:
    """A thunk of `function argument`."""
    return [run_call_thunk, function, None, argument]


def run_call_thunk(cell: Thunk) -> Value:
    """Body of a thunk `[run_call_thunk, function, spot, argument]`."""
    _, function, _, argument = cell
    cell[0] = black_hole
    try:
        if type(function) is list:
            function = function[1] if function[0] is None else function[0](function)
        value = function(argument) if type(function) is FunctionType else call(function, argument)
    except BaseException:
        cell[0] = run_call_thunk
        raise
    cell[1] = value
    cell[3] = None
    cell[0] = None
    return value


def make_call2_thunk(function: Value, first: Value, second: Value, spot: Spot | None = None) -> Thunk:
    """A thunk of `function first second`; `spot` is where the attribute that holds it was written."""
    return [run_call2_thunk, function, spot, first, second]


def run_call2_thunk(cell: Thunk) -> Value:
    """Body of a thunk `[run_call2_thunk, function, spot, first, second]`."""
    _, function, _, first, second = cell
    cell[0] = black_hole
    try:
        if type(function) is list:
            function = function[1] if function[0] is None else function[0](function)
        if type(function) is FunctionType and function.__code__.co_argcount > 1:
            value = function(first, second)
        else:
            value = call2(function, first, second)
    except BaseException:
        cell[0] = run_call2_thunk
        raise
    cell[1] = value
    cell[3] = cell[4] = None
    cell[0] = None
    return value


def run_alias(cell: Thunk) -> Value:
    """Body of a thunk `[run_alias, value, spot]`: another name, with its own position, for a value or thunk."""
    value = cell[1]
    if type(value) is list:
        cell[0] = black_hole
        try:
            value = value[1] if value[0] is None else value[0](value)
        except BaseException:
            cell[0] = run_alias
            raise
        cell[1] = value
    cell[0] = None
    return value


def spot_of(cell: Value) -> Spot | None:
    """Where the attribute that holds this cell was written."""
    if type(cell) is list and len(cell) > 2 and type(cell[2]) is Spot:
        return cell[2]
    return None


def place_value(value: Value, spot: Spot | None) -> Value:
    """A member for an attribute set: `value` (or thunk), known to be written at `spot`."""
    if spot is None:
        return value
    return [run_alias, value, spot] if type(value) is list else [None, value, spot]


def attr_position(attrs: Value, name: str) -> Position | None:
    """Where an attribute was written: `builtins.unsafeGetAttrPos`."""
    spot = spot_of(attrs.get(name))
    return None if spot is None else spot.position()


# -- types -------------------------------------------------------------------------------------------------------------

_TYPE_NAMES = {
    int: "int", float: "float", bool: "bool", str: "string", ContextStr: "string", tuple: "list", dict: "set",
    LazyAttrs: "set", FunctionType: "lambda", Path: "path", type(None): "null",
}  # fmt: skip
_TYPE_WORDS = {
    "int": "an integer", "float": "a float", "bool": "a Boolean", "string": "a string", "list": "a list",
    "set": "a set", "lambda": "a function", "path": "a path", "null": "null",
}  # fmt: skip


def type_name(value: Value) -> str:
    """What `builtins.typeOf` says of a forced value."""
    return _TYPE_NAMES[type(value)]


def show_type(value: Value) -> str:
    """The type of a forced value in words, with its article: `a string`, `a partially applied built-in function`."""
    if type(value) is FunctionType:
        if hasattr(value, "primop"):
            return "a built-in function"
        if hasattr(value, "primop_application"):
            return "a partially applied built-in function"
    elif type(value) is ContextStr:
        return "a string with context"
    elif type(value) is list:
        return "a thunk"
    return _TYPE_WORDS[_TYPE_NAMES[type(value)]]


def is_attrs(value: Value) -> bool:
    """Whether a forced value is an attribute set."""
    return type(value) is dict or type(value) is LazyAttrs


def is_string(value: Value) -> bool:
    """Whether a forced value is a string."""
    return type(value) is str or type(value) is ContextStr


def is_function(value: Value) -> bool:
    """Whether a forced value is a function (a set with `__functor` is not)."""
    return type(value) is FunctionType


def function_args(function: Value) -> dict[str, bool] | None:
    """Name -> has a default, for a function with an argument pattern; None for any other function."""
    described = _describe_function(function)
    return described[1] if described else None


def function_position(function: Value) -> Position | None:
    """Where a function of the language was written."""
    described = _describe_function(function)
    if described is None:
        return None
    source = SOURCES.get(function.__code__.co_filename)
    return source.position(described[0]) if source else None


def function_name(function: Value) -> str | None:
    """The name that a function of the language was bound to, for messages."""
    described = _describe_function(function)
    return described[2] if described else None


def _describe_function(function: Value) -> tuple[int, dict[str, bool] | None, str | None] | None:
    if type(function) is not FunctionType:
        return None
    functions = function.__globals__.get("FUNCTIONS")
    found: tuple[int, dict[str, bool] | None, str | None] | None = (
        functions.get(function.__name__) if functions else None
    )
    return found


# -- calls -------------------------------------------------------------------------------------------------------------


def call(function: Value, *arguments: Value) -> Value:
    """Apply a function (forced or not, a functor too) to arguments (values or thunks); the result is forced."""
    if type(function) is list:
        function = function[1] if function[0] is None else function[0](function)
    at = 0
    count = len(arguments)
    while at < count:
        while type(function) is not FunctionType:
            function = _functor(function)
        arity = function.__code__.co_argcount
        if arity == 1 or count - at == 1:
            function = function(arguments[at])
            at += 1
        else:
            function = function(*arguments[at : at + arity])
            at += arity
    return function


def _functor(function: Value) -> Value:
    if type(function) is dict or type(function) is LazyAttrs:
        functor = function.get("__functor", UNSET)
        if functor is not UNSET:
            return call(functor, function)
    raise_not_a_function(function)


def call2(function: Value, first: Value, second: Value) -> Value:
    """Apply a forced function to two arguments."""
    if type(function) is FunctionType and function.__code__.co_argcount > 1:
        return function(first, second)
    return call(function, first, second)


def call3(function: Value, first: Value, second: Value, third: Value) -> Value:
    """Apply a forced function to three arguments."""
    if type(function) is FunctionType and function.__code__.co_argcount > 2:
        return function(first, second, third)
    return call(function, first, second, third)


def callable_of(function: Value) -> Callable[[Value], Value]:
    """A Python function of one argument for any callable value: hoists the test for functors out of a loop."""
    if type(function) is FunctionType:
        return function
    return lambda argument: call(function, argument)


# -- mistakes ----------------------------------------------------------------------------------------------------------


def raise_not_a_function(value: Value) -> NoReturn:
    """Something else than a function was called."""
    raise EvalError(f"attempt to call something which is not a function but {_described(value)}", code="not-a-function")


def raise_type(value: Value, wanted: str) -> NoReturn:
    """`wanted` (with its article) was needed, `value` came."""
    raise EvalError(f"expected {wanted} but found {_described(value)}", code="wrong-type")


def raise_missing(attrs: Value, name: str) -> NoReturn:
    """Attribute `name` was asked of a value that has none, or of something that is no set."""
    if not is_attrs(attrs):
        raise_type(attrs, "a set")
    from osconf.lang.suggest import did_you_mean  # noqa: PLC0415 - only a mistake needs it

    raise EvalError(f"attribute '{name}' missing", code="missing-attribute", hint=did_you_mean(name, attrs))


def raise_overflow(operator: str, left: int, right: int) -> NoReturn:
    """A result does not fit into 64 bits."""
    words = {"+": "adding", "-": "subtracting", "*": "multiplying", "/": "dividing"}
    raise EvalError(f"integer overflow in {words[operator]} {left} {operator} {right}", code="integer-overflow")


def raise_assertion(text: str) -> NoReturn:
    """An `assert` is false; `text` is its condition as written."""
    raise AssertionFailed(f"assertion '{text}' failed")


def raise_undefined(name: str, scopes: tuple[Value, ...]) -> NoReturn:
    """A variable is in none of the sets of the surrounding `with`."""
    from osconf.lang.suggest import did_you_mean  # noqa: PLC0415

    names = [key for scope in scopes if type(scope) is dict for key in scope]
    hint = did_you_mean(name, names)
    for scope in scopes:
        if type(scope) is LazyAttrs:
            hint = hint or did_you_mean(name, scope)
    raise EvalError(f"undefined variable '{name}'", code="undefined-variable", hint=hint)


def raise_arguments(attrs: Value, allowed: frozenset[str], required: tuple[str, ...], is_open: bool, who: str) -> None:
    """Explain what is wrong with the arguments of a call; returns when nothing is (a lazy set)."""
    if not is_attrs(attrs):
        raise_type(attrs, "a set")
    for name in required:
        if name not in attrs:
            raise EvalError(f"{who} called without required argument '{name}'", code="missing-argument")
    if not is_open:
        for name in attrs:
            if name not in allowed:
                from osconf.lang.suggest import did_you_mean  # noqa: PLC0415

                raise EvalError(
                    f"{who} called with unexpected argument '{name}'",
                    code="unexpected-argument",
                    hint=did_you_mean(name, allowed),
                )


def _described(value: Value) -> str:
    from osconf.lang.brief import show_brief  # noqa: PLC0415 - only a mistake needs it

    return show_type(value) if value is None else f"{show_type(value)}: {show_brief(value)}"


def expect_bool(value: Value) -> bool:
    """The forced value, which must be a Boolean."""
    if value is True or value is False:
        return value
    raise_type(value, "a Boolean")


def expect_int(value: Value) -> int:
    """The forced value, which must be an integer."""
    if type(value) is int:
        return value
    raise_type(value, "an integer")


def expect_list(value: Value) -> tuple[Value, ...]:
    """The forced value, which must be a list."""
    if type(value) is tuple:
        return value
    raise_type(value, "a list")


def expect_attrs(value: Value) -> Any:
    """The forced value, which must be a set: a `dict` or a `LazyAttrs`."""
    if type(value) is dict or type(value) is LazyAttrs:
        return value
    raise_type(value, "a set")


def expect_string(value: Value) -> str:
    """The forced value, which must be a string (no coercion)."""
    if type(value) is str or type(value) is ContextStr:
        return value
    raise_type(value, "a string")


def expect_function(value: Value) -> Value:
    """The forced value, which must be callable: a function or a functor."""
    if type(value) is FunctionType or (is_attrs(value) and "__functor" in value):
        return value
    raise_type(value, "a function")


# -- attributes --------------------------------------------------------------------------------------------------------


def explain_missing(attrs: Value, name: str) -> NoReturn:
    """Called when `attrs[name]` raised in compiled code: explain it, or let a real failure pass."""
    failure = sys.exc_info()[1]
    if isinstance(failure, KeyError | TypeError) and not (is_attrs(attrs) and name in attrs):
        try:
            raise_missing(attrs, name)
        except EvalError as error:
            raise error from None
    raise failure  # type: ignore[misc]


def select(attrs: Value, name: str | None) -> Value:
    """`attrs.name` of a forced value; the result is forced."""
    if type(attrs) is not dict and type(attrs) is not LazyAttrs:
        raise_type(attrs, "a set")
    if name is None:
        raise_type(None, "a string")
    found = attrs.get(name, UNSET)
    if found is UNSET:
        raise_missing(attrs, name)
    return found if type(found) is not list else found[1] if found[0] is None else found[0](found)


def select_or(attrs: Value, names: tuple[str, ...]) -> Value:
    """`attrs.a.b`, forced, or UNSET when some part is missing or no set."""
    for name in names:
        if type(attrs) is list:
            attrs = attrs[1] if attrs[0] is None else attrs[0](attrs)
        if type(attrs) is not dict and type(attrs) is not LazyAttrs:
            return UNSET
        attrs = attrs.get(name, UNSET)
        if attrs is UNSET:
            return UNSET
    return force(attrs)


def has_attr(attrs: Value, names: tuple[str, ...]) -> bool:
    """`attrs ? a.b`."""
    for name in names:
        if type(attrs) is list:
            attrs = attrs[1] if attrs[0] is None else attrs[0](attrs)
        if type(attrs) is not dict and type(attrs) is not LazyAttrs:
            return False
        attrs = attrs.get(name, UNSET)
        if attrs is UNSET:
            return False
    return True


def attribute_name(value: Value) -> str:
    """The name that a dynamic attribute's forced value gives."""
    if type(value) is str:
        return value
    if type(value) is ContextStr:
        return str(value)
    raise_type(value, "a string")


def optional_name(value: Value) -> str | None:
    """Like `attribute_name`, for a definition: null leaves the attribute out."""
    return None if value is None else attribute_name(value)


def define_dynamic(attrs: dict[str, Value], name: str, member: Value) -> None:
    """Add a dynamic attribute to a set under construction."""
    if name in attrs:
        raise EvalError(f"dynamic attribute '{name}' already defined", code="duplicate-attribute")
    attrs[name] = member


def with_scope(value: Value) -> Value:
    """The forced set of a `with`."""
    return expect_attrs(value)


def find_in_scopes(name: str, scopes: tuple[Value, ...]) -> Value:
    """A variable that only the sets of surrounding `with`s, innermost first, can have."""
    forced: list[Value] = []
    for scope in scopes:
        scope = expect_attrs(force(scope))
        found = scope.get(name, UNSET)
        if found is not UNSET:
            return force(found)
        forced.append(scope)
    raise_undefined(name, tuple(forced))


def update(left: Value, right: Value) -> Value:
    """`left // right`; stays lazy when one of them is a lazy set."""
    if type(left) is dict and type(right) is dict:
        return left if not right else right if not left else {**left, **right}
    left = expect_attrs(left)
    right = expect_attrs(right)

    def lookup(name: str) -> Value:
        found = right.get(name, UNSET)
        return left[name] if found is UNSET else found

    near = getattr(right, "near", None) or getattr(left, "near", None)
    return LazyAttrs(lambda: {*left.keys(), *right.keys()}, lookup, near)


# -- operators ---------------------------------------------------------------------------------------------------------


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
        raise EvalError(f"cannot add {_described(right)} to {show_type(left)}", code="wrong-type")
    if kind is Path:
        return join_path(left.text, right)
    copies = kind is str or kind is ContextStr
    left = coerce_to_string(left, copy_to_store=copies)
    right = coerce_to_string(right, copy_to_store=copies)
    return concat_strings((left, right))


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
        for x, y in zip(left, right, strict=False):
            if not equal(x, y):
                return less_than(force(x), force(y))
        return len(left) < len(right)
    if one is Path and two is Path:
        return bool(left.text < right.text)
    raise EvalError(f"cannot compare {_described(left)} with {_described(right)}", code="not-comparable")


def equal(left: Value, right: Value) -> bool:
    """Whether two members (of a list, of a set) are equal: the same cell is, whatever it holds."""
    one = left if type(left) is not list else left[1] if left[0] is None else left[0](left)
    two = right if type(right) is not list else right[1] if right[0] is None else right[0](right)
    return left is right or equal_values(one, two)


def equal_values(left: Value, right: Value) -> bool:
    """`left == right` of two forced values; functions are never equal."""
    one, two = type(left), type(right)
    if one is two:
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
    for x, y in zip(left, right, strict=True):
        if not equal(x, y):
            return False
    return True


def is_derivation(attrs: Value) -> bool:
    """Whether a forced value is a set with `type = "derivation"`."""
    if type(attrs) is not dict and type(attrs) is not LazyAttrs:
        return False
    kind = attrs.get("type")
    return kind is not None and force(kind) == "derivation"


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


# -- strings and paths -------------------------------------------------------------------------------------------------


def coerce_to_string(value: Value, *, copy_to_store: bool = False, more: bool = False) -> str:
    """The string of a value (forced or not): strings, paths, sets with `__toString` or `outPath`.

    `copy_to_store` puts a path into the store and gives its store path, as interpolation does; `more` takes numbers,
    Booleans, null and lists too, as `toString` does.
    """
    if type(value) is list:
        value = value[1] if value[0] is None else value[0](value)
    kind = type(value)
    if kind is str or kind is ContextStr:
        return value  # type: ignore[no-any-return]
    if kind is Path:
        return current_evaluator().copy_path_to_store(value) if copy_to_store else value.text  # type: ignore[no-any-return]
    if kind is dict or kind is LazyAttrs:
        to_string = value.get("__toString")
        if to_string is not None:
            return coerce_to_string(call(to_string, value), copy_to_store=copy_to_store, more=more)
        out_path = value.get("outPath", UNSET)
        if out_path is not UNSET:
            return coerce_to_string(out_path, copy_to_store=copy_to_store, more=more)
    elif more:
        if value is True:
            return "1"
        if value is False or value is None:
            return ""
        if kind is int:
            return str(value)
        if kind is float:
            return f"{value:f}"
        if kind is tuple:
            return _coerce_list(value, copy_to_store)
    raise EvalError(f"cannot coerce {_described(value)} to a string", code="not-a-string")


def _coerce_list(members: tuple[Value, ...], copy_to_store: bool) -> str:
    parts: list[str] = []
    last = len(members) - 1
    for i, member in enumerate(members):
        member = force(member)
        parts.append(coerce_to_string(member, copy_to_store=copy_to_store, more=True))
        if i < last and member != ():
            parts.append(" ")
    return concat_strings(parts)


def concat_strings(parts: list[str] | tuple[str, ...]) -> str:
    """Join strings and their contexts."""
    text = "".join(parts)
    context: frozenset[str] | None = None
    for part in parts:
        if type(part) is ContextStr:
            context = part.context if context is None else context | part.context
    return text if context is None else with_context(text, context)


def interpolate(*parts: Value) -> str:
    """A string with interpolated values (forced): paths are copied to the store."""
    return concat_strings([coerce_to_string(part, copy_to_store=True) for part in parts])


def join_path(base: str, *parts: Value) -> Path:
    """A path followed by strings or paths."""
    pieces = [base]
    for part in parts:
        text = coerce_to_string(part)
        if context_of(text):
            raise EvalError("a string that refers to a store path cannot be appended to a path", code="context-in-path")
        pieces.append(text)
    return Path(canonical_path("".join(pieces)))


def canonical_path(text: str) -> str:
    """Without `.`, `..` and doubled slashes; absolute."""
    path = posixpath.normpath(text)
    return path[1:] if path.startswith("//") else path


def copy_path_to_store(path: Path) -> str:
    """The store path (with its context) of a path value, copied there once per evaluation."""
    return current_evaluator().copy_path_to_store(path)


def home_path(rest: str) -> str:
    """The path that `~/rest` is."""
    return canonical_path(current_evaluator().world.env("HOME") + rest) + ("/" if rest.endswith("/") else "")


def find_file(name: str) -> Path:
    """The path that `<name>` is."""
    return current_evaluator().find_file(name)
