"""The outline of a module: which options it declares and what it sets as far as its text alone tells.

A module that only matters when it is enabled need not be read for that: its text says where its options are, and that
everything it sets is under `config = mkIf config.….enable` (or `config.… != { }`) of an option that is off (or empty)
unless somebody sets it. The outline is plain data, kept between evaluations (see `outline_index`); `deferred` makes a
module of it.

An outline exists only where reading the file later cannot be told from reading it at once: the file is a function with
`...` whose result is written as a set of `options`, `config` and `meta`, with names that are written out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from osconf.lang.nodes import Attrs, Binary, Call, Definition, Function, Let, ListNode, Node, Select, Variable, With

Tree = dict[str, tuple[int, "Tree | str | None"]]
"""Name -> (offset in the text, what is there): a set that is written out, `option` for what surely declares an option,
None for any other expression."""

OPTION = "option"
VERSION = "5"
_MAX_DEPTH = 6
_OPTION_ATTRIBUTES = frozenset(
    ("default", "defaultText", "example", "description", "relatedPackages", "type", "apply", "internal", "visible")
) | {"readOnly"}
_SWITCH_ATTRIBUTES = frozenset(("default", "example", "description", "type", "defaultText", "internal", "visible"))
_TYPE_OF_DEFAULT = {"false": "bool", "{ }": "attrsOf", "[ ]": "listOf"}


class Part(NamedTuple):
    """What a module sets under one condition: the option that must be on, and the names that are set."""

    switch: tuple[str, ...]
    tree: Tree


class Outline(NamedTuple):
    """What the text of a module tells."""

    options: Tree
    parts: tuple[Part, ...]
    is_merge: bool
    """Whether `config` is an `mkMerge` of the parts."""
    meta: Tree | None
    closed: tuple[tuple[str, ...], ...]
    """The sets of options below which it sets nothing but options that it declares itself."""


Path = tuple[str, ...]


class _Scope(NamedTuple):
    """Names in scope: arguments of the module, bindings of a `let`, or the set of a `with`."""

    outer: _Scope | None
    arguments: frozenset[str]
    bindings: Attrs | None
    opened: Node | None


def outline_module(tree: Node) -> Outline | None:
    """The outline of a module's text; None when it has to be read to know."""
    if not isinstance(tree, Function) or tree.formals is None or not tree.formals.is_open or tree.parameter is not None:
        return None
    if any(formal.default is not None for formal in tree.formals.members):
        return None
    scope = _Scope(None, frozenset(formal.name for formal in tree.formals.members), None, None)
    body = tree.body
    while isinstance(body, Let | With):
        if isinstance(body, Let):
            if body.bindings.dynamic:
                return None
            scope = _Scope(scope, frozenset(), body.bindings, None)
        else:
            scope = _Scope(scope, frozenset(), None, body.scope)
        body = body.body
    members = _members(body)
    if members is None or "options" not in members or not members.keys() <= {"options", "config", "meta"}:
        return None
    options = _write_tree(members["options"].value, scope, are_options=True)
    meta = _write_tree(members["meta"].value, scope) if "meta" in members else None
    if options is None or "_module" in options or (meta is None and "meta" in members):
        return None
    if "config" not in members:
        return Outline(options, (), False, meta, tuple(_closed_sets(options, [])))
    config = members["config"].value
    contents, is_merge = [config], False
    if isinstance(config, Call) and _resolve(config.function, scope) == ("lib", "mkMerge"):
        merged = getattr(config.arguments[0], "members", None)
        if len(config.arguments) != 1 or not isinstance(merged, list):
            return None
        contents, is_merge = merged, True
    switches = _switches(members["options"].value, scope)
    parts: list[Part] = []
    for content in contents:
        part = _write_part(content, scope, switches)
        if part is None:
            return None
        parts.append(part)
    # Nor may one part set what switches another: then a module would decide about itself.
    if any(_sets(part.tree, other.switch) for part in parts for other in parts):
        return None
    return Outline(options, tuple(parts), is_merge, meta, tuple(_closed_sets(options, [part.tree for part in parts])))


def _write_part(content: Node | None, scope: _Scope, switches: dict[Path, str]) -> Part | None:
    """`mkIf config.….enable { … }`, or `config.… != { }`, also with `&& …` behind the switch."""
    if not isinstance(content, Call) or len(content.arguments) != 2:
        return None
    if _resolve(content.function, scope) != ("lib", "mkIf"):
        return None
    condition, body = content.arguments
    while isinstance(condition, Binary) and condition.operator == "&&":
        condition = condition.left
    default = "false"
    if isinstance(condition, Binary) and condition.operator == "!=":
        default = _written(condition.right, scope)
        condition = condition.left
    path = _resolve(condition, scope)
    tree = _write_tree(body, scope)
    if path is None or path[0] != "config" or switches.get(path[1:]) != default:
        return None
    if tree is None or "_module" in tree:
        return None
    return Part(path[1:], tree)


def _sets(tree: Tree, path: Path) -> bool:
    """Whether the option at a path is, or may be, among what is set."""
    for name in path:
        if name not in tree:
            return False
        inner = tree[name][1]
        if not isinstance(inner, dict):
            return True
        tree = inner
    return True


def _closed_sets(options: Tree, set_trees: list[Tree], path: Path = ()) -> Iterator[Path]:
    for name, (_, inner) in options.items():
        if isinstance(inner, dict):
            below = [tree[name][1] for tree in set_trees if name in tree]
            trees = [tree for tree in below if isinstance(tree, dict)]
            if len(trees) == len(below) and all(_is_within(tree, inner) for tree in trees):
                yield (*path, name)
            yield from _closed_sets(inner, trees, (*path, name))


def _is_within(tree: Tree, options: Tree) -> bool:
    """Whether everything that is set is an option of these, or inside one."""
    for name, (_, given) in tree.items():
        declared = options[name][1] if name in options else None
        is_below = isinstance(declared, dict) and isinstance(given, dict) and _is_within(given, declared)
        if declared != OPTION and not is_below:
            return False
    return True


def _members(node: Node | None) -> dict[str, Definition] | None:
    """The definitions of a set whose names are all written out."""
    if not isinstance(node, Attrs) or node.is_recursive or node.dynamic or "_type" in node.definitions:
        return None
    return node.definitions


def _write_tree(node: Node | None, scope: _Scope, *, are_options: bool = False, depth: int = 0) -> Tree | None:
    members = _members(node)
    if members is None or depth == _MAX_DEPTH:
        return None
    tree: Tree = {}
    for name, definition in members.items():
        value = definition.value
        inner: Tree | str | None = None
        if are_options and value is not None and _is_option(value, scope):
            inner = OPTION
        elif value is not None:
            inner = _write_tree(value, scope, are_options=are_options, depth=depth + 1)
        tree[name] = (definition.at, inner)
    return tree


def _is_option(node: Node, scope: _Scope) -> bool:
    """Whether an expression surely declares an option: evaluating it cannot fail."""
    if not isinstance(node, Call) or len(node.arguments) != 1:
        return False
    function = _resolve(node.function, scope)
    if function == ("lib", "mkEnableOption"):
        return True
    members = _members(node.arguments[0]) if function == ("lib", "mkOption") else None
    return members is not None and members.keys() <= _OPTION_ATTRIBUTES


def _switches(node: Node | None, scope: _Scope, path: Path = ()) -> dict[Path, str]:
    """The paths of options that are `false`, `{ }` or `[ ]` unless somebody sets them, each with which of these."""
    members = _members(node)
    if members is None or len(path) == _MAX_DEPTH:
        default = None if node is None else _default_of_switch(node, scope)
        return {} if default is None else {path: default}
    found: dict[Path, str] = {}
    for name, definition in members.items():
        found |= _switches(definition.value, scope, (*path, name))
    return found


def _default_of_switch(node: Node, scope: _Scope) -> str | None:
    if not isinstance(node, Call) or len(node.arguments) != 1:
        return None
    function = _resolve(node.function, scope)
    if function == ("lib", "mkEnableOption"):
        return "false"
    members = _members(node.arguments[0]) if function == ("lib", "mkOption") else None
    if members is None or not members.keys() <= _SWITCH_ATTRIBUTES or not {"type", "default"} <= members.keys():
        return None
    default, given = members["default"].value, members["type"].value
    if isinstance(given, Call):
        given = given.function
    if default is None or given is None:
        return None
    written = _written(default, scope)
    return written if written and _resolve(given, scope) == ("lib", "types", _TYPE_OF_DEFAULT[written]) else None


def _written(node: Node, scope: _Scope) -> str:
    """`false`, `{ }` or `[ ]`, when that is what is written; else nothing."""
    if isinstance(node, Variable):
        return "false" if node.name == "false" and not _is_bound("false", scope) else ""
    if isinstance(node, ListNode):
        return "" if node.members else "[ ]"
    return "{ }" if _members(node) == {} else ""


def _is_bound(name: str, scope: _Scope | None) -> bool:
    while scope is not None:
        if name in scope.arguments or (scope.bindings is not None and name in scope.bindings.definitions):
            return True
        scope = scope.outer
    return False


def _resolve(node: Node | None, scope: _Scope | None, depth: int = 0) -> Path | None:
    """What an expression refers to, as a path from an argument of the module: `("lib", "mkIf")`."""
    if depth > _MAX_DEPTH or scope is None:
        return None
    if isinstance(node, Select):
        if node.default is not None or not all(isinstance(name, str) for name in node.path):
            return None
        base = _resolve(node.subject, scope, depth + 1)
        return None if base is None else (*base, *[name for name in node.path if isinstance(name, str)])
    if not isinstance(node, Variable):
        return None
    opened: list[tuple[Node, _Scope | None]] = []
    at: _Scope | None = scope
    while at is not None:
        if node.name in at.arguments:
            return (node.name,)
        if at.bindings is not None and node.name in at.bindings.definitions:
            definition = at.bindings.definitions[node.name]
            if definition.outer:
                return _resolve(node, at.outer, depth + 1)
            if definition.source >= 0:
                base = _resolve(at.bindings.sources[definition.source], at, depth + 1)
                return None if base is None else (*base, node.name)
            return _resolve(definition.value, at, depth + 1)
        if at.opened is not None:
            opened.append((at.opened, at.outer))
        at = at.outer
    # Of several opened sets the inner one may have the name or not.
    if len(opened) != 1:
        return None
    base = _resolve(*opened[0], depth + 1)
    return None if base is None else (*base, node.name)


__all__ = ["OPTION", "VERSION", "Outline", "Part", "Tree", "outline_module"]
