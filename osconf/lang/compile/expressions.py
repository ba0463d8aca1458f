"""Code for literals, variables, select, `?`, if, assert, with, lists and strings."""

from __future__ import annotations

from osconf.lang.compile.generator import FORCE, Generator, generates, prepares
from osconf.lang.compile.scopes import Binding, Code, Scope
from osconf.lang.nodes import (
    Assert,
    AttrName,
    Binary,
    HasAttr,
    If,
    Interpolation,
    ListNode,
    Literal,
    Node,
    PathLiteral,
    SearchPath,
    Select,
    Variable,
    With,
)

_GLOBAL_VALUES: dict[str, Code] = {
    "true": ("True", "bool"),
    "false": ("False", "bool"),
    "null": ("None", "null"),
    "builtins": ("BUILTINS", "attrs"),
}
_MAX_ASSERTION = 200
_MAX_INLINE_SCOPES = 3


def builtin_variable(name: str) -> str:
    """The module's variable for the function value of a primop."""
    return f"B_{name.replace(chr(39), '_q')}"


def implementation_variable(name: str) -> str:
    """The module's variable for the Python body of a primop."""
    return f"I_{name.replace(chr(39), '_q')}"


@generates(Literal)
def write_literal(_g: Generator, node: Literal, _scope: Scope | None) -> Code:
    return repr(node.value), {int: "int", float: "float", str: "str"}[type(node.value)]


@generates(Interpolation)
def write_interpolation(g: Generator, node: Interpolation, scope: Scope | None) -> Code:
    parts: list[str] = []
    unsure: dict[str, int] = {}
    for part in node.parts:
        if isinstance(part, str):
            parts.append(repr(part))
            continue
        expression, kind = g.stored_value(part, scope)
        if kind != "str":
            unsure[expression] = part.at
        parts.append(expression)
    # A value that is no string is most likely the only one.
    g.at = next(iter(unsure.values())) if len(unsure) == 1 else node.at
    plain = f"''.join(({', '.join(parts)},))" if len(parts) > 3 else " + ".join(parts)
    if not unsure:
        return f"({plain})", "str"
    tests = " and ".join(f"type({name}) is str" for name in unsure)
    return g.store(f"{plain} if {tests} else interpolate({', '.join(parts)})"), None


@generates(PathLiteral)
def write_path(g: Generator, node: PathLiteral, scope: Scope | None) -> Code:
    if node.text.startswith("~"):
        base = f"home_path({node.text[1:]!r})"
    else:
        if not node.parts:
            return g.constant("path", node.text), "path"
        base = g.constant("prefix", node.text)
    if not node.parts:
        return g.store(f"Path({base})"), "path"
    parts = [repr(part) if isinstance(part, str) else g.stored_value(part, scope)[0] for part in node.parts]
    g.at = node.at
    return g.store(f"join_path({base}, {', '.join(parts)})"), "path"


@generates(SearchPath)
def write_search_path(g: Generator, node: SearchPath, scope: Scope | None) -> Code:
    if g.is_overridden(scope, "__findFile") or g.is_overridden(scope, "__nixPath"):
        finder = g.value(Variable(node.at, "__findFile"), scope)[0]
        path = g.lazy(Variable(node.at, "__nixPath"), scope)
        g.at = node.at
        return g.store(f"call({finder}, {path}, {node.name!r})"), None
    g.at = node.at
    return g.store(f"find_file({node.name!r})"), None


@generates(Variable)
def write_variable(g: Generator, node: Variable, scope: Scope | None) -> Code:
    name = node.name
    g.at = node.at
    if name == "__curPos":
        place = g.source.position(node.at)
        if not place.file.startswith("/"):
            return "None", "null"
        return f"{{'file': FILE, 'line': {place.line}, 'column': {place.column}}}", "attrs"
    found = g.find(scope, name)
    if isinstance(found, Binding):
        if found.builtin is not None:
            return builtin_variable(found.builtin), "function"
        if found.constant is not None:
            return found.constant
        return g.force_binding(found), "function" if found.arity else None
    if isinstance(found, str):
        return write_global(g, found)
    if not found:
        raise g.undefined(name, node.at, scope)
    return _write_with_lookup(g, name, found), None


def write_global(g: Generator, name: str) -> Code:
    """Code for a variable that no text binds."""
    if name in g.scope_names:
        return g.force(f"SCOPE[{name!r}]"), None
    if name in _GLOBAL_VALUES:
        return _GLOBAL_VALUES[name]
    builtin = g.global_names[name]
    if builtin not in g.primops:
        return g.force(f"BUILTINS[{builtin!r}]"), None
    return builtin_variable(builtin), "function"


def _write_with_lookup(g: Generator, name: str, scopes: tuple[Binding, ...]) -> str:
    if len(scopes) > _MAX_INLINE_SCOPES:
        places = ", ".join(g.locate(g.buffer, binding)[0] for binding in scopes)
        return g.store(f"find_in_scopes({name!r}, ({places}))")
    result = f"_{g.number()}"
    if len(scopes) == 1:
        scope_set = g.force_binding(scopes[0])
        g.emit(f"try: {result} = {scope_set}[{name!r}]")
        g.emit(f"except: explain_undefined({scope_set}, {name!r})")
        g.emit(FORCE.format(result))
        return result
    indent = g.buffer.indent
    known: dict[Binding, tuple[str, bool]] | None = None
    forced = []
    for binding in scopes:
        scope_set = g.force_binding(binding)
        forced.append(scope_set)
        g.emit(f"if type({scope_set}) is not dict: expect_attrs({scope_set})")
        if known is None:
            known = dict(g.buffer.known)
        g.emit(f"if {name!r} in {scope_set}: {result} = {scope_set}[{name!r}]")
        g.emit("else:")
        g.buffer.indent += 1
    g.emit(f"raise_undefined({name!r}, ({', '.join(forced)},))")
    g.buffer.indent = indent
    g.buffer.known = known or {}
    g.emit(FORCE.format(result))
    return result


def attribute_key(g: Generator, name: AttrName, scope: Scope | None) -> str:
    """An expression for the name of an attribute in a path."""
    if isinstance(name, str):
        return repr(name)
    expression, kind = g.value(name, scope)
    g.at = name.at
    return expression if kind == "str" else g.store(f"attribute_name({expression})")


@generates(Select)
def write_select(g: Generator, node: Select, scope: Scope | None) -> Code:
    builtin = g.builtin_of(node, scope)
    if builtin is not None:
        return builtin_variable(builtin), "function"
    subject = g.stored_value(node.subject, scope)[0]
    if node.default is not None:
        return _write_select_or(g, node, subject, scope, node.default), None
    for name, place in zip(node.path, node.places, strict=True):
        key = attribute_key(g, name, scope)
        g.at = place
        member = f"_{g.number()}"
        g.emit(f"try: {member} = {subject}[{key}]")
        g.emit(f"except: explain_missing({subject}, {key})")
        g.emit(FORCE.format(member))
        subject = member
    return subject, None


def _write_select_or(g: Generator, node: Select, subject: str, scope: Scope | None, default: Node) -> str:
    keys = [g.store(attribute_key(g, n, scope)) if not isinstance(n, str) else repr(n) for n in node.path]
    result = f"_{g.number()}"
    g.at = node.places[0]
    if len(keys) == 1:
        g.emit(f"if type({subject}) is dict: {result} = {subject}.get({keys[0]}, UNSET)")
        g.emit(f"else: {result} = select_or({subject}, ({keys[0]},))")
        g.emit(FORCE.format(result))
    else:
        g.emit(f"{result} = select_or({subject}, ({', '.join(keys)},))")

    def write_default() -> None:
        g.emit(f"{result} = {g.value(default, scope)[0]}")

    g.emit(f"if {result} is UNSET:")
    lines, _ = g.aside(write_default)
    g.emit_block(lines)
    return result


@generates(HasAttr)
def write_has_attr(g: Generator, node: HasAttr, scope: Scope | None) -> Code:
    subject = g.stored_value(node.subject, scope)[0]
    keys = [attribute_key(g, name, scope) for name in node.path]
    g.at = node.at
    if len(keys) == 1:
        return (
            f"({keys[0]} in {subject} if type({subject}) is dict else has_attr({subject}, ({keys[0]},)))",
            "bool",
        )
    return g.store(f"has_attr({subject}, ({', '.join(keys)},))"), "bool"


@generates(If)
def write_if(g: Generator, node: If, scope: Scope | None) -> Code:
    condition = g.condition(node.condition, scope)
    first, (one, kind) = g.aside(lambda: g.value(node.consequence, scope))
    second, (two, other) = g.aside(lambda: g.value(node.alternative, scope))
    kind = kind if kind == other else None
    if not first and not second:
        return f"({one} if {condition} else {two})", kind
    result = f"_{g.number()}"
    for head, lines, expression, place in (
        (f"if {condition}:", first, one, node.consequence.at),
        ("else:", second, two, node.alternative.at),
    ):
        g.emit(head)
        g.emit_block(lines)
        g.buffer.indent += 1
        g.at = place
        g.emit(f"{result} = {expression}")
        g.buffer.indent -= 1
    return result, kind


@prepares(Assert)
def write_assert(g: Generator, node: Assert, scope: Scope | None) -> Scope | None:
    text = node.text if len(node.text) <= _MAX_ASSERTION else f"{node.text[:_MAX_ASSERTION]}…"
    wanted = node.condition
    if isinstance(wanted, Binary) and wanted.operator == "==":
        both = f"{g.stored_value(wanted.left, scope)[0]}, {g.stored_value(wanted.right, scope)[0]}"
        g.at = wanted.at
        g.emit(f"if not equal_values({both}): raise_unequal({text!r}, {both})")
        return scope
    condition = g.condition(wanted, scope)
    g.at = wanted.at
    g.emit(f"if not {condition}: raise_assertion({text!r})")
    return scope


@prepares(With)
def write_with(g: Generator, node: With, scope: Scope | None) -> Scope | None:
    binding = Binding(f"w{g.number()}", g.buffer)
    expression = g.lazy(node.scope, scope)
    g.at = node.at
    g.emit(f"{binding.python} = {expression}")
    return Scope(scope, with_binding=binding)


@generates(ListNode)
def write_list(g: Generator, node: ListNode, scope: Scope | None) -> Code:
    members = [g.lazy(member, scope) for member in node.members]
    g.at = node.at
    if members and all(isinstance(member, Literal) for member in node.members):
        # Each evaluation makes a list of its own, as printing («repeated») shows; Python would share a constant.
        return f"(*({', '.join(members)},),)", "list"
    if len(members) == 1:
        return f"({members[0]},)", "list"
    return f"({', '.join(members)})", "list"
