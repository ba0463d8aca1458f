"""From `modules` and `imports` to the list of modules that count, each in one form.

A module is a path, a function of the module arguments, or an attribute set (in shorthand: only definitions). Imports
are followed breadth first; a module with a key (its path, or `key`) counts once; `disabledModules` takes some out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from osconf.errors import EvalError, OptionError, Position
from osconf.lang.primops.registry import PRIMOPS
from osconf.lang.runtime import (
    attr_position,
    call,
    canonical_path,
    coerce_to_string,
    current_evaluator,
    force,
    function_args,
    function_pattern,
    is_attrs,
    is_function,
    is_string,
    spot_of,
)
from osconf.lang.source import Source
from osconf.lang.values import Path, Value, context_of, from_latin, to_latin
from osconf.module_system import mistakes
from osconf.module_system.deferred import is_own_library
from osconf.module_system.definitions import UNKNOWN_FILE, property_of
from osconf.module_system.outline_index import OutlineIndex

if TYPE_CHECKING:
    from osconf.module_system.evaluation import Evaluation

_MODULE_ATTRIBUTES = frozenset(
    ("_class", "_file", "key", "disabledModules", "require", "imports", "options", "config", "meta", "freeformType")
)
_STRUCTURE = frozenset(("_class", "_file", "key", "disabledModules", "require", "imports", "freeformType"))


class Module:
    """One module: where it is from, what it declares, defines, imports and disables."""

    __slots__ = ("children", "class_", "config", "disabled", "file", "imports", "key", "options", "written")

    def __init__(self, file: str, key: str | None = None) -> None:
        self.file = file
        self.key = key
        self.options: Value = None
        self.config: list[Value] = []
        self.imports: tuple[Value, ...] = ()
        self.written: Value = None
        self.disabled: tuple[Value, ...] = ()
        self.class_: str | None = None
        self.children: list[Module] = []


class Root:
    """A member of `modules`, looked at once: a submodule's modules are the same in each of its instances.

    A function has the names of its arguments; a set that imports nothing has the module that it always is.
    """

    __slots__ = ("arguments", "file", "module", "value")

    def __init__(self, cell: Value) -> None:
        self.value = value = force(cell)
        self.file: str | None = None
        self.arguments: tuple[str, ...] | None = None
        self.module: Module | None = None
        if is_function(value) or (is_attrs(value) and "__functor" in value):
            self.file = _file_of(value)
            self.arguments = tuple(_argument_names(value))
        elif is_attrs(value):
            self.file = _file_of(value)


def collect_modules(
    evaluation: Evaluation, roots: Sequence[Root], definitions: Sequence[Module], internal: Module
) -> list[Module]:
    """All modules that count, in the order of a breadth-first walk; `definitions`, then `internal` follow the roots."""
    loader = _Loader(evaluation)
    first = [loader.load_root(root) for root in roots]
    first += definitions
    first.append(internal)
    for module in first:
        if module.imports or module.key is not None or module.disabled:
            return _walk(loader, first)
    return first


def _walk(loader: _Loader, first: list[Module]) -> list[Module]:
    """The first modules and all they import, each once, without the disabled ones."""
    queue = loader.drop_known(first)
    at = 0
    disabled: set[str] = set()
    while at < len(queue):
        module = queue[at]
        at += 1
        if module.disabled:
            disabled.update([loader.disabled_key(item) for item in module.disabled])
        if module.imports:
            try:
                module.children = [loader.load(item, module.file, module) for item in module.imports]
            except OptionError as error:
                if error.code == "wrong-module-class" and error.position is None:
                    error.position = _imports_position(module)
                raise
            queue.extend(loader.drop_known(module.children))
    if not disabled:
        return queue
    loader.evaluation.left_out = [module for module in queue if module.key in disabled]
    return _walk_without(first, disabled)


def _walk_without(first: list[Module], disabled: set[str]) -> list[Module]:
    """The walk again, around disabled modules."""
    seen: set[str] = set()
    result: list[Module] = []
    queue = list(first)
    at = 0
    while at < len(queue):
        module = queue[at]
        at += 1
        if module.key is not None:
            if module.key in disabled or module.key in seen:
                continue
            seen.add(module.key)
        result.append(module)
        queue.extend(module.children)
    return result


class _Loader:
    """Brings every kind of module into the form of `Module`."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.by_key: dict[str, Module] = {}
        self.queued: set[str] = set()
        self.index = current_evaluator().companion(OutlineIndex)
        self._may_defer: bool | None = None

    @property
    def may_defer(self) -> bool:
        """Whether modules may be read later: what their outlines call `lib` and `config` is what they will get."""
        if self._may_defer is None:
            special = self.evaluation.special_args
            library = special.get("lib", self.evaluation.library)
            self._may_defer = self.index.is_used and "config" not in special and is_own_library(library)
        return self._may_defer

    def drop_known(self, modules: list[Module]) -> list[Module]:
        """Those whose key was not met before."""
        fresh = []
        for module in modules:
            if module.key is not None:
                if module.key in self.queued:
                    continue
                self.queued.add(module.key)
            fresh.append(module)
        return fresh

    def load_root(self, root: Root) -> Module:
        """The module behind a member of `modules`."""
        if root.arguments is not None:
            file = root.file or UNKNOWN_FILE
            return self._from_attrs(self._call(root.value, file, root.arguments), file, None)
        if root.file is None:
            return self.load(root.value, None, None)
        if root.module is not None:
            return root.module
        module = self._from_attrs(root.value, root.file, None)
        if not module.imports:
            root.module = module
        return module

    def load(self, cell: Value, parent: str | None, importer: Module | None) -> Module:
        """The module behind a member of the `imports` of a module."""
        value = force(cell)
        if is_function(value) or (is_attrs(value) and "__functor" in value):
            file = parent or _file_of(value)
            return self._from_attrs(self._call(value, file, _argument_names(value)), file, None)
        if is_attrs(value):
            return self._from_attrs(value, parent or _file_of(value), None)
        if type(value) is Path or is_string(value):
            return self._from_path(value, parent or UNKNOWN_FILE, importer)
        raise mistakes.not_a_module(value, parent or UNKNOWN_FILE, _imports_position(importer))

    def _from_path(self, value: Value, parent: str, importer: Module | None) -> Module:
        text = value.text if type(value) is Path else str(value)
        if not text.startswith("/"):
            raise mistakes.not_a_module(value, parent, _imports_position(importer))
        if type(value) is Path:
            # Its text is in order, and most modules have been seen before: one look at the file is enough.
            known = self.by_key.get(text) or self._from_outline(value, text, None)
            if known is not None:
                return known
        key, exists = _module_file(text)
        known = self.by_key.get(key)
        if known is not None:
            return known
        if not exists and not context_of(value):
            position = _imports_position(importer)
            raise mistakes.missing_file(key, parent, position, mistakes.names_beside(key))
        file, kind = current_evaluator().locate(key)
        module = self._from_outline(value, key, file) if kind == "regular" else None
        if module is None:
            if kind == "regular" and self.may_defer:
                self.index.note_read(file, self.evaluation)
            module = self.by_key[key] = self._from_attrs(self._read(value, key, importer), key, key)
        return module

    def _from_outline(self, value: Value, key: str, file: str | None) -> Module | None:
        """A module whose file (where it really is) is not read now; None when it must be read to know what it is."""
        if not self.may_defer:
            return None
        if file is None:
            folder, _, name = key.rpartition("/")
            file = current_evaluator().resolve_folder(folder, name)
        deferred = self.index.defer(file, self.evaluation, lambda: self._read(value, key, None))
        if deferred is None:
            return None
        module = self.by_key[key] = Module(key, key)
        module.options = deferred.options()
        module.config = deferred.config()
        return module

    def _read(self, value: Value, key: str, importer: Module | None) -> Value:
        """The set that a module file gives."""
        try:
            content = call(PRIMOPS["import"].function, value)
        except EvalError as error:
            error.while_(f"while loading the module {from_latin(key)}", _imports_position(importer))
            raise
        if is_function(content) or (is_attrs(content) and "__functor" in content):
            return self._call(content, key, _argument_names(content))
        if is_attrs(content):
            return content
        raise mistakes.not_a_module(content, key, Position(from_latin(key), 1, 1))

    def _call(self, function: Value, file: str, names: Iterable[str]) -> Value:
        """The set that a module function gives for the module arguments, of which it takes `names`."""
        arguments = dict(self.evaluation.base_arguments)
        for name in names:
            if name not in arguments:
                arguments[name] = [run_argument, (self.evaluation, name, file, function), None]
        try:
            content = call(function, arguments)
        except EvalError as error:
            if error.code == "unexpected-argument" and mistakes.is_direct_call(error):
                raise mistakes.closed_arguments(function, file) from None
            raise
        if not is_attrs(content):
            raise mistakes.not_a_module(content, file, mistakes.position_of_value(function))
        return content

    def _from_attrs(self, value: Value, file: str, key: str | None) -> Module:
        if "_type" in value:
            kind = force(value["_type"])
            if kind in ("if", "merge", "override", "order"):
                module = Module(file, key)
                module.config.append(value)
                return module
            if kind != "module":
                raise mistakes.not_a_module(value, file, mistakes.position_of_value(value))
            value = {name: value[name] for name in value if name != "_type"}
        if "_file" in value:
            given = force(value["_file"])
            file = coerce_to_string(given) if given is not None else file
        module = Module(file, key)
        if "key" in value:
            given = force(value["key"])
            module.key = coerce_to_string(given)
        if "_class" in value:
            module.class_ = force(value["_class"])
            self._check_class(module)
        if "imports" in value:
            module.written = value
            module.imports = self._list(value, "imports", file)
        if "disabledModules" in value:
            module.disabled = self._list(value, "disabledModules", file)
        if "config" in value or "options" in value:
            for name in value:
                if name not in _MODULE_ATTRIBUTES:
                    raise self._unsupported(value, file)
            if "config" in value:
                module.config.append(value["config"])
            if "meta" in value:
                module.config.append({"meta": value["meta"]})
            module.options = value.get("options")
        else:
            if "require" in value:
                module.imports = self._list(value, "require", file) + module.imports
            extra = [name for name in value if name in _STRUCTURE]
            module.config.append({n: value[n] for n in value if n not in _STRUCTURE} if extra else value)
        if "freeformType" in value:
            module.config.append({"_module": {"freeformType": value["freeformType"]}})
        return module

    def _list(self, value: Value, name: str, file: str) -> tuple[Value, ...]:
        members = force(value[name])
        if type(members) is not tuple:
            if is_attrs(members) and property_of(members) is not None:
                raise mistakes.imports_with_property(name, file, attr_position(value, name))
            raise OptionError(
                f"`{name}' of the module {from_latin(file)} must be a list, but it is {mistakes.show_value(members)}",
                position=attr_position(value, name),
                hint=f"put it into brackets: {name} = [ {mistakes.show_value(members)} ];",
                code="not-a-module",
            )
        return members

    def _unsupported(self, value: Value, file: str) -> OptionError:
        names = sorted(name for name in value if name not in _MODULE_ATTRIBUTES)
        return mistakes.unsupported_attributes(file, names, attr_position(value, names[0]))

    def _check_class(self, module: Module) -> None:
        wanted = self.evaluation.class_
        if wanted is not None and module.class_ is not None and module.class_ != wanted:
            raise mistakes.wrong_class(module.file, module.class_, wanted)

    def disabled_key(self, cell: Value) -> str:
        """The key that a member of `disabledModules` means."""
        value = force(cell)
        if is_attrs(value):
            is_text = "outPath" in value or "__toString" in value
            if "key" in value:
                key = coerce_to_string(value["key"])
                if is_text and coerce_to_string(value) != key:
                    raise OptionError(
                        f"a set in disabledModules means two modules: its key is {key}, as text it is "
                        f"{coerce_to_string(value)}",
                        hint=f'write only the one that is meant, such as {{ key = "{key}"; }}',
                        code="not-a-module",
                    )
                return key
            if not is_text:
                raise OptionError("a set in disabledModules needs a `key'", code="not-a-module")
            value = coerce_to_string(value)
        text = value.text if type(value) is Path else str(value)
        if not text.startswith("/"):
            base = force(self.evaluation.special_args.get("modulesPath", "/"))
            text = f"{coerce_to_string(base)}/{text}"
        return _module_file(text)[0]


def _imports_position(importer: Module | None) -> Position | None:
    """Where the imports of a module are written; only a mistake asks."""
    return None if importer is None or importer.written is None else attr_position(importer.written, "imports")


def _module_file(text: str) -> tuple[str, bool]:
    """The file that a module's path means (`default.nix` of a directory), and whether it is there."""
    evaluator = current_evaluator()
    path = canonical_path(text)
    try:
        _, kind = evaluator.locate(path)
        if kind == "directory":
            path = f"{path}/default.nix"
            _, kind = evaluator.locate(path)
    except OSError:
        return path, False
    return path, kind is not None


def run_argument(cell: list[Value]) -> Value:
    """Body of `[run_argument, (evaluation, name, file, function), None]`: a module argument from `_module.args`."""
    evaluation, name, file, function = cell[1]
    value = evaluation.find_argument(name, file, function)
    cell[1] = value
    cell[0] = None
    return value


def _argument_names(function: Value) -> dict[str, bool]:
    if is_function(function):
        return function_args(function) or {}
    declared = function.get("__functionArgs")
    if declared is not None:
        return {name: force(has_default) for name, has_default in force(declared).items()}
    inner: Callable[..., Value] = call(function["__functor"], function)
    return _argument_names(inner)


def _file_of(value: Value) -> str:
    """The file a module without one was written in."""
    source: Source | None = None
    if is_function(value):
        source = value.__globals__["SOURCE"] if function_pattern(value) is not None else None
    else:
        # The members of a property, such as `mkIf`, are written in the library.
        is_plain = type(value) is dict and "_type" not in value
        spots = [spot_of(member) for member in value.values()] if is_plain else []
        source = next((spot.source for spot in spots if spot is not None), None)
    return UNKNOWN_FILE if source is None else to_latin(source.label)
