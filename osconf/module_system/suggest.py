"""What option was meant: the closest names in the whole tree of options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osconf.errors import OsconfError
from osconf.lang.runtime import force, is_attrs
from osconf.lang.values import from_latin
from osconf.module_system.place import show_path, writable_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from difflib import SequenceMatcher

    from osconf.module_system.collect import Module
    from osconf.module_system.tree import Level

_MAX_PATHS = 20000
_ENOUGH = 0.78
_NEAR = 0.7
_COMMON = 3


def suggest_option(root: Level, parts: tuple[str, ...], prefix: tuple[str, ...]) -> str | None:
    """A hint that names the option meant by a path that does not exist."""
    from difflib import get_close_matches  # only a mistake needs it

    name = parts[-1]
    siblings, is_known = _siblings(root, parts)
    # A name alone that is there elsewhere (`nginx`, `hostName`) lacks what stands before it.
    found = _elsewhere(root, parts, is_exact=True) if len(parts) == 1 and not prefix else []
    if is_known and not found:
        close = get_close_matches(name, siblings, n=2, cutoff=0.7)
        if close:
            return _offer([(*prefix, *parts[:-1], found) for found in close])
    found = found or _elsewhere(root, parts)
    if found:
        return _offer([(*prefix, *path) for path in found])
    return None if prefix else f"`osconf search --options {from_latin(name)}` looks for options by name and description"


def _elsewhere(root: Level, parts: tuple[str, ...], *, is_exact: bool = False) -> list[tuple[str, ...]]:
    """At most two paths of the whole tree whose last name, and mostly whose place, is nearly that of the parts."""
    from difflib import SequenceMatcher

    *around, name = parts
    paths = _paths(root)
    is_common = sum(path[-1] == name for path in paths) > _COMMON
    last = SequenceMatcher(b=name, autojunk=False)
    place = SequenceMatcher(b=".".join(around), autojunk=False)
    best: list[tuple[float, tuple[str, ...]]] = []
    for path in paths:
        if path[-1] == name:
            near = _similar(place, ".".join(path[:-1]))
            # Every service has an `enable`: that name alone says nothing.
            if is_common and near < _NEAR:
                continue
            best.append((1 + near, path))
        elif not is_exact and len(path) == len(parts) and abs(len(path[-1]) - len(name)) < 4:
            alike = _similar(last, path[-1], _ENOUGH)
            if alike and (near := _similar(place, ".".join(path[:-1]), _NEAR) if around else 1):
                best.append((alike * near, path))
    best.sort(key=lambda item: (-item[0], item[1]))
    return [path for _, path in best[:2]]


def disabled_declaration(modules: Sequence[Module], parts: tuple[str, ...]) -> str | None:
    """A hint for a path that a module declares which `disabledModules` takes out."""
    for module in modules:
        node = force(module.options)
        for part in parts:
            if not is_attrs(node) or part not in node or "_type" in node:
                break
            node = force(node[part])
        else:
            return f"it is declared in {from_latin(module.file)}, which disabledModules takes out of the configuration"
        if is_attrs(node) and force(node.get("_type")) == "option":
            return f"it is declared in {from_latin(module.file)}, which disabledModules takes out of the configuration"
    return None


def _similar(matcher: SequenceMatcher[str], text: str, least: float = 0.0) -> float:
    """How alike two texts are, 0 when it is less than the least."""
    matcher.set_seq1(text)
    if least and (matcher.real_quick_ratio() < least or matcher.quick_ratio() < least):
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= least else 0.0


def _offer(paths: list[tuple[str, ...]]) -> str:
    return f"did you mean {' or '.join([f'`{show_path(writable_path(path))}' + chr(39) for path in paths])}?"


def _siblings(root: Level, parts: tuple[str, ...]) -> tuple[list[str], bool]:
    """The declared names beside the last part, when the path up to it exists."""
    from osconf.module_system.tree import Level

    level = root
    for part in parts[:-1]:
        if part not in level.names():
            return [], False
        node = level.node(part)
        if type(node) is not Level:
            return [], False
        level = node
    return sorted(level.names()), True


def _paths(root: Level) -> list[tuple[str, ...]]:
    """The paths of all declared options, without those of submodules."""
    from osconf.module_system.tree import Level

    result: list[tuple[str, ...]] = []
    pending: list[tuple[Level, tuple[str, ...]]] = [(root, ())]
    while pending and len(result) < _MAX_PATHS:
        level, path = pending.pop()
        for name in level.names():
            if name == "_module":
                continue
            try:
                node = level.node(name)
            except OsconfError:
                continue
            if type(node) is Level:
                pending.append((node, (*path, name)))
            result.append((*path, name))
    return result
