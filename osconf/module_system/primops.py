"""What the module system gives to the language through `import <osconf/primops>`: the set `moduleSystem`."""

from __future__ import annotations

from osconf.lang.primops.registry import make_primop
from osconf.lang.runtime import UNSET, force, make_thunk
from osconf.lang.values import LazyAttrs, Value, to_latin
from osconf.module_system.definitions import resolve
from osconf.module_system.evaluation import eval_modules
from osconf.module_system.mistakes import list_definitions, undefined
from osconf.module_system.place import Place
from osconf.module_system.types.arguments import taking
from osconf.module_system.types.base import definitions_from_value, definitions_to_value, merge_checked, to_type
from osconf.module_system.types.catalog import make_types
from osconf.module_system.value_meta import value_meta


def merge_definitions(loc: Value, option_type: Value, definitions: Value) -> Value:
    """Resolve and merge definitions `[{ file, value }]` with a type, outside of any module."""
    place = Place(tuple([str(force(part)) for part in loc]))
    resolved, priority = resolve(definitions_from_value(definitions))

    def merge() -> Value:
        if resolved:
            return merge_checked(place, to_type(option_type), resolved)
        empty = force(to_type(option_type).empty_value())
        if empty is UNSET:
            raise undefined(place)
        return empty

    def meta() -> Value:
        return value_meta(to_type(option_type), place, [d.derive(d.value) for d in resolved]) if resolved else {}

    def head_error() -> Value:
        known = to_type(option_type)
        unfit = [d for d in resolved if not known.check(force(d.value))]
        return {"message": to_latin(f"Definition values:\n{list_definitions(unfit)}")} if unfit else None

    merged = make_thunk(merge)
    return {
        "checkedAndMerged": {
            "headError": make_thunk(head_error),
            "value": merged,
            "valueMeta": make_thunk(meta),
        },
        "isDefined": bool(resolved),
        "defsFinal": definitions_to_value(resolved),
        "defsFinal'": {"values": definitions_to_value(resolved), "highestPrio": priority},
        "mergedValue": merged,
        "optionalValue": {"value": merged} if resolved else {},
    }


def make_module_system() -> dict[str, Value]:
    """The value of `moduleSystem`, for `Evaluator(internal={"moduleSystem": …})`."""
    return {
        "evalModules": make_primop("evalModules", "-!", eval_modules).function,
        "mergeDefinitions": make_primop(
            "mergeDefinitions", "!--", taking("mergeDefinitions", ("list",), merge_definitions)
        ).function,
        "anybody": LazyAttrs(tuple, lambda name: {"name": name, "github": name}),
        "optionTypes": make_primop("optionTypes", "-", make_types).function,
    }


MODULE_PRIMOPS: dict[str, Value] = {"moduleSystem": make_module_system()}
"""What this part adds to `import <osconf/primops>`."""
