"""The tree of options: levels (sets of options) and the options themselves, evaluated on demand.

A level knows the declarations below it by name and spreads the definitions over them, both when they are first asked
for. `config` of a level is a set with one cell per name; the cell of an option computes its value once and names the
option when the value turns out to need itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, NoReturn

from osconf.errors import OsconfError, Position
from osconf.lang.runtime import UNSET, call, force, is_attrs, make_thunk, spot_of
from osconf.lang.values import LazyAttrs, Thunk, Value, from_latin, to_latin
from osconf.module_system import mistakes
from osconf.module_system.cycles import OptionCycle
from osconf.module_system.deferred import are_closed, run_declaration
from osconf.module_system.definitions import (
    OPTION_DEFAULT_PRIORITY,
    UNKNOWN_FILE,
    Definition,
    Wraps,
    apply_wraps,
    hold_conditions,
    property_of,
    resolve,
)
from osconf.module_system.place import Place
from osconf.module_system.types.base import (
    ONCE_DECLARED,
    OptionType,
    definitions_to_value,
    merge_checked,
    merge_types,
    to_type,
)
from osconf.module_system.types.scalars import Unspecified

if TYPE_CHECKING:
    from osconf.module_system.evaluation import Evaluation

Raw = tuple[str, Value, Value, "Wraps | None"]
"""A definition on its way down: the module's file, the cell that tells its position, its value, wraps around it."""

UNSPECIFIED = Unspecified()
_NONE: list[Raw] = []
_NO_SETS: list[tuple[str, Value]] = []


def is_option(value: Value) -> bool:
    """Whether a forced value is an option declaration."""
    if type(value) is not dict:
        return False
    kind = value.get("_type")
    return kind == "option" if type(kind) is not list else bool(force(kind) == "option")


class Level:
    """A set of options at one path."""

    __slots__ = (
        "_cells",
        "_definitions",
        "_dormant",
        "_is_spreading",
        "_names",
        "_nodes",
        "_sources",
        "evaluation",
        "parts",
        "sets",
    )

    def __init__(
        self,
        evaluation: Evaluation,
        parts: tuple[str, ...],
        sets: list[tuple[str, Value]],
        sources: list[Raw] | tuple[Level, str],
    ) -> None:
        self.evaluation = evaluation
        self.parts = parts
        self.sets = sets
        self._sources: list[Raw] | tuple[Level, str] = sources
        self._names: Mapping[str, Value] | None = None
        self._nodes: dict[str, Level | Option] = {}
        self._definitions: dict[str, list[Raw]] | None = None
        self._is_spreading = False
        self._dormant: dict[str, bool] | None = None
        self._cells: dict[str, Value] | None = None

    def names(self) -> Collection[str]:
        """The declared names."""
        if self._names is None:
            self._names = self._join_sets()
        return self._names

    def _join_sets(self) -> Mapping[str, Value]:
        """The declared names, to cells where one set declares them all, else to the list of (file, cell)."""
        sets = self.sets
        if len(sets) == 1 and type(sets[0][1]) is dict:
            return sets[0][1]
        by_name: dict[str, list[tuple[str, Value]]] = {}
        for file, attrs in sets:
            for name, cell in attrs.items():
                found = by_name.get(name)
                if found is None:
                    by_name[name] = [(file, cell)]
                else:
                    found.append((file, cell))
        return by_name

    def node(self, name: str) -> Level | Option:
        """The option or level of a declared name."""
        node = self._nodes.get(name)
        if node is None:
            declarations = self.declarations(name)
            if len(declarations) == 1:
                file, cell = declarations[0]
                value = cell
                if type(value) is list:
                    value = value[1] if value[0] is None else value[0](value)
                if is_option(value):
                    node = Option(self, name, [(file, value, cell)], _NO_SETS)
            if node is None:
                node = self._make_node(name, declarations)
            self._nodes[name] = node
        return node

    def declarations(self, name: str) -> list[tuple[str, Value]]:
        """What declares a name: each module's file, and the cell of the option or set."""
        names = self._names
        if names is None:
            names = self._names = self._join_sets()
        file, attrs = self.sets[0]
        found = names.get(name)
        return [(file, found)] if names is attrs else found or []

    def level_below(self, name: str) -> Level | None:
        """The level of a name; None when the name is an option or unknown."""
        node = self.node(name) if name in self.names() else None
        return node if type(node) is Level else None

    def _make_node(self, name: str, cells: list[tuple[str, Value]]) -> Level | Option:
        options: list[tuple[str, Value, Value]] = []
        sets: list[tuple[str, Value]] = []
        for file, cell in cells:
            value = cell
            if type(value) is list:
                value = value[1] if value[0] is None else value[0](value)
            if is_option(value):
                options.append((file, value, cell))
            elif not is_attrs(value) or "_type" in value:
                spot = spot_of(cell)
                place = Place((*self.parts, name))
                raise mistakes.not_a_declaration(place, value, file, None if spot is None else spot.position())
            else:
                sets.append((file, value))
        if options:
            return Option(self, name, options, sets)
        return Level(self.evaluation, (*self.parts, name), sets, (self, name))

    def definitions(self) -> dict[str, list[Raw]]:
        """The definitions of each name below."""
        if self._definitions is None:
            sources = self._sources
            if isinstance(sources, tuple):
                parent, name = sources
                sources = parent.definitions().get(name, _NONE)
            if self._is_spreading:
                raise mistakes.names_depend_on_config(Place(self.parts))
            by_name: dict[str, list[Raw]] = {}
            self._is_spreading = True
            try:
                for file, cell, value, wraps in sources:
                    self._spread(file, cell, value, wraps, by_name)
            finally:
                self._is_spreading = False
            self._definitions = by_name
        return self._definitions

    def _spread(self, file: str, cell: Value, value: Value, wraps: Wraps | None, into: dict[str, list[Raw]]) -> None:
        if type(value) is list:
            value = value[1] if value[0] is None else value[0](value)
        if type(value) is not dict and type(value) is not LazyAttrs:
            raise mistakes.not_a_set(Place(self.parts), Definition(file, cell, value), sorted(self.names()))
        if "_type" in value:
            kind = property_of(value)
            if kind == "merge":
                for content in force(value["contents"]):
                    self._spread(file, cell, content, wraps, into)
                return
            if kind == "if":
                self._spread(file, cell, value["content"], (wraps, "if", value["condition"]), into)
                return
            if kind in ("override", "order"):
                self._spread(file, cell, value["content"], (wraps, kind, value["priority"]), into)
                return
            if kind == "definition":
                self._spread(str(force(value["file"])), cell, value["value"], wraps, into)
                return
        for name, member in value.items():
            # Where the set's own cell is a better place than the member's, it stands for it in messages.
            has_spot = type(member) is list and len(member) > 2 and member[2] is not None
            raw = (file, member if has_spot else cell, member, wraps)
            found = into.get(name)
            if found is None:
                into[name] = [raw]
            else:
                found.append(raw)

    def config(self) -> dict[str, Value]:
        """The values below, by name."""
        if self._cells is None:
            self._cells = {name: [run_member, (self, name), None] for name in self.names()}
        return self._cells

    def has_values(self, path: tuple[str, ...]) -> bool:
        """Whether a value below a path was computed, other than false; computes nothing."""
        if path:
            node = self._nodes.get(path[0])
            return type(node) is Level and node.has_values(path[1:])
        return any([cell[0] is None and cell[1] is not False for cell in (self._cells or {}).values()])

    def options(self) -> dict[str, Value]:
        """The options below as the language sees them."""
        return {name: make_thunk(self._option_view, name) for name in self.names()}

    def _option_view(self, name: str) -> Value:
        node = self.node(name)
        return node.view() if type(node) is Option else node.options()  # type: ignore[union-attr]

    def own_position(self) -> Position | None:
        """Where the user's own files set something here."""
        from osconf.lang.diagnose import is_own_place

        for raws in self.definitions().values():
            for file, cell, value, _ in raws:
                position = mistakes.position_of_definition(Definition(file, cell, value))
                if position is not None and is_own_place(position):
                    return position
        return None

    def unmatched(self, into: list[tuple[tuple[str, ...], Raw]]) -> None:
        """Definitions of names that nobody declared, here and below."""
        names = self.names()
        nodes = self._nodes
        for name, raws in self.definitions().items():
            if name not in names:
                into.extend([((*self.parts, name), raw) for raw in raws])
            elif name != "_module" or len(raws) > 1:
                node = nodes.get(name)
                if node is None and not self._surely_matches(name):
                    node = self.node(name)
                if type(node) is Level:
                    node.unmatched(into)

    def _surely_matches(self, name: str) -> bool:
        """Whether an unread module says that a name is an option, or that all that is set below it is declared."""
        found = self.declarations(name)
        cell = found[0][1]
        return (len(found) == 1 and type(cell) is list and cell[0] is run_declaration) or self.is_dormant(name)

    def is_dormant(self, name: str) -> bool:
        """Whether modules that were not read declare all there is under a name, and each sets only what it declares.

        What was so once stays so: definitions and declarations of a level are settled when they are first asked for.
        """
        if self._dormant is None:
            self._dormant = {}
        known = self._dormant.get(name)
        if known is None:
            known = are_closed(self.declarations(name), self.definitions().get(name, _NONE))
            self._dormant[name] = known
        return known


class Option:
    """A declared option and the definitions it gets."""

    __slots__ = ("_place", "_resolved", "_type", "_view", "declaration", "declarations", "level", "name")

    def __init__(
        self, level: Level, name: str, declarations: list[tuple[str, Value, Value]], sets: list[tuple[str, Value]]
    ) -> None:
        self.level = level
        self.name = name
        self._place: Place | None = None
        self.declarations = declarations
        self._type: OptionType | None = None
        self._resolved: tuple[list[Definition], int] | None = None
        self._view: dict[str, Value] | None = None
        self.declaration: dict[str, Value] = declarations[0][1]
        if len(declarations) > 1:
            self.declaration = self._merge_declarations()
        if sets:
            self._add_sub_options(sets)

    @property
    def place(self) -> Place:
        """Its path."""
        if self._place is None:
            self._place = Place((*self.level.parts, self.name), self)
        return self._place

    @property
    def option_type(self) -> OptionType:
        """The type, after merging double declarations."""
        if self._type is None:
            given = self.declaration.get("type")
            try:
                if type(given) is list:
                    given = given[1] if given[0] is None else given[0](given)
                self._type = UNSPECIFIED if given is None else to_type(given)
            except OsconfError as error:
                error.while_(f"while evaluating the type of {self.place.describe()}")
                raise
        return self._type

    def _merge_declarations(self) -> dict[str, Value]:
        merged: dict[str, Value] = {}
        types: list[OptionType] = []
        for _, attrs, _ in self.declarations:
            for name in ONCE_DECLARED:
                if name in merged and name in attrs:
                    hint = f"leave `{name}' out of one of them, or rename it"
                    raise mistakes.declared_twice(self.place, self.declaration_places(), f"`{name}'", hint)
            if attrs.get("type") is not None:
                types.append(to_type(attrs["type"]))
            merged = {**attrs, **merged}
        if types:
            result = types[0]
            for other in types[1:]:
                both = merge_types(result, other)
                if both is None:
                    raise mistakes.declared_twice(
                        self.place,
                        self.declaration_places(),
                        f"the type ({result.description} or {other.description})",
                    )
                result = both
            self._type = result
            merged["type"] = result.view
        return merged

    def _add_sub_options(self, sets: list[tuple[str, Value]]) -> None:
        """Options declared below an option belong to its submodule."""
        modules = self.option_type.sub_modules()
        # Which member of a list or set of submodules would they belong to?
        if modules is None or self.option_type.name != "submodule":
            places = [*self.declaration_places(), *[from_latin(file) for file, _ in sets]]
            hint = "" if modules is None else "declare the inner options in the submodule that is in its type"
            raise mistakes.declared_twice(self.place, places, "being an option or a set of options", hint)
        extra = tuple([{"_file": file, "options": attrs} for file, attrs in sets])
        self._type = self.option_type.with_modules(modules + extra)
        self.declaration = {**self.declaration, "type": self._type.view}

    def declaration_places(self) -> list[str]:
        """Where it is declared, for people."""
        places = []
        for file, attrs, cell in self.declarations:
            position = self._declaration_position(attrs, cell)
            is_helper = position is not None and position.file.endswith(("/lib/modules.nix", "/lib/options.nix"))
            text = from_latin(file) if position is None or is_helper else str(position)
            if text != UNKNOWN_FILE:
                places.append(text)
        return places

    def _declaration_position(self, attrs: Value, cell: Value) -> Position | None:
        spot = spot_of(cell)
        if spot is not None:
            return spot.position()
        return mistakes.position_of_value(attrs)

    def description_line(self) -> str:
        """The first sentence of the description; empty when there is none."""
        from osconf.module_system.reports import first_sentence  # only people ask

        text = force(self.declaration.get("description"))
        if is_attrs(text):
            text = force(text.get("text"))
        return first_sentence(from_latin(str(text))) if text else ""

    def raw_definitions(self) -> list[Raw]:
        """What modules wrote, before conditions and priorities."""
        return self.level.definitions().get(self.name, [])

    def definition_position(self) -> Position | None:
        """The user's place of one of the definitions."""
        for file, cell, value, _ in self.raw_definitions():
            position = mistakes.position_of_definition(Definition(file, cell, value))
            if position is not None:
                return position
        return None

    def best_position(self) -> Position | None:
        """The place that says most to the user: their own definition, else somebody's, else the declaration."""
        from osconf.lang.diagnose import is_own_place

        try:
            definitions = [Definition(file, cell, value) for file, cell, value, _ in self.raw_definitions()]
        except OsconfError:
            definitions = []
        found = [mistakes.position_of_definition(definition) for definition in definitions]
        found += [spot.position() for *_, cell in self.declarations if (spot := spot_of(cell)) is not None]
        places = [position for position in found if position is not None]
        return next((position for position in places if is_own_place(position)), places[0] if places else None)

    def all_definitions(self) -> list[Definition]:
        """The default and every definition whose surrounding conditions hold."""
        definitions: list[Definition] = []
        if "default" in self.declaration:
            file = self.declarations[0][0]
            definitions.append(Definition(file, self.declaration["default"], priority=OPTION_DEFAULT_PRIORITY))
        for file, cell, value, wraps in self.raw_definitions():
            definition = Definition(file, cell)
            definition.value = value
            if wraps is None or apply_wraps(definition, wraps):
                definitions.append(definition)
        return definitions

    def resolved(self) -> tuple[list[Definition], int]:
        """The definitions that count, and their priority."""
        if self._resolved is None:
            definitions = self.all_definitions()
            if len(definitions) > 1 and force(self.declaration.get("readOnly")) is True:
                raise mistakes.read_only(self.place, definitions)
            self._resolved = resolve(definitions)
        return self._resolved

    def compute(self) -> Value:
        """The value, passed through `apply`; what that ignores (an alias, say) is not merged."""
        if "apply" in self.declaration:
            return call(self.declaration["apply"], make_thunk(self._merged))
        return self._merged()

    def _merged(self) -> Value:
        """The value before `apply`."""
        value = self._value_of_one()
        return self._value_of_several() if value is UNSET else value

    def _value_of_several(self) -> Value:
        """The definitions resolved, checked and merged."""
        definitions, _ = self.resolved()
        if not definitions:
            value = force(self.option_type.empty_at(self.place))
            if value is UNSET:
                raise mistakes.missing_value(self)
            return value
        return merge_checked(self.place, self.option_type, definitions)

    def _value_of_one(self) -> Value:
        """The value when one plain definition (or the default) is all there is and fits; UNSET in every other case.

        That is how most options are: nothing competes, nothing has to be resolved. Mistakes are left to the long way.
        """
        declaration = self.declaration
        raws = self.level.definitions().get(self.name, _NONE)
        cell: Value = UNSET
        value: Value = UNSET
        for _, origin, given, wraps in raws:
            if wraps is not None and not (holds_all := hold_conditions(wraps)):
                if holds_all is None:
                    return UNSET
                continue
            if cell is not UNSET:
                return UNSET
            cell, value = origin, given
        if cell is UNSET:
            cell = value = declaration.get("default", UNSET)
        elif "readOnly" in declaration:
            return UNSET
        if type(value) is list:
            value = value[1] if value[0] is None else value[0](value)
        if value is UNSET or (type(value) is dict and "_type" in value) or type(value) is LazyAttrs:
            return UNSET
        option_type = self._type
        if option_type is None:
            option_type = self.option_type
        if not option_type.check(value):
            return UNSET
        if option_type.is_plain or (option_type.keeps_empty and not value):
            return value
        return UNSET

    @property
    def cell(self) -> Value:
        """The cell that holds the value."""
        return self.level.config()[self.name]

    def view(self) -> dict[str, Value]:
        """The option as the language sees it: the declaration, its value and what is known about it."""
        if self._view is None:
            view = dict(self.declaration)
            view.update(
                {
                    "_type": "option",
                    "loc": self.place.parts,
                    "type": make_thunk(lambda: self.option_type.view),
                    "value": self.cell,
                    "isDefined": make_thunk(lambda: bool(self.resolved()[0])),
                    "highestPrio": make_thunk(lambda: self.resolved()[1]),
                    "definitions": make_thunk(lambda: tuple([d.value for d in self.resolved()[0]])),
                    "definitionsWithLocations": make_thunk(lambda: definitions_to_value(self.resolved()[0])),
                    "files": make_thunk(lambda: tuple([d.file for d in self.resolved()[0]])),
                    "declarations": tuple([file for file, _, _ in self.declarations]),
                    "declarationPositions": make_thunk(self._position_values),
                    "options": make_thunk(lambda: force(self.option_type.sub_options(self.place.parts))),
                    "valueMeta": make_thunk(self._value_meta),
                    "__toString": self._to_string(),
                }
            )
            self._view = view
        return self._view

    def _value_meta(self) -> dict[str, Value]:
        from osconf.module_system.value_meta import value_meta  # submodules are evaluations of this tree

        definitions = [definition.derive(definition.value) for definition in self.resolved()[0]]
        return value_meta(self.option_type, self.place, definitions) if definitions else {}

    def _to_string(self) -> Value:
        def to_string(_: Value) -> Value:
            return to_latin(str(self.place))

        to_string.option = self  # type: ignore[attr-defined]
        return to_string

    def _position_values(self) -> Value:
        positions: list[Value] = []
        for file, attrs, cell in self.declarations:
            position = self._declaration_position(attrs, cell)
            if position is None:
                positions.append({"file": file, "line": None, "column": None})
            else:
                positions.append({"file": position.file, "line": position.line, "column": position.column})
        return tuple(positions)


# -- members of config -------------------------------------------------------------------------------------------------


def run_member(cell: Thunk) -> Value:
    """Body of `[run_member, (level, name), None]`: the value of an option, or the values below a level."""
    level, name = captured = cell[1]
    cell[0] = _member_hole
    node = None
    try:
        node = level.node(name)
        value = node.compute() if type(node) is Option else node.config()
    except BaseException as error:
        cell[0] = run_member
        cell[1] = captured
        if isinstance(error, OsconfError) and type(node) is Option:
            if type(error) is OptionCycle:
                error.pass_through(node.place.parts, node.definition_position)
            error.while_(f"while evaluating {node.place.describe()}", node.best_position())
        raise
    cell[1] = value
    cell[0] = None
    return value


def _member_hole(cell: Thunk) -> NoReturn:
    level, name = cell[1]
    raise OptionCycle((*level.parts, name))
