"""`builtin:join`: several trees merged into one by symbolic links.

Environment: `paths` (words or JSON list); `pathsToLink` (default: everything), e.g. `["/bin" "/share"]`;
`ignoreCollisions` ("1": the first path that has a file wins; else two different files are an error);
`linkDirectories` ("1": a directory that only one path has is itself a link).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from osconf.build.builtin import BuiltinRequest, builtin_builder
from osconf.build.builtins.write import place_inside
from osconf.build.versions import BUILDER_VERSIONS
from osconf.errors import BuildError

_MAX_LINKS = 40


@builtin_builder(BUILDER_VERSIONS["join"])
def build_join(request: BuiltinRequest) -> None:
    """Merge the paths in their order."""
    sources = [(path, request.real_path(path)) for path in request.words("paths")]
    request.out.mkdir()
    for wanted in request.words("pathsToLink") or ["/"]:
        relative = wanted.strip("/")
        found = [
            (f"{path}/{relative}".rstrip("/"), real / relative)
            for path, real in sources
            if _is_directory(request, real / relative)
        ]
        if found:
            target = place_inside(request, request.out, relative)
            if target.is_symlink():
                raise BuildError(
                    f"'{request.name}' cannot fill '/{relative}', which is a link already", drv=request.drv_path
                )
            target.mkdir(parents=True, exist_ok=True)
            _merge(request, target, found)


def _merge(request: BuiltinRequest, target: Path, sources: Sequence[tuple[str, Path]]) -> None:
    """Fill a directory from directories; each source is its logical path and its physical place."""
    by_name: dict[str, list[tuple[str, Path]]] = {}
    for logical, real in sources:
        directory = _resolve(request, real)
        for name in sorted(entry.name for entry in directory.iterdir()):
            by_name.setdefault(name, []).append((f"{logical}/{name}", directory / name))
    for name, providers in sorted(by_name.items()):
        directories = [provider for provider in providers if _is_directory(request, provider[1])]
        place = target / name
        if directories and len(directories) != len(providers) and not request.flag("ignoreCollisions"):
            raise _collision(request, providers)
        if directories and directories[0] == providers[0]:
            if len(directories) == 1 and request.flag("linkDirectories"):
                _link(place, providers[0][0])
            else:
                place.mkdir(exist_ok=True)
                _merge(request, place, directories)
            continue
        first = _resolve(request, providers[0][1])
        for _, other in providers[1:]:
            if not request.flag("ignoreCollisions") and not _same(first, _resolve(request, other)):
                raise _collision(request, providers)
        _link(place, providers[0][0])


def _link(place: Path, target: str) -> None:
    if not os.path.lexists(place):
        place.symlink_to(target)


def _resolve(request: BuiltinRequest, real: Path) -> Path:
    """Follow links, whose targets are logical, as long as they stay in the store.

    A link that leads out is returned itself: what it finds on the machine that builds must not matter.
    """
    store = request.store
    for _ in range(_MAX_LINKS):
        if not real.is_symlink():
            break
        target = os.path.normpath(real.parent / real.readlink())
        if target.startswith(f"{store.layout.store}/"):
            real = Path(target)
        elif target.startswith(f"{store.store_dir}/"):
            real = store.real_path(target)
        else:
            break
    return real


def _is_directory(request: BuiltinRequest, real: Path) -> bool:
    resolved = _resolve(request, real)
    return resolved.is_dir() and not resolved.is_symlink()


def _same(first: Path, second: Path) -> bool:
    if first.is_symlink() and second.is_symlink():
        return first.readlink() == second.readlink()
    if first.is_symlink() or second.is_symlink() or not (first.is_file() and second.is_file()):
        return first == second
    if first.samefile(second):
        return True
    return first.stat().st_size == second.stat().st_size and first.read_bytes() == second.read_bytes()


def _collision(request: BuiltinRequest, providers: Sequence[tuple[str, Path]]) -> BuildError:
    return BuildError(
        f"two paths of '{request.name}' have different files of the same name:\n  "
        + "\n  ".join(logical for logical, _ in providers),
        drv=request.drv_path,
        code="collision",
        hint="drop one of them, or set ignoreCollisions to keep the first",
    )
