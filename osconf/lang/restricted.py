"""The world of a pure evaluation: the store and osconf's own tree can be read, nothing else; no variables, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from osconf.errors import EvalError
from osconf.lang.values import from_latin
from osconf.lang.world import World

_READING_METHODS = frozenset(("read_file", "read_dir"))
_PATH_METHODS = frozenset(("read_file", "path_kind", "read_dir", "resolve_symlinks", "add_path"))


class RestrictedWorld:
    """Another world, asked about allowed places only."""

    def __init__(self, world: World, allowed: Sequence[str]) -> None:
        self._world = world
        self._allowed = (world.store_dir, *allowed)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._world, name)
        if name not in _PATH_METHODS:
            return method

        def ask(path: str, *arguments: Any, **options: Any) -> Any:
            self._check(path)
            if name in _READING_METHODS:
                # A link inside the store may lead out of it.
                self._check(self._world.resolve_symlinks(path))
            return method(path, *arguments, **options)

        return ask

    def env(self, name: str) -> str:
        """Every variable is unset."""
        return ""

    def _check(self, path: str) -> None:
        if not any(path == place or path.startswith(f"{place}/") for place in self._allowed):
            raise EvalError(
                f"access to path '{from_latin(path)}' is forbidden in a pure evaluation",
                code="impure",
                hint="leave --pure-eval out, or bring the file into the store",
            )
