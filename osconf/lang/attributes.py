"""Put definitions into a set: nested paths make sets, sets that meet are merged, anything else twice is refused."""

from __future__ import annotations

from osconf.errors import SyntaxFailure
from osconf.lang.nodes import AttrName, Attrs, Definition, DynamicDefinition, Function, Node
from osconf.lang.source import Source


def define_nested(attrs: Attrs, path: list[tuple[AttrName, int]], value: Node, source: Source) -> None:
    """Add `a.b.c = value`."""
    at = path[0][1]
    for depth, (name, _) in enumerate(path[:-1]):
        if isinstance(name, str):
            found = attrs.definitions.get(name)
            if found is None:
                nested = Attrs(at)
                attrs.definitions[name] = Definition(at, nested)
            elif isinstance(found.value, Attrs):
                nested = found.value
            else:
                raise duplicate_failure([part for part, _ in path[: depth + 1]], at, found.at, source)
        else:
            nested = Attrs(at)
            attrs.dynamic.append(DynamicDefinition(at, name, nested))
        attrs = nested
    name = path[-1][0]
    if not isinstance(name, str):
        attrs.dynamic.append(DynamicDefinition(at, name, value))
        return
    found = attrs.definitions.get(name)
    if found is None:
        if isinstance(value, Function):
            value.name = name
        attrs.definitions[name] = Definition(at, value)
    elif isinstance(found.value, Attrs) and isinstance(value, Attrs):
        _merge(found.value, value, [part for part, _ in path], source)
    else:
        raise duplicate_failure([part for part, _ in path], at, found.at, source)


def add_definition(attrs: Attrs, name: str, definition: Definition, source: Source) -> None:
    """Add one inherited name."""
    found = attrs.definitions.get(name)
    if found is not None:
        raise duplicate_failure([name], definition.at, found.at, source)
    attrs.definitions[name] = definition


def _merge(target: Attrs, other: Attrs, path: list[AttrName], source: Source) -> None:
    shift = len(target.sources)
    target.sources.extend(other.sources)
    for name, definition in other.definitions.items():
        found = target.definitions.get(name)
        if found is not None:
            raise duplicate_failure([*path, name], definition.at, found.at, source)
        if definition.source >= 0:
            definition.source += shift
        target.definitions[name] = definition
    target.dynamic.extend(other.dynamic)


def duplicate_failure(path: list[AttrName], at: int, first: int, source: Source) -> SyntaxFailure:
    """The failure of defining an attribute a second time."""
    shown = ".".join(part if isinstance(part, str) else "${…}" for part in path)
    return SyntaxFailure(
        f"attribute '{shown}' already defined at {source.position(first)}",
        position=source.position(at),
        code="duplicate-attribute",
    )
