"""Primops that steer evaluation: errors, forcing, tracing."""

from __future__ import annotations

from typing import Any

from osconf.errors import EvalError, Throw
from osconf.lang.primops.expect import coerce_argument, expect_string
from osconf.lang.primops.registry import current, primop
from osconf.lang.runtime import force
from osconf.lang.values import ContextStr, LazyAttrs, Value


@primop("throw", "!")
def throw(message: Value) -> Value:
    """`string -> never`: fail with a message; `builtins.tryEval` catches it.

    throw "not supported"  =>  error: not supported
    """
    raise Throw(str.__str__(coerce_argument(message, "the error message passed to builtins.throw")))


@primop("abort", "!")
def abort(message: Value) -> Value:
    """`string -> never`: fail with a message that nothing catches.

    abort "impossible"  =>  error: evaluation aborted with the following error message: 'impossible'
    """
    text = coerce_argument(message, "the error message passed to builtins.abort")
    raise EvalError(f"evaluation aborted with the following error message: '{text}'", code="aborted")


@primop("tryEval", "-")
def try_eval(value: Value) -> dict[str, Any]:
    """`any -> { success, value }`: evaluate shallowly; success is false when that throws or an assertion fails.

    builtins.tryEval (throw "no")  =>  { success = false; value = false; }
    """
    try:
        if type(value) is list:
            value = value[1] if value[0] is None else value[0](value)
    except Throw:
        return {"success": False, "value": False}
    return {"success": True, "value": value}


@primop("seq", "!-")
def seq(_first: Value, second: Value) -> Value:
    """`any -> any -> any`: evaluate the first value shallowly, then give the second.

    builtins.seq (1 + 1) "done"  =>  "done"
    """
    return second if type(second) is not list else second[1] if second[0] is None else second[0](second)


@primop("deepSeq", "!-")
def deep_seq(first: Value, second: Value) -> Value:
    """`any -> any -> any`: evaluate the first value and everything in it, then give the second.

    builtins.deepSeq [ (1 + 1) ] "done"  =>  "done"
    """
    force_deep(first)
    return force(second)


def force_deep(value: Value) -> Value:
    """Force a value and everything in it, depth first, each list and set once; cycles are fine."""
    value = force(value)
    if type(value) is not tuple and type(value) is not dict and type(value) is not LazyAttrs:
        return value
    seen = {id(value)}
    stack = [iter(_members(value))]
    while stack:
        for member in stack[-1]:
            if type(member) is list:
                member = member[1] if member[0] is None else member[0](member)
            kind = type(member)
            if (kind is tuple or kind is dict or kind is LazyAttrs) and id(member) not in seen:
                seen.add(id(member))
                stack.append(iter(_members(member)))
                break
        else:
            stack.pop()
    return value


def _members(value: Any) -> tuple[Value, ...]:
    if type(value) is tuple:
        return value
    return tuple([value[name] for name in sorted(value)])


@primop("trace", "!-")
def trace(message: Value, value: Value) -> Value:
    """`any -> any -> any`: print the first value (as far as it is evaluated) to stderr, then give the second.

    builtins.trace "here" 1  =>  1
    """
    current().world.trace(_show_message(message))
    return force(value)


@primop("traceVerbose", "--")
def trace_verbose(message: Value, value: Value) -> Value:
    """`any -> any -> any`: like `trace` when the setting `trace-verbose` is on, else just the second value.

    builtins.traceVerbose "here" 1  =>  1
    """
    if getattr(current().settings, "trace_verbose", False):
        current().world.trace(_show_message(force(message)))
    return force(value)


def _show_message(message: Value) -> str:
    if type(message) is str or type(message) is ContextStr:
        return str.__str__(message)
    from osconf.lang.show import print_value

    return print_value(message)


@primop("warn", "!-")
def warn(message: Value, value: Value) -> Value:
    """`string -> any -> any`: print a warning to stderr, then give the second value.

    builtins.warn "old option" 1  =>  1
    """
    text = expect_string(message, "the first argument; the message passed to builtins.warn")
    current().world.warn(str.__str__(text))
    return force(value)


@primop("addErrorContext", "--")
def add_error_context(context: Value, value: Value) -> Value:
    """`string -> any -> any`: the second value; if evaluating it fails, the first is added to the trace.

    builtins.addErrorContext "while doing it" (1 + 1)  =>  2
    """
    try:
        return force(value)
    except EvalError as error:
        text = coerce_argument(force(context), "the error message passed to builtins.addErrorContext")
        error.while_(str.__str__(text))
        raise


@primop("break", "!")
def break_(value: Value) -> Value:
    """`any -> any`: a place to stop in a debugger; without one just the value.

    builtins.break 1  =>  1
    """
    return value
