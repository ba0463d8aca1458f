"""One evaluation of modules: `evalModules`, `extendModules`, submodules.

`Evaluation` owns the arguments that modules get, the collected modules, the root of the option tree, and the checks
that nothing undeclared was set.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from osconf.errors import OptionError
from osconf.lang.primops.expect import expect_attrs
from osconf.lang.runtime import UNSET, force, function_position, is_attrs, is_function, make_thunk
from osconf.lang.values import LazyAttrs, Thunk, Value, from_latin
from osconf.module_system import mistakes
from osconf.module_system.collect import Module, Root, collect_modules
from osconf.module_system.definitions import UNKNOWN_FILE, Definition, restore_wraps
from osconf.module_system.near_misses import tell_near_misses
from osconf.module_system.place import Place, show_path
from osconf.module_system.suggest import disabled_declaration, suggest_option
from osconf.module_system.tree import Level, Option, Raw
from osconf.module_system.types.arguments import given_member, needed_member
from osconf.module_system.types.base import OptionType, merge_checked, to_type
from osconf.module_system.types.compound import NullOr
from osconf.module_system.types.containers import LazyAttrsOf
from osconf.module_system.types.scalars import Bool, OptionTypeType, Unspecified
from osconf.module_system.types.scalars import Raw as RawType

INTERNAL_FILE = "lib/modules.nix"


def _option(option_type: Any, description: str, **more: Value) -> dict[str, Value]:
    return {"_type": "option", "type": option_type.view, "description": description, **more}


def _internal_options(in_submodule: bool) -> dict[str, Value]:
    """What every configuration declares; the arguments of modules are described once, outside of submodules."""
    about = {"internal": True} if in_submodule else {}
    return {
        "_module": {
            "args": _option(LazyAttrsOf(RawType()), "Additional arguments passed to each module.", **about),
            "check": _option(
                Bool(), "Whether to check that every definition has an option.", default=True, internal=True
            ),
            "freeformType": _option(
                NullOr(OptionTypeType()), "The type of definitions without an option.", default=None, internal=True
            ),
            "specialArgs": _option(
                Unspecified(), "Arguments passed to modules before they are merged.", readOnly=True, internal=True
            ),
        }
    }


_INTERNAL_OPTIONS = _internal_options(in_submodule=False)
_SUBMODULE_OPTIONS = _internal_options(in_submodule=True)


class Evaluation:
    """The modules of one configuration (or submodule) and what becomes of them."""

    __slots__ = (
        "_base_arguments",
        "_freeform",
        "_has_only_internal",
        "_is_collecting",
        "_options_cell",
        "_root",
        "_roots",
        "_whole",
        "class_",
        "extra",
        "injected",
        "left_out",
        "library",
        "module_values",
        "prefix",
        "special_args",
    )

    def __init__(
        self,
        library: Value,
        modules: tuple[Value, ...],
        *,
        special_args: dict[str, Value] | None = None,
        prefix: tuple[str, ...] = (),
        class_: str | None = None,
        injected: dict[str, Value] | None = None,
        definitions: Sequence[Module] = (),
        roots: Sequence[Root] | None = None,
    ) -> None:
        self.library = library
        self.module_values = modules
        self.special_args = special_args or {}
        self.prefix = prefix
        self.class_ = class_
        self.injected = injected or {}
        self.extra = definitions
        self._roots = roots
        self.left_out: Sequence[Module] = ()
        self._root: Level | None = None
        self._is_collecting = False
        self._has_only_internal: bool | None = None
        self._freeform: Value = UNSET
        self._whole: dict[str, Value] | None = None
        self._base_arguments: dict[str, Value] | None = None
        self._options_cell: Value = None

    @property
    def base_arguments(self) -> dict[str, Value]:
        """The module arguments that are there before any module is read."""
        if self._base_arguments is None:
            self._base_arguments = {
                "lib": self.library,
                "config": make_thunk(self.config),
                "options": self.options_cell,
                "specialArgs": self.special_args,
                "_class": self.class_,
                "_prefix": self.prefix,
                **self.special_args,
            }
        return self._base_arguments

    @property
    def options_cell(self) -> Value:
        """The cell of the option tree."""
        if self._options_cell is None:
            self._options_cell = make_thunk(self.options)
        return self._options_cell

    # -- modules and the tree

    @property
    def root(self) -> Level:
        """The root of the option tree."""
        if self._root is None:
            if self._is_collecting:
                raise OptionError(
                    "which modules there are depends on the configuration that they make",
                    hint="imports must not use config, options or arguments from _module.args: "
                    "use specialArgs, or import always and use lib.mkIf",
                    code="infinite-recursion",
                )
            self._is_collecting = True
            try:
                modules = self._collect()
            finally:
                self._is_collecting = False
            sets: list[tuple[str, Value]] = []
            sources: list[Raw] = []
            for module in modules:
                if module.options is not None:
                    sets.append((module.file, self._options_of(module)))
                for config in module.config:
                    sources.append((module.file, config, config, None))
            self._root = Level(self, self.prefix, sets, sources)
        return self._root

    def _collect(self) -> list[Module]:
        """The modules, the last one first: its definitions come first."""
        internal = Module(INTERNAL_FILE)
        internal.options = _SUBMODULE_OPTIONS if self.prefix else _INTERNAL_OPTIONS
        arguments = [_run_internal_arguments, self, None]
        internal.config.append({"_module": {"args": arguments, "specialArgs": self.special_args}})
        roots = self._roots
        if roots is None:
            roots = [Root(cell) for cell in self.module_values]
        modules = collect_modules(self, roots, self.extra, internal)
        modules.reverse()
        return modules

    def internal_arguments(self) -> dict[str, Value]:
        """The module arguments that the engine defines."""
        arguments = dict(self.injected)
        arguments["extendModules"] = make_thunk(self.make_extend_modules)
        arguments["moduleType"] = make_thunk(self.make_type)
        return arguments

    def _options_of(self, module: Module) -> Value:
        options = force(module.options)
        if type(options) is not dict or "_type" in options:
            raise mistakes.not_a_declaration(
                Place(self.prefix), options, module.file, mistakes.position_of_value(options)
            )
        return options

    def find_argument(self, name: str, file: str, function: Value) -> Value:
        """The module argument `name`, from `_module.args`."""
        if self._root is None and self._is_collecting:
            raise OptionError(
                f"the module {from_latin(file)} needs its argument `{name}' to tell what it imports, but `{name}' is "
                "known only when all modules are",
                position=function_position(function) if is_function(function) else None,
                hint="pass it with specialArgs",
                code="infinite-recursion",
            )
        if name in self.injected and self.has_only_internal():
            return force(self.injected[name])
        arguments = force(self.root.node("_module").config()["args"])  # type: ignore[union-attr]
        if name not in arguments:
            known = [*self.base_arguments, *arguments]
            position = function_position(function) if is_function(function) else None
            raise mistakes.missing_argument(name, file, known, position)
        return force(arguments[name])

    def has_only_internal(self) -> bool:
        """Whether no module sets anything below `_module`."""
        if self._has_only_internal is None:
            self._has_only_internal = len(self.root.definitions()["_module"]) == 1
        return self._has_only_internal

    def module_option(self, name: str) -> Value:
        """The value of `_module.NAME`."""
        return force(self.root.node("_module").config()[name])  # type: ignore[union-attr]

    def has_values(self, path: tuple[str, ...]) -> bool:
        """Whether a value of the set of options at a path was computed, other than false; computes nothing."""
        return self._root is not None and self._root.has_values(path)

    # -- results

    def config(self) -> Value:
        """The configuration that modules see, `_module` included.

        With a freeform type it is a lazy set: a declared option can be read while it is not yet known which other names
        are set, so a module may set freeform members under a condition on its own options.
        """
        declared = self.root.config()
        if self.freeform_type() is None:
            return declared
        root = self.root

        def lookup(name: str) -> Value:
            if name in declared and type(root.node(name)) is Option:
                return declared[name]
            return self.whole_config()[name]

        return LazyAttrs(self.whole_config, lookup)

    def freeform_type(self) -> Value:
        """The type of what no module declares; None when there is none."""
        if self._freeform is UNSET:
            self._freeform = None if self.has_only_internal() else self.module_option("freeformType")
        return self._freeform

    def whole_config(self) -> dict[str, Value]:
        """The configuration with undeclared definitions merged by the freeform type."""
        if self._whole is None:
            freeform = self.freeform_type()
            self._whole = self.root.config() if freeform is None else self._merge_freeform(to_type(freeform))
        return self._whole

    def _merge_freeform(self, freeform: OptionType) -> dict[str, Value]:
        unmatched: list[tuple[tuple[str, ...], Raw]] = []
        self.root.unmatched(unmatched)
        definitions = []
        for parts, (file, cell, value, wraps) in unmatched:
            tell_near_misses(parts, self._names_beside(parts), file, cell, value)
            value = restore_wraps(value, wraps)
            for part in reversed(parts[len(self.prefix) :]):
                value = {part: value}
            definition = Definition(file, cell)
            definition.value = value
            definitions.append(definition)
        if not definitions:
            return self.root.config()
        return _overlay(merge_checked(Place(self.prefix), freeform, definitions), self.root)

    def _names_beside(self, parts: tuple[str, ...]) -> Collection[str]:
        """The declared names beside the last of the parts."""
        level = self.root
        for part in parts[len(self.prefix) : -1]:
            node = level.node(part)
            if type(node) is not Level:
                return ()
            level = node
        return level.names()

    def checked_config(self) -> dict[str, Value]:
        """The configuration as the world sees it: nothing undeclared in it, without `_module`."""
        self.check()
        config = dict(self.whole_config())
        config.pop("_module", None)
        return config

    def checked_options(self) -> dict[str, Value]:
        """The option tree, after the check."""
        self.check()
        return force(self.options_cell)  # type: ignore[no-any-return]

    def options(self) -> dict[str, Value]:
        """The option tree as the language sees it."""
        return self.root.options()

    def check(self) -> None:
        """Fail when something is set that no module declares."""
        root = self.root
        if not self.has_only_internal() and (self.freeform_type() is not None or self.module_option("check") is False):
            return
        unmatched: list[tuple[tuple[str, ...], Raw]] = []
        root.unmatched(unmatched)
        if unmatched:
            raise self._explain_unmatched(unmatched)

    def _explain_unmatched(self, unmatched: list[tuple[tuple[str, ...], Raw]]) -> OptionError:
        told = []
        for parts, (file, cell, value, _) in mistakes.own_first(unmatched):
            definition = Definition(file, cell, value)
            inner = parts[len(self.prefix) :]
            hint = disabled_declaration(self.left_out, inner) or suggest_option(self.root, inner, self.prefix)
            told.append((Place(parts), definition, hint))
        told.sort(key=_reading_order)
        return mistakes.no_such_options(told)

    def result(self) -> dict[str, Value]:
        """What `evalModules` gives."""
        return {
            "_type": "configuration",
            "options": make_thunk(self.checked_options),
            "config": make_thunk(self.checked_config),
            "_module": make_thunk(self._module_result),
            "extendModules": self.make_extend_modules(),
            "type": make_thunk(self.make_type),
            "class": self.class_,
            "graph": make_thunk(self._graph),
        }

    def _graph(self) -> Value:
        from osconf.module_system.graph import module_graph  # for tools that look at modules

        modules = [module for module in reversed(self._collect()) if module.file != INTERNAL_FILE]
        return module_graph(modules, self.left_out)

    def _module_result(self) -> Value:
        self.check()
        return force(self.root.config()["_module"])

    def make_extend_modules(self) -> Value:
        """`extendModules { modules, specialArgs, prefix }`: the same configuration with more modules."""

        def extend_modules(arguments: Value) -> Value:
            given = force(arguments)
            special = dict(self.special_args)
            special.update(force(given.get("specialArgs", {})).items())
            return Evaluation(
                self.library,
                self.module_values + force(given.get("modules", ())),
                special_args=special,
                prefix=tuple([str(force(part)) for part in force(given.get("prefix", self.prefix))]),
                class_=self.class_,
                injected=self.injected,
                definitions=self.extra,
            ).result()

        extend_modules.evaluation = self  # type: ignore[attr-defined]
        return extend_modules

    def make_type(self) -> Value:
        """The submodule type of these modules."""
        from osconf.module_system.types.submodule import Submodule

        return Submodule(self.library, self.module_values, special_args=self.special_args, class_=self.class_).view


def _run_internal_arguments(cell: Thunk) -> Value:
    """Body of `[_run_internal_arguments, evaluation, None]`."""
    value = cell[1].internal_arguments()
    cell[1] = value
    cell[0] = None
    return value


def _overlay(free: Value, level: Level) -> dict[str, Value]:
    """Declared values over freeform ones, level by level."""
    result: dict[str, Value] = dict(free.items())
    for name, cell in level.config().items():
        if name in result and type(node := level.node(name)) is Level:
            result[name] = make_thunk(_overlay_member, result[name], node)
        else:
            result[name] = cell
    return result


def _overlay_member(free: Value, level: Level) -> dict[str, Value]:
    inner = force(free)
    return _overlay(inner, level) if is_attrs(inner) else level.config()


def _reading_order(item: tuple[Place, Definition, str | None]) -> tuple[str, int, str]:
    place, definition, _ = item
    position = definition.position
    if position is None:
        return (definition.file, 0, show_path(place.parts))
    return (position.file, position.line, show_path(place.parts))


def eval_modules(library: Value, arguments: Value) -> dict[str, Value]:
    """`lib.evalModules`."""
    expect_attrs(arguments, "the argument of lib.evalModules")
    special = dict(given_member(arguments, "specialArgs", "evalModules", "set", {}).items())
    extra: tuple[Value, ...] = ()
    if force(arguments.get("check")) is False:
        extra = ({"config": {"_module": {"check": False}}},)
    if "args" in arguments:
        extra = (*extra, {"config": {"_module": {"args": arguments["args"]}}})
    modules = force(needed_member(arguments, "modules", "evalModules"))
    if type(modules) is not tuple:
        raise mistakes.not_a_module(modules, UNKNOWN_FILE)
    return Evaluation(
        library,
        modules + extra,
        special_args=special,
        prefix=tuple([str(force(part)) for part in given_member(arguments, "prefix", "evalModules", "list", ())]),
        class_=force(arguments.get("class")),
    ).result()
