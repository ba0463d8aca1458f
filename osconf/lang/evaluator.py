"""The evaluator: texts in, values out. The one entry into the language for the rest of osconf.

    evaluator = Evaluator(PureWorld())
    value = run_deep(lambda: evaluator.deep_force(evaluator.eval_text("1 + 1")))

Every method may raise `EvalError`; what leaves here has its position and frames.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from osconf.errors import EvalError, OsconfError, Throw
from osconf.lang import runtime
from osconf.lang.attribute_paths import auto_call, collect_derivations, select_path, split_attr_path
from osconf.lang.cache import DiskCache, code_folder
from osconf.lang.loader import Module
from osconf.lang.primops import registry
from osconf.lang.primops.index import CONSTANT_NAMES, INDEX
from osconf.lang.restricted import restrict
from osconf.lang.runtime import canonical_path, enter_evaluator, force
from osconf.lang.search_path import HIDDEN_PRIMOPS, TREE, find_in_search_path, hint_for
from osconf.lang.source import SOURCES, Source, name_source
from osconf.lang.values import LazyAttrs, Path, Value, from_latin, to_latin, with_context
from osconf.lang.world import World

if TYPE_CHECKING:
    from osconf.lang.compile.module import Translation
    from osconf.lang.compile.parts import Part
    from osconf.lang.nodes import Node

T = TypeVar("T")
C = TypeVar("C", bound="Companion")

_STACK_BYTES = 512 << 20
_RECURSION_LIMIT = 1_000_000
_COLLECT_AFTER = 5_000_000
_PATIENCE = 2.0
_THREAD = "evaluation"


@dataclass(frozen=True)
class EvalSettings:
    """How a text is evaluated."""

    pure: bool = False
    """Nothing that differs between machines: no files but the store's, no clock, no variables, no platform."""
    restricted: bool = False
    """No files but the search path's and the store's, no variables, no network."""
    pipes: bool = False
    """The experimental pipe operators."""
    toml_timestamps: bool = False
    """Dates and times in TOML become sets instead of an error: experimental, too."""
    no_url_literals: bool = False
    """Addresses without quotes are refused: experimental, too."""
    allowed_uris: tuple[str, ...] = ()
    """What a restricted evaluation may fetch: addresses, and all below them."""
    search_path: tuple[tuple[str, str], ...] = ()
    """Prefix (may be empty) and path of each `-I` or `NIX_PATH` entry."""
    cache_dir: FilePath | None = None
    """Where compiled code is kept; None keeps none."""
    trace_verbose: bool = False
    """Whether `builtins.traceVerbose` says anything."""


class Companion(Protocol):
    """What others keep with an evaluation."""

    def see_tree(self, label: str, tree: Node) -> None:
        """A text was compiled anew."""
        ...

    def save(self) -> None:
        """The evaluation ends: keep what the next one can use."""
        ...


def run_deep(function: Callable[[], T]) -> T:
    """Run `function` in a thread with room for deep recursion; the collector of cycles stays out of the way."""
    if threading.current_thread().name == _THREAD:
        return function()
    result: list[T] = []
    failure: list[BaseException] = []
    # Not `Thread.join`: interrupted, it takes a running thread for an ended one on Python 3.11.
    done = threading.Event()

    def work() -> None:
        try:
            result.append(function())
        except BaseException as error:
            failure.append(error)
        try:
            runtime.finish_evaluators()
        finally:
            done.set()

    limit, stack = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
    thresholds = gc.get_threshold()
    sys.setrecursionlimit(_RECURSION_LIMIT)
    # A lazy evaluation makes millions of lists that live; looking for cycles among them takes more time than it frees.
    gc.set_threshold(_COLLECT_AFTER, 50, 1000)
    try:
        # A daemon, so that Ctrl-C ends the program even where the evaluation cannot be stopped.
        thread = threading.Thread(target=work, name=_THREAD, daemon=True)
        thread.start()
        threading.stack_size(stack)
        try:
            done.wait()
        except KeyboardInterrupt:
            _interrupt(thread, done)
            raise
    finally:
        sys.setrecursionlimit(limit)
        gc.set_threshold(*thresholds)
    if failure:
        raise failure[0]
    return result[0]


def _interrupt(thread: threading.Thread, done: threading.Event) -> None:
    """Let an evaluation end as Ctrl-C would end it in the main thread: its thunks can be forced again."""
    import ctypes

    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt))
        done.wait(_PATIENCE)


class Evaluator:
    """One evaluation: its world, its settings, the files it has imported."""

    def __init__(
        self,
        world: World,
        *,
        settings: EvalSettings | None = None,
        internal: Mapping[str, Any] | Callable[[], Mapping[str, Any] | LazyAttrs] | None = None,
        search_path: Sequence[tuple[str, str]] | None = None,
    ) -> None:
        self.settings = settings or EvalSettings()
        self.search_path = tuple(search_path if search_path is not None else self.settings.search_path)
        self.world = restrict(
            world, self.settings.pure, self.settings.restricted, self.search_path, self.settings.allowed_uris
        )
        self._internal_source = internal
        self.cache = DiskCache(self.settings.cache_dir)
        self.shipped = DiskCache(code_folder(TREE), is_own=False)
        self._companions: dict[Callable[[Evaluator], Any], Any] = {}
        self._files: dict[str, Value] = {}
        self._exact_files: set[str] = set()
        self._located: dict[str, tuple[str, str | None]] = {}
        self._real_folders: dict[str, str] = {}
        self._store_copies: dict[str, str] = {}
        self.derivation_hashes: dict[str, str] = {}
        """What `hash_modulo` gave for each derivation: instantiating a tree hashes every derivation once."""
        enter_evaluator(self)
        self._modules: list[tuple[str, Module]] = []
        self._syntax = f"{self.settings.pipes}{' no URLs' if self.settings.no_url_literals else ''}"
        self._marks = {name: marks for name, (_, marks) in INDEX.items()}
        self._global_names = registry.visible_names([*INDEX, *CONSTANT_NAMES])
        marks = " ".join(f"{name}{marks}" for name, marks in sorted(self._marks.items()))
        self._compiler_key = (COMPILER_VERSION, marks, " ".join(sorted(self._global_names)), self._syntax)
        self._namespace = _runtime_namespace()

    @cached_property
    def builtins(self) -> dict[str, Value]:
        """The set `builtins`."""
        return registry.assemble_builtins(self)

    def _provide(self, variables: Iterable[str]) -> None:
        """Put the primops that some code refers to among the variables of all code."""
        namespace = self._namespace
        for variable in variables:
            if variable not in namespace:
                if variable == "BUILTINS":
                    namespace[variable] = self.builtins
                else:
                    op = registry.PRIMOPS[variable[2:].replace("_q", "'")]
                    namespace[variable] = op.function if variable[0] == "B" else op.implementation

    @cached_property
    def internal(self) -> Value:
        """What `import <osconf/primops>` gives; made when it is first imported."""
        source = self._internal_source
        members = source() if callable(source) else source or {}
        if isinstance(members, LazyAttrs):
            return members
        return {
            name: member.function if isinstance(member, registry.PrimOp) else member for name, member in members.items()
        }

    # -- texts ---------------------------------------------------------------------------------------------------------

    def eval_text(
        self,
        text: str,
        base_dir: str = "/",
        label: str = "«string»",
        scope: Mapping[str, Value] | None = None,
        *,
        is_exact: bool = False,
    ) -> Value:
        """The value of a text; `scope` adds variables around it. `text` is ordinary Python text.

        `is_exact` leaves unevaluated exactly what Nix does, for showing the value as far as it is evaluated.
        """
        with self._at_work():
            return self._run(to_latin(text), to_latin(base_dir), label, scope, is_exact=is_exact)

    def parse_text(self, text: str, base_dir: str = "/", label: str = "«string»") -> None:
        """Check a text without evaluating it."""
        with self._at_work():
            run_deep(lambda: self._translate_all(text, base_dir, label))

    def dump_python(self, text: str, base_dir: str = "/", label: str = "«string»") -> str:
        """The Python functions that a text is compiled to, `main` last."""
        with self._at_work():
            parts = self._translate_all(text, base_dir, label)
            return "\n".join(function.python for part in parts for function in part.texts.values())

    def _translate_all(self, text: str, base_dir: str, label: str) -> list[Part]:
        translation = compile_source(
            Source(label, to_latin(text), to_latin(base_dir)),
            self._marks,
            self._global_names,
            pipes=self.settings.pipes,
            no_urls=self.settings.no_url_literals,
        )
        return list(translation.write_all())

    def compiler_names(self) -> tuple[dict[str, str], dict[str, str]]:
        """What the compiler is told: the marks of every primop, and the member of `builtins` behind each variable."""
        return self._marks, self._global_names

    def eval_file(self, path: str | FilePath) -> Value:
        """The value of a file, or of a directory's `default.nix`."""
        with self._at_work():
            return self.import_value(canonical_path(to_latin(str(FilePath(path).absolute()))))

    def import_value(self, path: str, *, is_exact: bool = False) -> Value:
        """`import path`, for a path as the language writes it; every file is evaluated once.

        `is_exact` is that of `eval_text`.
        """
        if path == f"/{HIDDEN_PRIMOPS}":
            return self.internal
        file = self.resolve_import(path)
        if is_exact:
            self._exact_files.add(file)
        found = self._files.get(file)
        if found is None:
            # A file that imports itself while it is evaluated meets the black hole.
            found = self._files[file] = runtime.make_thunk(self._run_file, file, None)
        return force(found)

    def import_scoped(self, scope: Value, path: str) -> Value:
        """`scopedImport scope path`."""
        return self._run_file(self.resolve_import(path), {name: scope[name] for name in scope})

    def forget_files(self) -> None:
        """Read every file anew from now on: what the REPL's `:reload` asks for."""
        self._files.clear()
        self._located.clear()
        self._real_folders.clear()
        self._store_copies.clear()

    def resolve_import(self, path: str) -> str:
        """The file that `import path` reads: symlinks followed, `default.nix` for a directory."""
        file, kind = self.locate(path)
        if kind == "directory":
            file, _ = self.locate(f"{file.rstrip('/')}/default.nix")
        return file

    def locate(self, path: str) -> tuple[str, str | None]:
        """A path with every symlink followed, and what is there (None: nothing).

        What was found stays found until `forget_files`, and the links on the way to a folder are followed once for all
        its files.
        """
        found = self._located.get(path)
        if found is not None:
            return found
        world = self.world
        folder, _, name = path.rpartition("/")
        is_limited = self.settings.pure or self.settings.restricted
        if is_limited or not folder or not name or path.startswith(world.store_dir):
            file = world.resolve_symlinks(path)
            kind = world.path_kind(file)
        else:
            file = self.resolve_folder(folder, name)
            kind = world.path_kind(file)
            if kind == "symlink":
                file = world.resolve_symlinks(file)
                kind = world.path_kind(file)
        if kind is not None:
            self._located[path] = (file, kind)
        return file, kind

    def resolve_folder(self, folder: str, name: str) -> str:
        """The path of a name in a folder, with the links on the way to the folder followed."""
        real = self._real_folders.get(folder)
        if real is None:
            real = self._real_folders[folder] = self.world.resolve_symlinks(folder).rstrip("/")
        return f"{real}/{name}"

    def _run_file(self, file: str, scope: Mapping[str, Value] | None) -> Value:
        try:
            data = self.world.read_file(file)
        except FileNotFoundError:
            raise EvalError(f"path '{from_latin(file)}' does not exist", code="no-such-path") from None
        except OSError as error:
            raise EvalError(f"cannot read '{from_latin(file)}': {error.strerror}", code="unreadable-path") from None
        folder, is_exact = file.rpartition("/")[0] or "/", file in self._exact_files
        return self._run(data.decode("latin-1"), folder, from_latin(file), scope, is_exact=is_exact)

    def _run(self, text: str, base_dir: str, label: str, scope: Mapping[str, Value] | None, *, is_exact: bool) -> Value:
        label = name_source(label, text)
        source = SOURCES[label] = Source(label, text, base_dir)
        return self._load(source, scope, is_exact=is_exact).run()

    def _load(self, source: Source, scope: Mapping[str, Value] | None, *, is_exact: bool = False) -> Module:
        names = tuple(sorted(scope or ()))
        variant = ("exact",) if is_exact else ()
        # Where a file lies is no part of its code: most files of a tree are the same after an update.
        kind = "file" if source.label.startswith("/") else "text"
        key = self.cache.key((*self._compiler_key, *variant, kind, " ".join(names), source.text))
        saved = self.cache.load(key)
        if saved is None and source.label.startswith(TREE):
            saved = self.shipped.load(key)
        translate = self._translator(source, names, is_exact)
        module = Module(saved, source, self._namespace, scope, translate, self._provide)
        if self.cache.folder is not None:
            self._modules.append((key, module))
        return module

    def _translator(self, source: Source, names: Sequence[str], is_exact: bool) -> Callable[[], Translation]:
        def translate() -> Translation:
            return compile_source(
                source,
                self._marks,
                self._global_names,
                names,
                pipes=self.settings.pipes,
                no_urls=self.settings.no_url_literals,
                is_lazy=True,
                is_exact=is_exact,
                watch=self._see_tree,
            )

        return translate

    def precompile(self, path: str) -> None:
        """Translate and compile all of a file, for the code that comes with osconf."""
        source = Source(path, FilePath(path).read_bytes().decode("latin-1"), path.rpartition("/")[0])
        module = self._load(source, None)
        self.cache.save(self._modules.pop()[0], module.compile_all())

    def companion(self, kind: Callable[[Evaluator], C]) -> C:
        """Something that lives as long as the evaluation, made when it is first asked for and saved with the code."""
        found: C | None = self._companions.get(kind)
        if found is None:
            found = self._companions[kind] = kind(self)
        return found

    def _see_tree(self, label: str, tree: Node) -> None:
        for companion in self._companions.values():
            companion.see_tree(label, tree)

    def save_compiled(self) -> None:
        """Keep newly compiled code in the cache for the next process; `run_deep` does it when it ends."""
        for companion in self._companions.values():
            companion.save()
        news = [(key, module) for key, module in self._modules if module.is_dirty]
        for key, module in news:
            self.cache.save(key, module.take_saved())
        if news:
            self.cache.prune()

    # -- values --------------------------------------------------------------------------------------------------------

    def force(self, value: Value) -> Value:
        """The value in weak head normal form."""
        with self._at_work():
            return force(value)

    def deep_force(self, value: Value) -> Value:
        """The value with everything in it forced; cycles are fine."""
        with self._at_work():
            _force_deeply(value)
            return force(value)

    def call(self, function: Value, *arguments: Value) -> Value:
        """Apply a function."""
        with self._at_work():
            return runtime.call(function, *arguments)

    def auto_call(self, value: Value, arguments: Mapping[str, Value]) -> Value:
        """Call a function with a pattern with those of `arguments` that it takes, as `--arg` does; else the value."""
        with self._at_work():
            return auto_call(value, arguments)

    def select(self, value: Value, path: str, arguments: Mapping[str, Value] | None = None) -> Value:
        """The member at a dotted path: names (quoted ones too) and list indexes; functions on the way are called."""
        with self._at_work():
            return select_path(value, path, arguments or {})

    def derivations_in(self, value: Value, arguments: Mapping[str, Value]) -> list[Value]:
        """The derivations that a value is or consists of."""
        with self._at_work():
            return collect_derivations(value, arguments)

    def copy_path_to_store(self, path: Path) -> str:
        """The store path (with its context) of a path value; each path is copied once."""
        found = self._store_copies.get(path.text)
        if found is None:
            if path.text.endswith(".drv"):
                raise EvalError(f"file names are not allowed to end in '.drv' ('{path.text}')", code="bad-name")
            if self.world.path_kind(path.text) is None:
                raise EvalError(f"path '{from_latin(path.text)}' does not exist", code="no-such-path")
            found = self.world.add_path(path.text, path.text.rpartition("/")[2])
            self._store_copies[path.text] = found
        return with_context(found, (found,))

    def find_file(self, name: str) -> Path:
        """The path of `<name>`: as the caller listed, else in `<osconf>`, our own tree, or `<nix/fetchurl.nix>`."""
        found = find_in_search_path(self.search_path, name, self.world)
        if found is None:
            if self.settings.pure:
                raise EvalError(f"cannot look up '<{name}>' in pure evaluation mode", code="impure")
            raise Throw(
                f"file '{name}' was not found in the Nix search path (add it using $NIX_PATH or -I)",
                code="not-in-search-path",
                hint=hint_for(name),
            )
        return found

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        enter_evaluator(self)
        try:
            yield
        except RecursionError as error:
            from osconf.lang.diagnose import innermost_position

            raise EvalError(
                "stack overflow; max-call-depth exceeded",
                code="stack-overflow",
                position=innermost_position(error.__traceback__),
                hint="the evaluation is nested too deeply: a recursion without an end, or a long chain of lazy values",
            ) from None
        except OsconfError as error:
            if error.position is None:
                from osconf.lang.diagnose import locate_error

                locate_error(error)
            raise


COMPILER_VERSION = "17"
"""Part of the key of cached code: count up when generated code, or what it calls, changes."""


def compile_source(
    source: Source,
    primops: dict[str, str],
    global_names: dict[str, str],
    scope_names: Sequence[str] = (),
    *,
    pipes: bool = False,
    no_urls: bool = False,
    is_lazy: bool = False,
    is_exact: bool = False,
    watch: Callable[[str, Node], None] | None = None,
) -> Translation:
    """Parse a text; its translation to Python, all in one part or thunk by thunk. `watch` is shown the tree."""
    from osconf.lang.compile.module import Translation
    from osconf.lang.parser import parse

    tree = parse(source, pipes=pipes, no_urls=no_urls)
    if watch is not None:
        watch(source.label, tree)
    return Translation(tree, source, primops, global_names, scope_names, is_lazy=is_lazy, is_exact=is_exact)


def _force_deeply(value: Value) -> None:
    seen: set[int] = set()
    pending = [value]
    kept = []
    while pending:
        value = force(pending.pop())
        if isinstance(value, tuple | dict | LazyAttrs) and id(value) not in seen:
            seen.add(id(value))
            kept.append(value)
            members = list(value) if isinstance(value, tuple) else [value[name] for name in sorted(value)]
            pending.extend(reversed(members))


def _runtime_namespace() -> dict[str, Any]:
    names = (
        *(
            "UNSET",
            "add",
            "apply_overrides",
            "attribute_name",
            "black_hole",
            "call",
            "concat_lists",
            "define_dynamic",
            "divide",
        ),
        *(
            "equal_values",
            "expect_attrs",
            "expect_bool",
            "explain_missing",
            "explain_undefined",
            "find_file",
            "find_in_scopes",
            "has_attr",
            "home_path",
        ),
        *("interpolate", "join_path", "less_than", "multiply", "optional_name", "raise_arguments", "raise_assertion"),
        *("raise_overflow", "raise_undefined", "raise_unequal", "run_alias", "select_or", "subtract", "update"),
    )
    given = {"L": list, "FT": FunctionType, "Path": Path, **{name: getattr(runtime, name) for name in names}}
    return {**vars(builtins), **given}


__all__ = ["EvalSettings", "Evaluator", "compile_source", "run_deep", "split_attr_path"]
