"""Code for functions: plain parameters taken together, argument patterns, defaults."""

from __future__ import annotations

from osconf.lang.compile.analysis import count_parameters, forced_first
from osconf.lang.compile.cells import write_cells
from osconf.lang.compile.free import free_names
from osconf.lang.compile.generator import Generator, generates
from osconf.lang.compile.scopes import Binding, Buffer, Code, Scope, python_name
from osconf.lang.kinds import Pattern
from osconf.lang.nodes import Formals, Function, Literal, Node, Variable

_MAX_SUBSCRIPTS = 3
"""Arguments that are taken out of their set one by one; it takes Python longer to compile than to do."""


@generates(Function)
def write_function_value(g: Generator, node: Function, scope: Scope | None) -> Code:
    return write_function(g, node, scope, None), "function"


def declare_function(g: Generator, node: Function, binding: Binding) -> None:
    """Say what is known of a function that `binding` will hold, before any of its group is written."""
    names, body = count_parameters(node)
    binding.python = g.global_name("f")
    binding.forced = True
    binding.arity = len(names) or 1
    if names and len(set(names)) == len(names):
        order = [names.index(name) for name in forced_first(body) if name in names]
        binding.strict = tuple(dict.fromkeys(order)) if _only_parameters(forced_first(body), names) else ()


def _only_parameters(order: tuple[str, ...], names: list[str]) -> bool:
    return all(name in names for name in order[: max((i for i, n in enumerate(order) if n in names), default=-1) + 1])


def write_function(g: Generator, node: Function, scope: Scope | None, binding: Binding | None) -> str:
    """Write the Python function; its name. `binding`, declared before, is the variable that it is bound to."""
    name = binding.python if binding is not None else g.global_name("f")
    outer, at = g.buffer, g.at
    buffer = Buffer(name, outer, is_thunk=False)
    if binding is not None:
        binding.inside = buffer
    g.buffer = buffer
    g.at = node.at
    names, body = count_parameters(node)
    formals: dict[str, bool] | None = None
    if names:
        parameters = _write_curried(g, names, name)
        inner = scope
        for parameter, variable in zip(names, parameters, strict=True):
            inner = Scope(inner, {parameter: variable})
        g.tail(body, inner)
    else:
        assert node.formals is not None
        parameters = [Binding(f"a{g.number()}", buffer)]
        formals = {member.name: member.default is not None for member in node.formals.members}
        inner = _write_pattern(g, node, node.formals, parameters[0], scope)
        g.tail(node.body, inner)
    g.buffer, g.at = outer, at
    is_open = node.formals is not None and node.formals.is_open
    places = tuple(member.at for member in node.formals.members) if node.formals is not None else ()
    g.functions[name] = Pattern(node.at, formals, node.name, node.parameter, is_open, places)
    head = ", ".join([parameters[0].python, *(f"{p.python}=UNSET" for p in parameters[1:])])
    lines = [(0, f"def {name}({head}):", node.at), *buffer.lines]
    if buffer.is_closed:
        g.top.append((name, len(parameters), lines))
        if binding is not None:
            binding.is_global = True
    else:
        outer.lines.extend((indent + outer.indent, text, place) for indent, text, place in lines)
    return name


def _write_curried(g: Generator, names: list[str], function: str) -> list[Binding]:
    parameters = [Binding(python_name("v", g.number(), name), g.buffer) for name in names]
    variables = [parameter.python for parameter in parameters]
    for index in range(1, len(variables)):
        rest = ", ".join([variables[index], *(f"{variable}=UNSET" for variable in variables[index + 1 :])])
        g.emit(f"if {variables[index]} is UNSET: return lambda {rest}: {function}({', '.join(variables)})")
    return parameters


def _write_pattern(g: Generator, node: Function, formals: Formals, parameter: Binding, scope: Scope | None) -> Scope:
    attrs = g.force_binding(parameter)
    names = {member.name: Binding(python_name("v", g.number(), member.name), g.buffer) for member in formals.members}
    inner = dict(names)
    if node.parameter is not None:
        inner[node.parameter] = parameter
    inner_scope = Scope(scope, inner)
    refuse = f"raise_arguments({attrs}, FUNCTIONS[{g.buffer.name!r}])"
    if formals.is_open:
        g.emit(f"if type({attrs}) is not dict: {refuse}")
    else:
        allowed = g.constant("names", tuple(names)) if names else "frozenset()"
        g.emit(f"if type({attrs}) is not dict or not {attrs}.keys() <= {allowed}: {refuse}")
    required = [member.name for member in formals.members if member.default is None]
    if len(required) > _MAX_SUBSCRIPTS:
        getter = g.constant("getter", tuple(required))
        g.emit(f"try: {', '.join(names[name].python for name in required)} = {getter}({attrs})")
        g.emit(f"except: {refuse}; raise")
    elif required:
        g.emit("try:")
        for name in required:
            g.emit(f" {names[name].python} = {attrs}[{name!r}]")
        g.emit(f"except: {refuse}; raise")
    idle = _idle_members(node, formals)
    optional = [
        (names[member.name], member.default, f"{attrs}[{member.name!r}] if {member.name!r} in {attrs} else ")
        for member in formals.members
        if member.default is not None and member.name not in idle
    ]
    write_cells(g, optional, inner_scope)
    return inner_scope


def _idle_members(node: Function, formals: Formals) -> set[str]:
    """Arguments with a constant default that are never used: a pattern that only says what may be given."""
    idle = {member.name for member in formals.members if _is_constant(member.default)}
    if idle:
        for used in (node.body, *[member.default for member in formals.members if member.default is not None]):
            idle.difference_update(free_names(used))
    return idle


def _is_constant(node: Node | None) -> bool:
    return isinstance(node, Literal) or (isinstance(node, Variable) and node.name in ("null", "true", "false"))
