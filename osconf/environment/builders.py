"""`builtin:environment`, `builtin:package-view`, `builtin:profile`: derivations on one side, pipelines on the other.

`build` and this package do not import each other; `rebuild` registers `BUILDERS`, and the shapes below are what both
sides agree on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from osconf.environment.manifest import Package, read_package
from osconf.environment.pipeline import EnvironmentRequest, PackageSource, build_environment
from osconf.environment.profile import ProfileBuilder
from osconf.environment.view import plan_view, write_view


class ClosureStore(Protocol):
    """What the builders ask of the store."""

    def closure(self, paths: Iterable[str]) -> list[str]: ...


class Settings(Protocol):
    """What the builders read of the build's settings."""

    @property
    def cache_dir(self) -> Path | None: ...


class BuildRequest(Protocol):
    """What the builders read of `osconf.build.builtin.BuiltinRequest`."""

    @property
    def out(self) -> Path: ...
    @property
    def scratch(self) -> Path: ...
    @property
    def store(self) -> ClosureStore: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def log(self) -> Callable[[str], None]: ...
    def real_path(self, path: str) -> Path: ...
    def find(self, path: str, *, follow_last: bool = True) -> Path: ...
    def text(self, key: str, default: str | None = None) -> str: ...
    def json(self, key: str, default: Any = None) -> Any: ...


@dataclass(frozen=True)
class DeclaredReferences:
    """The references of each output, as `osconf.build.builtin.BuiltinResult` has them."""

    references: Mapping[str, frozenset[str]] | None


@dataclass(frozen=True)
class EnvironmentBuilder:
    """Merges `packages` (list of {name, contents}) and `extraTrees` (list of store paths) into an environment."""

    version: str = "1"

    def __call__(self, request: BuildRequest) -> Any:
        """Build the output; its references are declared: a hard link tells a scanner nothing."""
        packages = [
            PackageSource(item["name"], item["contents"], request.find(item["contents"]))
            for item in request.json("packages", [])
        ]
        extra_trees = [(path, request.real_path(path)) for path in request.json("extraTrees", [])]
        bound = request.store.closure([path for path, _ in extra_trees]) if extra_trees else []
        cache = request.settings.cache_dir
        build_environment(
            EnvironmentRequest(
                packages=packages,
                extra_trees=extra_trees,
                alternatives=request.json("alternatives", {}),
                kind=request.text("osconfEnvironmentKind", "service"),
                store=tuple((request.real_path(path), path) for path in bound),
                bytecode_cache=cache / "bytecode" if cache is not None else None,
            ),
            request.out,
            request.scratch / "environment",
            request.log,
        )
        references = frozenset(package.contents for package in packages) | frozenset(path for path, _ in extra_trees)
        return DeclaredReferences({"out": references})


@dataclass(frozen=True)
class PackageViewBuilder:
    """Builds the view of `package` (unpacked at `contents`) with its `siblings` and `aliases`."""

    version: str = "1"

    def __call__(self, request: BuildRequest) -> Any:
        """Build the output; it refers to the package's contents alone, siblings only lend their programs' names."""
        contents = request.text("contents")
        package = read_package(request.text("package"), contents, request.find(contents))
        siblings = [_read_sibling(request, item) for item in request.json("siblings", [])]
        write_view(plan_view(package, siblings, request.json("aliases", {})), request.out)
        return DeclaredReferences({"out": frozenset({contents})})


def _read_sibling(request: BuildRequest, item: Mapping[str, str]) -> Package:
    return read_package(item["name"], item["contents"], request.find(item["contents"]))


BUILDERS: Mapping[str, EnvironmentBuilder | PackageViewBuilder | ProfileBuilder] = {
    "environment": EnvironmentBuilder(),
    "package-view": PackageViewBuilder(),
    "profile": ProfileBuilder(),
}
