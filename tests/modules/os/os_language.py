"""Evaluating whole configurations without an archive and without a store.

Every package name exists, an environment holds exactly its roots, and derivations are remembered in memory, so that a
test can look at the rendered files of a configuration.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from osconf.build.render import render_template
from osconf.lang.evaluator import Evaluator, run_deep
from osconf.lang.primops.registry import make_primop
from osconf.lang.runtime import call, expect_list, force
from osconf.lang.values import LazyAttrs, Value, from_latin
from osconf.lang.world import PureWorld
from osconf.model.derivation import Derivation
from osconf.module_system.primops import MODULE_PRIMOPS
from osconf.rebuild.primops import make_internal_primops

TREE = Path(__file__).parents[3]
T = TypeVar("T")
KERNEL = "linux-image-6.1.0-1-amd64"


class RememberingWorld(PureWorld):
    """A world that writes nothing and forgets no derivation."""

    def __init__(self) -> None:
        super().__init__()
        self.derivations: dict[str, Derivation] = {}
        self.sources: dict[str, str] = {}

    def write_derivation(self, drv: Derivation) -> str:
        path = super().write_derivation(drv)
        self.derivations[path] = drv
        return path

    def read_derivation(self, path: str) -> Derivation:
        return self.derivations[path]

    def add_path(self, path: str, *arguments: Any, **options: Any) -> str:
        stored = super().add_path(path, *arguments, **options)
        self.sources[stored] = path
        return stored


def _describe(name: str) -> Mapping[str, Value]:
    texts = ("source", "section", "priority", "description", "homepage", "origin", "base", "suite")
    return {
        "name": name,
        "version": "1",
        "architecture": "amd64",
        "filename": f"pool/{name}_1_amd64.deb",
        "sha256": "0" * 64,
        "size": 1,
        "installedSize": 1,
        "essential": False,
        "depends": (KERNEL,) if name.startswith("linux-image") else (),
        "siblings": (),
        "developmentPackages": (),
        "builtFromSource": (),
        **dict.fromkeys(texts, ""),
    }


# Attributes that make a set something else than a set of packages.
_NO_PACKAGES = re.compile(r"_.*|type|outPath|drvPath|override.*|meta|name")


def _archive_packages(arguments: Value) -> LazyAttrs:
    build = force(arguments["build"])

    def lookup(name: str) -> Value:
        if _NO_PACKAGES.fullmatch(name):
            raise KeyError(name)
        return call(build, name, _describe(name))

    return LazyAttrs(lambda: [], lookup)


def _resolve_environment(arguments: Value) -> tuple[Value, ...]:
    packages = force(arguments["packages"])
    names = {str(force(force(root)["name"])) for root in expect_list(force(arguments["roots"]))}
    referring = call(_real_primops()["contextPackages"], arguments["context"])
    return tuple(force(packages[name]) for name in sorted({*names, *map(str, referring)}))


def _archive_state(_arguments: Value) -> dict[str, Value]:
    return {"lock": "{}\n", "files": ()}


def _real_primops() -> Mapping[str, Value]:
    context: Any = SimpleNamespace(archives={}, package_sets={}, packages_behind={})
    return make_internal_primops(context)


def make_evaluator(world: RememberingWorld) -> Evaluator:
    """An evaluator in which the whole tree of modules and packages works."""
    fakes = {
        "archivePackages": make_primop("archivePackages", "!", _archive_packages).function,
        "archiveState": make_primop("archiveState", "!", _archive_state).function,
        "resolveEnvironment": make_primop("resolveEnvironment", "!", _resolve_environment).function,
    }
    return Evaluator(world, internal={**MODULE_PRIMOPS, **_real_primops(), **fakes})


class Configuration:
    """An evaluated configuration, and the files that it renders."""

    def __init__(self, world: RememberingWorld, evaluator: Evaluator, value: Value) -> None:
        self.world = world
        self._evaluator = evaluator
        self.value = value

    def select(self, path: str) -> Any:
        """A value of the result of `import <osconf/modules>`, as data."""
        text = self._evaluator.call(
            self._evaluator.eval_text(f"evaluated: builtins.toJSON evaluated.{path}"), self.value
        )
        return json.loads(from_latin(str(text)))

    def read(self, path: str) -> str:
        """The text of the file whose derivation or store path `path` selects."""
        drv_path = self.select(f"{path}.drvPath")
        return self.text_of(self.world.derivations[drv_path])

    def text_of(self, drv: Derivation) -> str:
        """The text that a derivation writes or renders; checked files are what they were made from."""
        if drv.builder == "builtin:write":
            return from_latin(drv.env["text"])
        if drv.builder == "builtin:render":
            template = (TREE / "templates" / self._template_name(drv)).read_text()
            context = json.loads(from_latin(drv.env["context"]))
            return render_template(template, context, label=drv.name, find=(TREE / "templates").joinpath)
        (source,) = [
            path for path, item in self.world.derivations.items() if f"{drv.name.removesuffix('-checked')}.drv" in path
        ]
        return self.text_of(self.world.derivations[source])

    def _template_name(self, drv: Derivation) -> str:
        return Path(self.world.sources.get(drv.env["template"], drv.env["template"])).name


def with_configuration(file: Path, use: Callable[[Configuration], T]) -> T:
    """What `use` makes of the configuration in `file`."""

    def work() -> T:
        world = RememberingWorld()
        evaluator = make_evaluator(world)
        value = evaluator.eval_text(f"import <osconf/modules> {{ configuration = {file}; }}")
        return use(Configuration(world, evaluator, value))

    return run_deep(work)
