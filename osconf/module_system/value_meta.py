"""`valueMeta` of an option: what merging knew besides the value.

`attrsOf` gives `attrs` (by name) and `listOf` gives `list`, with what is known of each member; a submodule gives
`configuration`, the evaluated configuration with its options. Other types know nothing more. It is computed only when
somebody asks, from the definitions that count.
"""

from __future__ import annotations

from osconf.lang.runtime import call, force, is_attrs, make_thunk
from osconf.lang.values import Value
from osconf.module_system.definitions import Definition, resolve
from osconf.module_system.place import Place
from osconf.module_system.types.base import OptionType
from osconf.module_system.types.compound import Checked, CoercedTo, Either, NullOr, Unique
from osconf.module_system.types.containers import AttrsOf, LazyAttrsOf, ListOf, group_by_name
from osconf.module_system.types.submodule import Submodule


def value_meta(option_type: OptionType, place: Place, definitions: list[Definition]) -> dict[str, Value]:
    """What is known of the value that these definitions make; their conditions and priorities are resolved."""
    for definition in definitions:
        definition.value = force(definition.value)
    if isinstance(option_type, Submodule):
        name = place.parts[-1] if place.parts else ""
        return {"configuration": option_type.evaluate(place.parts, name, definitions).result()}
    if isinstance(option_type, AttrsOf):
        keeps_all = isinstance(option_type, LazyAttrsOf)
        groups = group_by_name([d for d in definitions if is_attrs(d.value)])
        return {
            "attrs": {
                name: make_thunk(_member_meta, option_type.element, place.child(name), members)
                for name, members in groups.items()
                if keeps_all or resolve([d.derive(d.value) for d in members])[0]
            }
        }
    if isinstance(option_type, ListOf):
        return {"list": tuple(_list_members(option_type, place, definitions))}
    chosen = _chosen_type(option_type, definitions)
    if isinstance(option_type, CoercedTo):
        definitions = [
            d.derive(call(option_type.convert, d.value)) if option_type.source.check(d.value) else d
            for d in definitions
        ]
    return {} if chosen is None else value_meta(chosen, place, definitions)


def _member_meta(option_type: OptionType, place: Place, definitions: list[Definition]) -> dict[str, Value]:
    resolved, _ = resolve([d.derive(d.value) for d in definitions])
    return value_meta(option_type, place, resolved) if resolved else {}


def _list_members(option_type: ListOf, place: Place, definitions: list[Definition]) -> list[Value]:
    found: list[Value] = []
    for number, definition in enumerate(definitions, 1):
        for index, member in enumerate(definition.value, 1):
            resolved, _ = resolve([definition.derive(force(member))])
            if resolved:
                inner = place.child(f"[definition {number}-entry {index}]")
                found.append(make_thunk(value_meta, option_type.element, inner, resolved))
    return found


def _chosen_type(option_type: OptionType, definitions: list[Definition]) -> OptionType | None:
    """The type inside that took the definitions; None when this one is made of no other."""
    if isinstance(option_type, NullOr):
        return None if all([d.value is None for d in definitions]) else option_type.element
    if isinstance(option_type, (Unique, Checked)):
        return option_type.element
    if isinstance(option_type, CoercedTo):
        return option_type.final
    if isinstance(option_type, Either):
        fits = [t for t in (option_type.left, option_type.right) if all([t.check(d.value) for d in definitions])]
        return fits[0] if fits else None
    return None
