"""Submodules: values that are configurations of their own, and modules as values."""

from __future__ import annotations

from osconf.errors import OptionError
from osconf.lang.brief import show_brief
from osconf.lang.runtime import force, is_attrs, is_function, is_string, make_thunk
from osconf.lang.values import Path, Value, to_latin
from osconf.module_system import mistakes
from osconf.module_system.collect import Module, Root
from osconf.module_system.definitions import Definition
from osconf.module_system.evaluation import Evaluation
from osconf.module_system.place import Place, show_path
from osconf.module_system.types.arguments import given_member, needed_member
from osconf.module_system.types.base import OptionType, phrase, to_type

_ANY_NAME = to_latin("‹name›")
"""The name of a submodule where it is not that of a real one."""


class Submodule(OptionType):
    """A set with options of its own."""

    name = "submodule"
    description_class = None

    def __init__(
        self,
        library: Value,
        modules: tuple[Value, ...],
        *,
        special_args: dict[str, Value] | None = None,
        only_config: bool | None = None,
        description: str | None = None,
        class_: str | None = None,
    ) -> None:
        self.library = library
        self.modules = modules
        self.special_args = special_args or {}
        self.only_config = only_config
        self.given_description = description
        self.class_ = class_
        self._roots: list[Root] | None = None

    @property
    def description(self) -> str:  # type: ignore[override]
        if self.given_description is not None:
            return self.given_description
        freeform = self.nested().get("freeformType")
        return "submodule" if freeform is None else f"open submodule of {phrase(freeform, 'noun', 'composite')}"

    def check(self, value: Value) -> bool:
        return is_attrs(value) or is_function(value) or type(value) is Path or (is_string(value) and value[:1] == "/")

    def empty_value(self) -> Value:
        return make_thunk(lambda: self.evaluate((), _ANY_NAME, []).checked_config())

    def empty_at(self, place: Place) -> Value:
        return self.merge(place, [])

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        try:
            return self.evaluate(place.parts, place.parts[-1] if place.parts else "", definitions).checked_config()
        except OptionError as error:
            text = next((definition for definition in definitions if is_string(definition.value)), None)
            if error.code == "missing-module" and text is not None:
                raise mistakes.text_for_a_set(place, text) from None
            raise

    def evaluate(self, prefix: tuple[str, ...], name: str, definitions: list[Definition]) -> Evaluation:
        """The configuration of one instance."""
        if self._roots is None:
            self._roots = [Root(cell) for cell in self.modules]
        extra: list[Module] = []
        imported: list[Value] = []
        for definition in definitions:
            value = definition.value
            if self.only_config and is_attrs(value) and "__functor" not in value:
                module = Module(definition.file)
                module.config.append(value)
                extra.append(module)
            else:
                imported.append({"_file": definition.file, "imports": (value,)})
        return Evaluation(
            self.library,
            (*self.modules, *imported) if imported else self.modules,
            special_args=self.special_args,
            prefix=prefix,
            class_=self.class_,
            injected={"name": name},
            definitions=extra,
            roots=[*self._roots, *[Root(module) for module in imported]] if imported else self._roots,
        )

    def sub_options(self, prefix: tuple[str, ...]) -> Value:
        evaluation = self.evaluate(prefix, _ANY_NAME, [])
        options = evaluation.options()
        freeform = evaluation.module_option("freeformType")
        if freeform is not None:
            options["_freeformOptions"] = make_thunk(_freeform_options, to_type(freeform), prefix)
        return options

    def sub_modules(self) -> tuple[Value, ...]:
        return self.modules

    def with_modules(self, modules: tuple[Value, ...]) -> OptionType:
        return Submodule(
            self.library,
            modules,
            special_args=self.special_args,
            only_config=self.only_config,
            description=self.given_description,
            class_=self.class_,
        )

    def payload(self) -> Value:
        return {
            "modules": self.modules,
            "specialArgs": self.special_args,
            "shorthandOnlyDefinesConfig": self.only_config,
            "description": self.given_description,
            "class": self.class_,
        }

    def from_payload(self, payload: Value) -> OptionType:
        return make_submodule_with(self.library, payload)

    def nested(self) -> dict[str, OptionType]:
        freeform = self.evaluate((), "", []).module_option("freeformType")
        if freeform is None:
            return {}
        return {"freeformType": to_type(freeform)}

    def merge_type(self, other: OptionType) -> OptionType | None:
        if not isinstance(other, Submodule):
            return None
        common = self.special_args.keys() & other.special_args.keys()
        if common:
            raise OptionError(
                f"a submodule is declared twice, with the same specialArgs: {', '.join(sorted(common))}",
                code="option-declared-twice",
            )
        return Submodule(
            self.library,
            self.modules + other.modules,
            special_args={**self.special_args, **other.special_args},
            only_config=_agreed("shorthandOnlyDefinesConfig", self.only_config, other.only_config),
            description=_agreed("description", self.given_description, other.given_description),
            class_=_agreed("class", self.class_, other.class_),
        )


def _agreed(what: str, one: Value, other: Value) -> Value:
    """What two declarations of a submodule say of it; null is nothing."""
    if None not in (one, other) and one != other:
        raise OptionError(
            f"a submodule is declared twice, with different values of `{what}': "
            f"{show_brief(one)} and {show_brief(other)}",
            code="option-declared-twice",
        )
    return other if one is None else one


def _freeform_options(option_type: OptionType, prefix: tuple[str, ...]) -> Value:
    return force(option_type.sub_options(prefix))


class DeferredModule(OptionType):
    """A module as a value: definitions are collected and used where the value is imported."""

    name = "deferredModule"
    description = "module"

    def __init__(self, static_modules: tuple[Value, ...] = (), library: Value = None) -> None:
        self.static_modules = static_modules
        self.library = library

    def check(self, value: Value) -> bool:
        return is_attrs(value) or is_function(value) or type(value) is Path or (is_string(value) and value[:1] == "/")

    @property
    def functor_name(self) -> str:
        return "deferredModuleWith"

    def merge(self, place: Place, definitions: list[Definition]) -> Value:
        via = show_path(place.parts)
        imports = [{"_file": f"{d.file}, via option {via}", "imports": (d.value,)} for d in definitions]
        return {"imports": (*self.static_modules, *imports)}

    def sub_modules(self) -> tuple[Value, ...] | None:
        return self.static_modules or None

    def with_modules(self, modules: tuple[Value, ...]) -> OptionType:
        return DeferredModule(modules, self.library)

    def sub_options(self, prefix: tuple[str, ...]) -> Value:
        return Submodule(self.library, self.static_modules).sub_options(prefix) if self.static_modules else {}

    def payload(self) -> Value:
        return {"staticModules": self.static_modules}

    def from_payload(self, payload: Value) -> OptionType:
        return DeferredModule(force(payload["staticModules"]), self.library)

    def merge_type(self, other: OptionType) -> OptionType | None:
        if not isinstance(other, DeferredModule):
            return None
        return DeferredModule(self.static_modules + other.static_modules, self.library)


def make_submodule(library: Value, modules: Value) -> Submodule:
    """`types.submodule`: one module or a list; shorthand definitions are configuration."""
    value = force(modules)
    return Submodule(library, value if type(value) is tuple else (value,), only_config=True)


def make_submodule_with(library: Value, arguments: Value) -> Submodule:
    """`types.submoduleWith`."""
    given, name = force(arguments), "types.submoduleWith"
    needed_member(given, "modules", name)
    return Submodule(
        library,
        given_member(given, "modules", name, "list", ()),
        special_args=dict(given_member(given, "specialArgs", name, "set", {}).items()),
        only_config=force(given.get("shorthandOnlyDefinesConfig", False)),
        description=force(given.get("description")),
        class_=force(given.get("class")),
    )
