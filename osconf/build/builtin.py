"""What a builtin builder is: a function that makes a derivation's outputs in this process.

Owns the request and its helpers for reading a derivation's environment. Which builders exist is decided by the caller
of `realise`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from osconf.build.settings import BuildSettings
from osconf.errors import BuildError
from osconf.model.derivation import Derivation
from osconf.store.follow import follow_links
from osconf.store.local import LocalStore


@dataclass(frozen=True)
class BuiltinResult:
    """What a builder says of its outputs; without references they are found by scanning."""

    references: Mapping[str, frozenset[str]] | None = None


@dataclass(frozen=True)
class BuiltinRequest:
    """One derivation to build.

    `env` is the environment as real text; `outputs` maps each output's name to the physical place to make (it does not
    exist yet, its parent does, on the store's own mount); `scratch` is a directory there for intermediate files.
    """

    drv_path: str
    drv: Derivation
    env: Mapping[str, str]
    outputs: Mapping[str, Path]
    scratch: Path
    store: LocalStore
    settings: BuildSettings
    log: Callable[[str], None]
    progress: Callable[[int, int], None]

    @property
    def name(self) -> str:
        """The derivation's name."""
        return self.drv.name

    @property
    def out(self) -> Path:
        """The physical place of the output `out`."""
        return self.outputs["out"]

    def real_path(self, path: str) -> Path:
        """The physical place of an input; raises `BuildError` for a path that is not in the store."""
        own = f"{self.store.store_dir}/."
        if ".." in path.split("/") or path.startswith(own) or not path.startswith(f"{self.store.store_dir}/"):
            raise BuildError(f"'{self.name}' names '{path}', which is not in the store", drv=self.drv_path)
        return self.store.real_path(path)

    def find(self, path: str, *, follow_last: bool = True) -> Path:
        """The physical place of an input's path, links resolved; raises `LeadsOut` where they leave the store.

        What is read has to be found like this: on the way may be links that a stranger made.
        """
        self.real_path(path)
        return follow_links(self.store.layout, path, follow_last=follow_last)

    def text(self, key: str, default: str | None = None) -> str:
        """An attribute as text; a missing one is an error unless there is a default."""
        value = self._structured.get(key, self.env.get(key))
        if value is None:
            if default is None:
                raise BuildError(f"derivation '{self.name}' lacks the attribute '{key}'", drv=self.drv_path)
            return default
        return value if isinstance(value, str) else "1" if value is True else "" if value is False else str(value)

    def flag(self, key: str) -> bool:
        """An attribute as a truth value: set and not empty."""
        return self.text(key, "") not in ("", "0")

    def json(self, key: str, default: Any = None) -> Any:
        """An attribute as data: a structured one as it is, a plain one decoded from JSON."""
        structured = self._structured
        if key in structured:
            return structured[key]
        text = self.env.get(key)
        if not text:
            return default
        try:
            return json.loads(text)
        except ValueError as error:
            raise BuildError(
                f"attribute '{key}' of derivation '{self.name}' is not JSON: {error}", drv=self.drv_path
            ) from error

    def words(self, key: str) -> list[str]:
        """An attribute as a list of texts: a structured list, a JSON list, or words between spaces."""
        structured = self._structured
        value = structured[key] if key in structured else self.env.get(key, "")
        if isinstance(value, str):
            value = self.json(key) if value.lstrip().startswith("[") else value.split()
        return [str(word) for word in value]

    @cached_property
    def _structured(self) -> Mapping[str, Any]:
        if self.drv.structured is None:
            return {}
        return json.loads(self.env["__json"])  # type: ignore[no-any-return]


class BuiltinBuilder(Protocol):
    """Builds in this process."""

    @property
    def version(self) -> str:
        """Changes whenever the same request gives another output."""

    def __call__(self, request: BuiltinRequest) -> BuiltinResult | None:
        """Make every output; raise `OsconfError` on failure."""


@dataclass(frozen=True)
class FunctionBuilder:
    """A builder made of a function."""

    version: str
    function: Callable[[BuiltinRequest], BuiltinResult | None]

    def __call__(self, request: BuiltinRequest) -> BuiltinResult | None:
        """Run the function."""
        return self.function(request)


def builtin_builder(version: str) -> Callable[[Callable[[BuiltinRequest], BuiltinResult | None]], FunctionBuilder]:
    """Decorate a function as a builtin builder."""

    def decorate(function: Callable[[BuiltinRequest], BuiltinResult | None]) -> FunctionBuilder:
        return FunctionBuilder(version, function)

    return decorate
