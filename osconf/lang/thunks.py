"""Thunks and calls: everything that makes code of the language run."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

from osconf.errors import EvalError, Position
from osconf.lang.kinds import UNSET
from osconf.lang.mistakes import raise_not_a_function
from osconf.lang.source import Spot
from osconf.lang.values import LazyAttrs, Thunk, Value

if TYPE_CHECKING:
    from osconf.lang.evaluator import Evaluator

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
    """Body of a thunk `[run_alias, value, spot, value]`: another name, with its own position, for a value or thunk."""
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
    return [run_alias if type(value) is list else None, value, spot, value]


def origin_of(member: Value) -> Value:
    """What a member of a list or set is another name for; itself when it is none.

    Where the language compares or shows identity, two names of one variable are the same thing.
    """
    while type(member) is list and len(member) == 4 and member[3] is not None:
        if member[0] is not None and member[0] is not run_alias:
            break
        member = member[3]
    return member


def attr_position(attrs: Value, name: str) -> Position | None:
    """Where an attribute was written: `builtins.unsafeGetAttrPos`."""
    spot = spot_of(attrs.get(name))
    return None if spot is None else spot.position()


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
            # What it gives may be a functor again: a chain without an end must overflow, not run for ever.
            found = call(functor, function)
            return found if type(found) is FunctionType else _functor(found)
    raise_not_a_function(function)


def call2(function: Value, first: Value, second: Value) -> Value:
    """Apply a forced function to two arguments."""
    if type(function) is FunctionType and function.__code__.co_argcount > 1:
        return function(first, second)
    return call(function, first, second)
