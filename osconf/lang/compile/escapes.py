"""Which variables an expression mentions elsewhere than as the function of a call."""

from __future__ import annotations

from osconf.lang.nodes import Attrs, Call, Node, Variable


def escaping_names(node: Node) -> frozenset[str]:
    """Names whose values may be stored or shown; a variable that another of the same name hides counts as well."""
    names: set[str] = set()
    pending: list[object] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, Variable):
            names.add(part.name)
        elif isinstance(part, list | tuple):
            pending.extend(part)
        elif isinstance(part, dict):
            pending.extend(part.values())
        else:
            pending.extend(getattr(part, slot) for slot in _slots_of(part))
            if isinstance(part, Call) and isinstance(part.function, Variable):
                pending.remove(part.function)
            elif isinstance(part, Attrs):
                names.update(name for name, definition in part.definitions.items() if definition.outer)
    return frozenset(names)


def _slots_of(part: object) -> list[str]:
    return [slot for kind in type(part).__mro__ for slot in getattr(kind, "__slots__", ())]
