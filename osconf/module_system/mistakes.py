"""The module system's error messages: what is wrong, the user's own line, who declared and defined what, what next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from osconf.errors import EvalError, OptionError, OsconfError, Position
from osconf.lang.brief import show_brief
from osconf.lang.runtime import (
    current_evaluator,
    force,
    function_args,
    function_position,
    is_derivation,
    is_function,
    show_type,
    spot_of,
)
from osconf.lang.values import Value, from_latin
from osconf.module_system.definitions import FORCE_PRIORITY, OPTION_DEFAULT_PRIORITY, UNKNOWN_FILE, Definition
from osconf.module_system.place import Place, show_path

if TYPE_CHECKING:
    from osconf.module_system.tree import Option, Raw
    from osconf.module_system.types.base import OptionType

_MAX_SHOWN = 6
_PACKAGE_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*\Z")
_COLLECTIONS = frozenset(("listOf", "nonEmptyListOf", "attrsOf", "lazyAttrsOf", "functionTo", "submodule"))
_LIBRARY_FILES = ("/lib/modules.nix", "/lib/options.nix", "/lib/attrsets.nix")


def position_of_definition(definition: Definition) -> Position | None:
    """The user's place of a definition: helper functions of the library do not count."""
    position = definition.position
    if position is not None and position.file.endswith(_LIBRARY_FILES):
        return None
    return position


def telling(definitions: Sequence[Definition]) -> Definition:
    """The definition to point at: the user's own when there is one."""
    from osconf.lang.diagnose import is_own_place  # only a mistake needs it

    for definition in definitions:
        position = position_of_definition(definition)
        if position is not None and is_own_place(position):
            return definition
    return definitions[0]


def show_origin(definition: Definition) -> str:
    """Where a definition comes from: file:line:column, or the module's file."""
    position = position_of_definition(definition)
    return str(position) if position is not None else from_latin(definition.file)


def show_value(value: Value) -> str:
    """A value in a few words; what is inside a set or list is not evaluated for it."""
    if type(value) is dict and "_type" in value and "loc" in value and force(value["_type"]) == "option":
        return f"the declaration of `{show_path(force(value['loc']))}'"
    if is_derivation(value) and "name" in value:
        return f"the package {from_latin(str(force(value['name'])))}"
    # What nobody needed yet is not evaluated for a message.
    return show_brief(value, 2).replace("«thunk»", "…")


def list_definitions(definitions: Sequence[Definition]) -> str:
    """Definitions side by side, one per line."""
    shown = [
        ("the default" if d.priority == OPTION_DEFAULT_PRIORITY else show_value(d.value), show_origin(d))
        for d in definitions[:_MAX_SHOWN]
    ]
    width = min(max((len(value) for value, _ in shown), default=0), 40)
    lines = [f"  {value:<{width}}  at {origin}" for value, origin in shown]
    if len(definitions) > _MAX_SHOWN:
        lines.append(f"  … and {len(definitions) - _MAX_SHOWN} more")
    return "\n".join(lines)


def declared_at(option: Option | None) -> str:
    """The line that tells where an option is declared; empty when nobody knows."""
    if option is None:
        return ""
    places = option.declaration_places()
    return f"\n  declared at {' and '.join(places)}" if places else ""


def wrong_type(place: Place, option_type: OptionType, definitions: Sequence[Definition]) -> OptionError:
    """A definition does not fit the type."""
    bad = [d for d in definitions if not option_type.check(force(d.value))]
    first = telling(bad)
    value = force(first.value)
    wanted = _with_article(option_type.description)
    found = "a package" if is_derivation(value) else show_type(value)
    lines = [
        f"{place.describe()} must be {wanted}, but its value is {found}:"
        if wanted != found
        else f"{place.describe()} is {found}, but none that its type accepts:",
        list_definitions(bad),
    ]
    good = [d for d in definitions if d not in bad]
    if good:
        lines += ["these definitions fit:", list_definitions(good)]
    return OptionError(
        "\n".join(lines) + declared_at(place.option),
        position=position_of_definition(first),
        hint=_type_hint(option_type, value),
        code="wrong-option-type",
    )


def text_for_a_set(place: Place, definition: Definition) -> OptionError:
    """A text was given where options are set: it names no file of a module, which it could."""
    return OptionError(
        f"{place.describe()} must be a set of options, but its value is a string:\n"
        + list_definitions([definition])
        + declared_at(place.option),
        position=position_of_definition(definition),
        hint="write { … } with options in it; a text is taken for the path of a module's file",
        code="wrong-option-type",
    )


def refused(place: Place, definitions: Sequence[Definition], mistake: Value) -> OptionError:
    """A type made in the language says itself what is wrong with the definitions."""
    told = force(mistake.get("message")) if type(mistake) is dict else mistake
    return OptionError(
        f"{place.describe()}: {from_latin(str(told)).strip()}\n"
        + list_definitions(definitions)
        + declared_at(place.option),
        position=position_of_definition(definitions[0]),
        code="wrong-option-type",
    )


def _type_hint(option_type: OptionType, value: Value) -> str | None:
    """What one usually meant."""
    if option_type.name in ("listOf", "nonEmptyListOf") and type(value) is not tuple:
        return f"put it into a list: [ {'…' if is_derivation(value) else show_value(value)} ]"
    if isinstance(value, str):
        text = from_latin(value)
        if text in ("true", "false") and option_type.check(text == "true"):
            return f"write {text} without quotes"
        if text.lstrip("-").isdigit() and option_type.check(int(text)):
            return f"write {text} without quotes"
        if option_type.name == "package" and _PACKAGE_NAME.match(text):
            return f"write it without quotes: pkgs.{text}"
        values = _choices(option_type)
        if values:
            close = _closest(text, sorted(values), n=1, cutoff=0.6)
            if close:
                return f'did you mean "{close[0]}"?'
        if _wants_path(option_type) and text and not text.startswith("/"):
            return f"write a path of your configuration without quotes: {text if text.startswith('.') else './' + text}"
    if type(value) is int and option_type.check(str(value)):
        return f'write it as a string: "{value}"'
    if type(value) is dict and "_type" in value and "loc" in value:
        return f"the value of an option is in `config': config.{show_path(force(value['loc']))}"
    if is_function(value):
        return "a function was given: is an argument missing, or a pair of parentheses in a list?"
    return None


def _choices(option_type: OptionType, depth: int = 3) -> set[str]:
    """The texts that a type takes, through `nullOr` and `either`."""
    found = set(getattr(option_type, "texts", ()))
    if depth:
        for role, inner in option_type.nested().items():
            if role in ("elemType", "left", "right", "finalType") and option_type.name not in _COLLECTIONS:
                found |= _choices(inner, depth - 1)
    return found


def _wants_path(option_type: OptionType) -> bool:
    if option_type.name in ("nullOr", "either"):
        return any(_wants_path(inner) for inner in option_type.nested().values())
    return option_type.name in ("path", "pathInStore", "externalPath")


def _with_article(description: str) -> str:
    if description.startswith(("null or", "one of", "strings ", "anything", "(", "either ", "value ", "impossible")):
        return description
    is_vowel = description.startswith(("a", "e", "i", "o", "unsigned", "unspecified"))
    return f"{'an' if is_vowel else 'a'} {description}"


def _closest(name: str, names: Sequence[str], n: int = 1, cutoff: float = 0.6) -> list[str]:
    from difflib import get_close_matches  # only a mistake needs it

    return get_close_matches(name, names, n=n, cutoff=cutoff)


def conflict(place: Place, definitions: Sequence[Definition]) -> OptionError:
    """Definitions exclude each other."""
    first = telling(definitions)
    hint = f"keep one of them, or say which one wins: {_winning(place, first)}"
    return OptionError(
        f"{place.describe()} has definitions that exclude each other:\n"
        + list_definitions(definitions)
        + declared_at(place.option),
        position=position_of_definition(first),
        hint=hint,
        code="conflicting-definitions",
    )


def _winning(place: Place, definition: Definition) -> str:
    """The line that lets a definition win."""
    shown = show_value(definition.value)
    if len(shown) > 50 or not set(shown).isdisjoint("\n«…"):
        shown = "…"
    wins = "lib.mkForce"
    if definition.priority is not None and definition.priority <= FORCE_PRIORITY:
        wins = f"lib.mkOverride {definition.priority - 1}"
    return f"{wins} {shown}" if place.is_in_list() else f"{place} = {wins} {shown};"


def not_unique(place: Place, definitions: Sequence[Definition], message: str = "") -> OptionError:
    """Several definitions where one is allowed."""
    more = f"\n{from_latin(message).strip()}" if message else ""
    return OptionError(
        f"{place.describe()} may be defined once, but it is defined {len(definitions)} times:{more}\n"
        + list_definitions(definitions)
        + declared_at(place.option),
        position=position_of_definition(telling(definitions)),
        hint="keep one of them, or give the one that must win lib.mkForce",
        code="conflicting-definitions",
    )


def read_only(place: Place, definitions: Sequence[Definition]) -> OptionError:
    """A read-only option was set again."""
    mine = [d for d in definitions if d.priority is None] or list(definitions)
    return OptionError(
        f"the option `{place}' is read-only, but it is set {len(definitions)} times:\n"
        + list_definitions(definitions)
        + declared_at(place.option),
        position=position_of_definition(telling(mine)),
        hint="remove your definition; the module that declares the option computes its value",
        code="read-only-option",
    )


def missing_value(option: Option) -> OptionError:
    """An option without default was read, and nobody defined it."""
    description = option.description_line()
    from osconf.module_system.reports import without_roles  # only a mistake needs it

    about = f"\n  {without_roles(description)}" if description else ""
    # What is required of one instance is missing beside what was said about that instance.
    position = option.level.own_position() if option.level.evaluation.prefix else None
    is_listed = option.place.is_in_list()
    line = f"set it there: {option.name}" if is_listed else f"set it in your configuration: {option.place}"
    return OptionError(
        f"{option.place.describe()} is used, but nobody has set it{about}"
        f"\n  type: {option.option_type.description}{declared_at(option)}",
        position=position,
        hint=f"{line} = …;",
        code="option-not-set",
    )


def undefined(place: Place) -> OptionError:
    """There is no definition, and no option whose declaration could say more."""
    return OptionError(f"{place.describe()} is used, but nobody has set it", code="option-not-set")


def missing_member(place: Place, definitions: Sequence[Definition]) -> OptionError:
    """A member of a lazy set has definitions, but all their conditions fail."""
    return OptionError(
        f"the option `{place}' is used, but the conditions of all its definitions fail:\n"
        + "\n".join(f"  at {show_origin(d)}" for d in definitions[:_MAX_SHOWN]),
        position=position_of_definition(definitions[0]),
        code="option-not-set",
    )


def not_a_set(place: Place, definition: Definition, members: Sequence[str]) -> OptionError:
    """A value was given to a name that only holds options."""
    members = [name for name in members if name != "_module"]
    some = ", ".join(show_path((*place.parts, name)) for name in members[:4])
    more = ", …" if len(members) > 4 else ""
    shown = f"`{place}' holds options" if place.parts else "`config' holds options"
    value = force(definition.value)
    hint = "set one of the options in it"
    if value is True or value is False:
        if "enable" in members:
            hint = f"did you mean {show_path((*place.parts, 'enable'))} = {'true' if value else 'false'};?"
    elif is_function(value):
        hint = "a function was given: is an argument missing, such as the condition of lib.mkIf?"
        if not place.parts:
            hint = "a module that takes arguments is a function as a whole: { lib, ... }: { config = …; }"
    return OptionError(
        f"{shown}{f' ({some}{more})' if some else ''}, but it is set to {show_value(value)}",
        position=position_of_definition(definition),
        hint=hint,
        code="not-an-option",
    )


def own_first(unmatched: Sequence[tuple[tuple[str, ...], Raw]]) -> list[tuple[tuple[str, ...], Raw]]:
    """Undeclared definitions of the user's files, each place once; osconf's own only where there are no others."""
    from osconf.lang.diagnose import is_own_file  # only a mistake needs it

    told: dict[tuple[tuple[str, ...], str], tuple[tuple[str, ...], Raw]] = {}
    for parts, raw in unmatched:
        told.setdefault((parts, show_origin(Definition(raw[0], raw[1], raw[2]))), (parts, raw))
    mine = [item for item in told.values() if is_own_file(from_latin(item[1][0]))]
    return mine or list(told.values())


def no_such_options(unknown: Sequence[tuple[Place, Definition, str | None]]) -> OptionError:
    """Definitions of options that nobody declared; each with what was probably meant."""
    place, first, suggestion = unknown[0]
    if len(unknown) == 1:
        where = show_origin(first)
        by = f"set in {where}"
        if where.endswith(_LIBRARY_FILES):
            by = "lib.mkRenamedOptionModule or lib.mkAliasOptionModule makes another option lead to it"
        return OptionError(
            f"{place.describe()} does not exist" + ("" if position_of_definition(first) else f"\n  ({by})"),
            position=position_of_definition(first),
            hint=suggestion,
            code="unknown-option",
        )
    lines = []
    for place, definition, suggestion in unknown[: _MAX_SHOWN * 2]:
        lines.append(f"  {place.name()} at {show_origin(definition)}" + (f"\n    {suggestion}" if suggestion else ""))
    if len(unknown) > _MAX_SHOWN * 2:
        lines.append(f"  … and {len(unknown) - _MAX_SHOWN * 2} more")
    return OptionError(
        f"{len(unknown)} options that are set do not exist:\n" + "\n".join(lines),
        position=position_of_definition(first),
        code="unknown-option",
    )


def cycle(path: Sequence[str], position: Position | None) -> OptionError:
    """The value of an option needs itself."""
    if len(path) == 1:
        what = f"the value of the option `{path[0]}' depends on itself"
    else:
        chain = " → ".join([*path, path[0]])
        what = f"options depend on each other in a circle:\n  {chain}"
    return OptionError(
        what,
        position=position,
        hint="break the circle: let one of them have a value that does not read the others",
        code="infinite-recursion",
    )


def names_depend_on_config(place: Place) -> EvalError:
    """Which options a module sets is decided by the value of an option."""
    where = f"below `{place}'" if place.parts else "in `config'"
    return EvalError(
        f"which options are set {where} depends on the value of an option",
        hint="put the condition into the definition: lib.mkIf condition { … } "
        "instead of `if' or lib.optionalAttrs around option names",
        code="infinite-recursion",
    )


def declared_twice(place: Place, files: Sequence[str], what: str, hint: str = "") -> OptionError:
    """Two declarations of an option do not go together."""
    return OptionError(
        f"the option `{place}' is declared twice, and the declarations do not agree on {what}:\n"
        + "\n".join(f"  {file}" for file in files),
        hint=hint or "rename one of them, or give both types that can be merged",
        code="option-declared-twice",
    )


def not_a_module(value: Value, file: str, position: Position | None = None) -> OptionError:
    """Something in `modules` or `imports` cannot be a module."""
    hint = None
    if isinstance(value, str):
        hint = "write a path without quotes, such as ./module.nix; a text must be an absolute path"
    elif type(value) is tuple:
        hint = "imports cannot be nested lists: take one pair of brackets away, or join the lists with ++"
    elif type(value) is dict and "_type" in value:
        hint = (
            f'it is a value of type "{force(value["_type"])}"; is an attribute such as `.nixosModules.default` missing?'
        )
    where = "" if position is not None or file == UNKNOWN_FILE else f" (in {from_latin(file)})"
    return OptionError(
        f"a module must be a path, a function or an attribute set, but this one is {show_type(value)}:"
        f" {show_value(value)}{where}",
        position=position,
        hint=hint or "a module is ./file.nix, { … }: { … } or { option = value; }",
        code="not-a-module",
    )


def imports_with_property(name: str, file: str, position: Position | None) -> OptionError:
    """`imports = lib.mkIf …`: which modules there are is not a matter of configuration."""
    return OptionError(
        f"`{name}' of the module {from_latin(file)} carries a condition or a priority (lib.mkIf, lib.mkForce, …), "
        "but it must be a plain list",
        position=position,
        hint="import always, and put lib.mkIf around what the imported module sets (config = lib.mkIf … { … })",
        code="not-a-module",
    )


def missing_file(path: str, importer: str, position: Position | None, names: Sequence[str]) -> OptionError:
    """An imported file does not exist."""
    base = path.rsplit("/", 1)[-1]
    close = _closest(base, names, n=1, cutoff=0.6)
    hint = f"did you mean ./{close[0]}?" if close else None
    if base == "default.nix" and names:
        hint = "the directory is there, but no default.nix in it: import one of its files"
    by = "" if importer == UNKNOWN_FILE else f"\n  imported by {from_latin(importer)}"
    return OptionError(
        f"the module {from_latin(path)} does not exist{by}", position=position, hint=hint, code="missing-module"
    )


def unsupported_attributes(file: str, names: Sequence[str], position: Position | None) -> OptionError:
    """A module with `config` or `options` has other attributes beside them."""
    listed = ", ".join(f"`{from_latin(name)}'" for name in names[:5]) + (", …" if len(names) > 5 else "")
    return OptionError(
        f"the module {from_latin(file)} has `config' or `options', so {listed} cannot stand beside them",
        position=position,
        hint=f"move {'it' if len(names) == 1 else 'them'} into `config = {{ … }};'",
        code="module-attributes",
    )


def missing_argument(name: str, file: str, known: Sequence[str], position: Position | None) -> OptionError:
    """A module asks for an argument that nobody passes."""
    close = _closest(name, list(known), n=1, cutoff=0.6)
    hint = f"did you mean `{close[0]}'?" if close else "pass it with specialArgs, or set _module.args." + name
    return OptionError(
        f"the module {from_latin(file)} asks for the argument `{name}', which nobody passes",
        position=position,
        hint=hint,
        code="missing-module-argument",
    )


def is_direct_call(error: OsconfError) -> bool:
    """Whether an error about arguments comes from the call itself, not from deeper in the function."""
    return error.position is None and not error.frames


def closed_arguments(function: Value, file: str) -> OptionError:
    """A module function does not take further arguments."""
    names = ", ".join(sorted(function_args(function) or ()))
    return OptionError(
        f"the module {from_latin(file)} takes only the arguments {{ {names} }}, but modules are called with more",
        position=function_position(function) if is_function(function) else None,
        hint=f"let it take any: {{ {names}, ... }}:",
        code="module-arguments",
    )


def wrong_class(file: str, found: str, wanted: str, position: Position | None = None) -> OptionError:
    """A module of another kind of configuration was imported."""
    return OptionError(
        f"the module {from_latin(file)} is of class `{found}', but this configuration takes class `{wanted}'",
        position=position,
        hint=f"import it where modules of class `{found}' are taken, or take another one",
        code="wrong-module-class",
    )


def not_a_declaration(place: Place, value: Value, file: str, position: Position | None) -> OptionError:
    """Something under `options` is neither a declaration nor a set of them."""
    hint = "declare it with lib.mkOption { type = …; }"
    kind = force(value.get("_type")) if type(value) is dict and "_type" in value else None
    if kind == "option-type":
        hint = "wrap the type: lib.mkOption { type = …; }"
    elif kind in ("if", "merge", "override", "order"):
        hint = f"declarations cannot carry lib.mk{str(kind).title()}; make the definition conditional instead"
    where = "" if position is not None else f" (in {from_latin(file)})"
    what = f"options.{place}" if place.parts else "options"
    return OptionError(
        f"`{what}' must be an option declaration, but it is {show_value(value)}{where}",
        position=position,
        hint=hint,
        code="not-a-declaration",
    )


def position_of_value(cell: Value) -> Position | None:
    """Where a value was written, as far as the value itself tells."""
    spot = spot_of(cell)
    if spot is not None:
        return spot.position()
    value = cell[1] if type(cell) is list and cell[0] is None else cell
    if is_function(value):
        return function_position(value)
    if type(value) is dict:
        for member in value.values():
            spot = spot_of(member)
            if spot is not None:
                return spot.position()
    return None


def names_beside(path: str) -> list[str]:
    """The files in the directory of a path, for suggestions."""
    try:
        return sorted(current_evaluator().world.read_dir(path.rsplit("/", 1)[0] or "/"))
    except OSError:
        return []
