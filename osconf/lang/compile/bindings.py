"""Code for `let`, `{ }` and `rec { }`: groups of bindings that may refer to each other."""

from __future__ import annotations

from osconf.lang.compile import functions
from osconf.lang.compile.analysis import forced_first
from osconf.lang.compile.cells import write_group_cells
from osconf.lang.compile.escapes import escaping_names
from osconf.lang.compile.expressions import builtin_variable, write_global
from osconf.lang.compile.free import free_names
from osconf.lang.compile.generator import Generator, generates, prepares
from osconf.lang.compile.scopes import Binding, Code, Scope, python_name
from osconf.lang.nodes import (
    Attrs,
    Definition,
    DynamicDefinition,
    Function,
    Let,
    ListNode,
    Literal,
    Node,
    Select,
    Variable,
)

_OVERRIDES = "__overrides"


@generates(Attrs)
def write_attrs(g: Generator, node: Attrs, scope: Scope | None) -> Code:
    g.at = node.at
    inner: Scope | None
    if node.is_recursive:
        inner, members = _write_group(g, node, scope)
    else:
        inner, subjects = _write_sources(g, node, scope, scope)
        members = {}
        for name, definition in node.definitions.items():
            expression, where = _definition_value(name, definition, subjects, inner, scope)
            members[name] = g.member(expression, where, definition.at)
    g.at = node.at
    display = f"{{{', '.join(f'{name!r}: {member}' for name, member in members.items())}}}"
    has_overrides = node.is_recursive and _OVERRIDES in node.definitions
    if not node.dynamic and not has_overrides:
        return display, "attrs"
    attrs = f"_{g.number()}"
    g.emit(f"{attrs} = {display}")
    if has_overrides:
        g.emit(f"apply_overrides({attrs})")
    for dynamic in node.dynamic:
        _write_dynamic(g, attrs, dynamic, inner)
    return attrs, "attrs"


def _write_dynamic(g: Generator, attrs: str, dynamic: DynamicDefinition, scope: Scope | None) -> None:
    key = g.stored_value(dynamic.name, scope)[0]
    g.at = dynamic.at
    name = g.store(f"optional_name({key})")
    if name == key:
        name = f"_{g.number()}"
        g.emit(f"{name} = optional_name({key})")
    g.emit(f"if {name} is not None:")
    lines, member = g.aside(lambda: g.member(dynamic.value, scope, dynamic.at))
    g.emit_block(lines)
    g.buffer.indent += 1
    g.at = dynamic.at
    g.emit(f"define_dynamic({attrs}, {name}, {member})")
    g.buffer.indent -= 1


def _definition_value(
    name: str, definition: Definition, subjects: list[Node], inner: Scope | None, outer: Scope | None
) -> tuple[Node, Scope | None]:
    if definition.value is not None:
        return definition.value, inner
    if definition.outer:
        return Variable(definition.at, name), outer
    return Select(definition.at, subjects[definition.source], [name], [definition.at]), inner


def _write_sources(
    g: Generator, node: Attrs, scope: Scope | None, inner: Scope | None
) -> tuple[Scope | None, list[Node]]:
    # What several names are inherited from is evaluated once: it gets a variable that no text can name.
    subjects: list[Node] = []
    names: dict[str, Binding] = {}
    for subject in node.sources:
        if isinstance(subject, Variable):
            g.expect_known(subject, scope)
            subjects.append(subject)
            continue
        binding = Binding(f"s{g.number()}", g.buffer)
        expression = g.lazy(subject, scope)
        g.at = subject.at
        g.emit(f"{binding.python} = {expression}")
        hidden = f"(source {binding.python})"
        names[hidden] = binding
        subjects.append(Variable(subject.at, hidden))
    return (Scope(inner, names) if names else inner), subjects


@prepares(Let)
def write_let(g: Generator, node: Let, scope: Scope | None) -> Scope | None:
    return _write_group(g, node.bindings, scope, node.body)[0]


def _write_group(
    g: Generator, node: Attrs, scope: Scope | None, body: Node | None = None
) -> tuple[Scope, dict[str, str]]:
    """Write the bindings of a `let` (with its body) or a recursive set; the inner scope, and the set's members."""
    names: dict[str, Binding] = {}
    inner = Scope(scope, names)
    is_set = body is None
    # `__overrides` puts other values into the cells, so everything must have a cell that the others refer to.
    has_overrides = is_set and _OVERRIDES in node.definitions
    cells: list[tuple[Binding, Node, Scope | None, int | None]] = []
    subjects = _declare_sources(g, node, inner, cells)
    lambdas: list[tuple[Binding, Function]] = []
    shown = _shown_names(node, body) if g.is_exact else frozenset()
    for name, definition in node.definitions.items():
        shared = None if has_overrides else _shared_binding(g, name, definition, subjects, scope, inner)
        binding = names[name] = shared or Binding(python_name("v", g.number(), name), g.buffer)
        if shared is not None:
            continue
        expression, where = _definition_value(name, definition, subjects, inner, scope)
        if has_overrides or name in shown:
            cells.append((binding, expression, where, definition.at if is_set else None))
        elif isinstance(expression, Literal):
            binding.constant = g.value(expression, where)
        elif isinstance(expression, Function):
            functions.declare_function(g, expression, binding)
            lambdas.append((binding, expression))
        else:
            cells.append((binding, expression, where, definition.at if is_set else None))
    for subject in node.sources:
        if isinstance(subject, Variable):
            g.expect_known(subject, inner)
    for binding, function in lambdas:
        functions.write_function(g, function, inner, binding)
    strict = [] if body is None else _strict_bindings(node, body, names)
    chosen = {binding for binding, _ in strict}
    write_group_cells(g, [cell for cell in cells if cell[0] not in chosen], only_thunks=has_overrides)
    for binding, expression in strict:
        value = g.value(expression, inner)[0]
        g.at = expression.at
        g.emit(f"{binding.python} = {value}")
        binding.forced = True
    members = {}
    if is_set:
        members = {
            n: _member_of(g, names[n], d.at, is_own=d.value is not None or d.source >= 0)
            for n, d in node.definitions.items()
        }
    return inner, members


def _shown_names(node: Attrs, body: Node | None) -> frozenset[str]:
    """What of a group may be shown: all of a set; of a `let` what is not only called."""
    if body is None:
        return frozenset(node.definitions)
    values = [definition.value for definition in node.definitions.values() if definition.value is not None]
    return frozenset().union(*(escaping_names(part) for part in (body, *values, *node.sources)))


def _declare_sources(
    g: Generator, node: Attrs, inner: Scope, cells: list[tuple[Binding, Node, Scope | None, int | None]]
) -> list[Node]:
    subjects: list[Node] = []
    for subject in node.sources:
        if isinstance(subject, Variable):
            subjects.append(subject)
            continue
        binding = Binding(f"s{g.number()}", g.buffer)
        hidden = f"(source {binding.python})"
        inner.names[hidden] = binding
        cells.append((binding, subject, inner, None))
        subjects.append(Variable(subject.at, hidden))
    return subjects


def _shared_binding(
    g: Generator, name: str, definition: Definition, subjects: list[Node], outer: Scope | None, inner: Scope
) -> Binding | None:
    """What an inherited name already is: a variable of the outer scope, a builtin, a constant."""
    if definition.outer:
        found = g.find(outer, name)
        if isinstance(found, Binding):
            return found
        if isinstance(found, str) and found not in g.scope_names:
            binding = Binding("", g.buffer, forced=True)
            binding.builtin = g.global_names.get(found)
            if binding.builtin is None or binding.builtin not in g.primops:
                if binding.builtin is not None:
                    return None
                binding.constant = write_global(g, found)
            return binding
    elif definition.source >= 0 and not g.is_exact:
        subject = subjects[definition.source]
        is_builtins = isinstance(subject, Variable) and subject.name == "builtins" and "builtins" not in inner.names
        if is_builtins and name in g.primops and g.is_global(inner, "builtins"):
            binding = Binding("", g.buffer, forced=True)
            binding.builtin = name
            return binding
    return None


def _member_of(g: Generator, binding: Binding, at: int, *, is_own: bool) -> str:
    if binding.builtin is not None:
        builtin = builtin_variable(binding.builtin)
        return f"[None, {builtin}, {g.spot(at)}, {builtin}]"
    if binding.constant is not None:
        return f"[None, {binding.constant[0]}, {g.spot(at)}]"
    return g.alias(binding, at) if binding.arity or not is_own else g.locate(g.buffer, binding)[0]


def _strict_bindings(node: Attrs, body: Node, names: dict[str, Binding]) -> list[tuple[Binding, Node]]:
    """Bindings that the body forces before anything else, and nothing but the body uses: they need no thunk."""
    candidates: list[str] = []
    for name in forced_first(body):
        definition = node.definitions.get(name)
        if definition is None:
            break
        value = definition.value
        if value is None or isinstance(value, Function | Literal | ListNode | Attrs) or name in candidates:
            break
        candidates.append(name)
    if not candidates:
        return []
    used: set[str] = set()
    for definition in node.definitions.values():
        if definition.value is not None:
            used.update(free_names(definition.value))
    for subject in node.sources:
        used.update(free_names(subject))
    strict: list[tuple[Binding, Node]] = []
    for name in candidates:
        value = node.definitions[name].value
        if name in used or value is None:
            break
        strict.append((names[name], value))
    return strict
