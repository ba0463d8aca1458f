"""Code for calls: of primops directly, of known functions saturated, of anything else after a look at what it is."""

from __future__ import annotations

from osconf.lang.compile.expressions import implementation_variable
from osconf.lang.compile.generator import Generator, generates
from osconf.lang.compile.scopes import Binding, Code, Scope
from osconf.lang.nodes import Call, Literal, Node, Variable

_RESULT_KINDS = {
    **dict.fromkeys(
        ("isString", "isAttrs", "isList", "isFunction", "isInt", "isBool", "isFloat", "isPath", "isNull"), "bool"
    ),
    **dict.fromkeys(("any", "all", "elem", "hasAttr", "lessThan", "pathExists"), "bool"),
    **dict.fromkeys(("map", "filter", "attrNames", "genList", "concatLists", "concatMap", "attrValues"), "list"),
    **dict.fromkeys(("length", "stringLength"), "int"),
}


@generates(Call)
def write_call(g: Generator, node: Call, scope: Scope | None) -> Code:
    function, arguments = node.function, node.arguments
    while isinstance(function, Call):
        arguments = [*function.arguments, *arguments]
        function = function.function
    builtin = g.builtin_of(function, scope)
    if builtin is not None and len(arguments) >= len(g.primops[builtin]):
        return _write_primop_call(g, node, builtin, arguments, scope)
    if isinstance(function, Variable):
        found = g.find(scope, function.name)
        if isinstance(found, Binding) and found.arity:
            return _write_known_call(g, node, found, arguments, scope)
    callee = g.stored_value(function, scope)[0]
    captured = [g.lazy(argument, scope) for argument in arguments]
    g.at = node.at
    return apply(g, callee, captured), None


def _write_primop_call(g: Generator, node: Call, name: str, arguments: list[Node], scope: Scope | None) -> Code:
    marks = g.primops[name]
    passed = []
    for argument, mark in zip(arguments, marks, strict=False):
        # Held in variables, so that the arguments are made in the order they are written in.
        passed.append(_passed_value(g, argument, scope) if mark == "!" else g.lazy(argument, scope))
    g.at = node.at
    result = g.store(f"{implementation_variable(name)}({', '.join(passed)})")
    rest = arguments[len(marks) :]
    if not rest:
        return result, _RESULT_KINDS.get(name)
    return _apply_rest(g, node, result, rest, scope), None


def _passed_value(g: Generator, node: Node, scope: Scope | None) -> str:
    return g.value(node, scope)[0] if isinstance(node, Literal) else g.stored_value(node, scope)[0]


def _write_known_call(g: Generator, node: Call, binding: Binding, arguments: list[Node], scope: Scope | None) -> Code:
    arity = binding.arity
    now = arguments[:arity]
    passed = [""] * len(now)
    if len(now) == arity:
        for index in binding.strict:
            passed[index] = _passed_value(g, now[index], scope)
    for index, argument in enumerate(now):
        passed[index] = passed[index] or g.lazy(argument, scope)
    g.at = node.at
    result = g.store(f"{g.locate(g.buffer, binding)[0]}({', '.join(passed)})")
    rest = arguments[arity:]
    if not rest:
        return result, "function" if len(now) < arity else None
    return _apply_rest(g, node, result, rest, scope), None


def _apply_rest(g: Generator, node: Call, callee: str, rest: list[Node], scope: Scope | None) -> str:
    captured = [g.lazy(argument, scope) for argument in rest]
    g.at = node.at
    return apply(g, callee, captured)


def apply(g: Generator, callee: str, arguments: list[str]) -> str:
    """A variable with the result of calling a forced value of unknown kind."""
    if len(arguments) == 1:
        argument = g.store(arguments[0])
        return g.store(f"{callee}({argument}) if type({callee}) is FT else call({callee}, {argument})")
    if len(arguments) in {2, 3}:
        passed = ", ".join(g.store(argument) for argument in arguments)
        return g.store(
            f"{callee}({passed}) if type({callee}) is FT and {callee}.__code__.co_argcount >= {len(arguments)} "
            f"else call({callee}, {passed})"
        )
    return g.store(f"call({callee}, {', '.join(arguments)})")
