"""A throw-away store, and derivations written by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from osconf.build.builtins import GENERIC_BUILDERS
from osconf.build.realise import realise
from osconf.build.settings import BuildSettings
from osconf.model.derivation import Derivation, DerivationOutput, fill_output_paths
from osconf.store.local import LocalStore

HOST_PATHS = {name: name for name in ("/usr", "/bin", "/lib", "/lib64") if Path(name).exists()}


@dataclass
class Recipe:
    """A derivation in the store."""

    path: str
    drv: Derivation

    @property
    def out(self) -> str:
        """The path of its output `out`."""
        return self.drv.output_path()


class Workbench:
    """Makes derivations in a store and builds them."""

    def __init__(self, store: LocalStore) -> None:
        self.store = store
        self.settings = BuildSettings(sandbox_paths=HOST_PATHS)

    def derive(
        self,
        name: str,
        builder: str,
        *inputs: Recipe,
        outputs: tuple[str, ...] = ("out",),
        fixed: tuple[str, str] | None = None,
        args: tuple[str, ...] = (),
        structured: dict[str, object] | None = None,
        sources: tuple[str, ...] = (),
        **env: str,
    ) -> Recipe:
        """A derivation; `env` becomes its attributes."""
        base = {"name": name, "builder": builder, "system": "x86_64-linux", **env}
        if structured is not None:
            base = {"__json": json.dumps({**base, **structured})}
        drv = Derivation(
            outputs={output: DerivationOutput("", *(fixed or ())) for output in outputs},
            input_derivations={recipe.path: tuple(sorted(recipe.drv.outputs)) for recipe in inputs},
            input_sources=sources,
            system="x86_64-linux",
            builder=builder,
            args=args,
            env=base,
        )
        drv = fill_output_paths(drv, self.store.derivation_hash, self.store.store_dir)
        return Recipe(self.store.write_derivation(drv), drv)

    def shell(self, name: str, script: str, *inputs: Recipe, **options: object) -> Recipe:
        """A derivation that runs a shell script in the sandbox, with the host's programs."""
        options.setdefault("PATH", "/usr/bin:/bin")
        return self.derive(name, "/bin/sh", *inputs, args=("-c", script), **options)

    def text(self, name: str, text: str, *inputs: Recipe) -> Recipe:
        """A derivation of a file."""
        return self.derive(name, "builtin:write", *inputs, text=text)

    def build(self, *recipes: Recipe, **options: object) -> Path:
        """Build; the physical place of the first recipe's output."""
        settings = BuildSettings(**{**self.settings.__dict__, **options})
        realise(self.store, [recipe.path for recipe in recipes], GENERIC_BUILDERS, settings)
        first = next(iter(recipes[0].drv.outputs.values()))
        return self.store.real_path(first.path)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench on an empty store that never syncs."""
    with LocalStore.open(tmp_path / "root", durable=False) as store:
        yield Workbench(store)
