"""`builtin:join`: several trees merged into one by symbolic links.

Environment: `paths` (words or JSON list); `pathsToLink` (default: everything), e.g. `["/bin" "/share"]`;
`ignoreCollisions` ("1": the first path that has a file wins; else two different files are an error);
`linkDirectories` ("1": a directory that only one path has is itself a link).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from osconf.build.builtin import BuiltinRequest, builtin_builder
from osconf.build.builtins.write import place_inside
from osconf.build.versions import BUILDER_VERSIONS
from osconf.errors import BuildError
from osconf.store.follow import LeadsOut, follow_links


@builtin_builder(BUILDER_VERSIONS["join"])
def build_join(request: BuiltinRequest) -> None:
    """Merge the paths in their order."""
    sources = request.words("paths")
    request.out.mkdir()
    for wanted in request.words("pathsToLink") or ["/"]:
        relative = wanted.strip("/")
        found = [
            (logical, place)
            for logical, place in ((each, _find(request, each)) for each in _places(sources, relative))
            if place is not None and _is_directory(request, place)
        ]
        if found:
            target = place_inside(request, request.out, relative)
            if target.is_symlink():
                raise BuildError(
                    f"'{request.name}' cannot fill '/{relative}', which is a link already", drv=request.drv_path
                )
            target.mkdir(parents=True, exist_ok=True)
            _merge(request, target, found)


def _places(sources: Sequence[str], relative: str) -> Iterator[str]:
    return (f"{path}/{relative}".rstrip("/") for path in sources)


def _find(request: BuiltinRequest, path: str) -> Path | None:
    """The place of a path, links before its last part resolved; None where they lead out of the store."""
    request.real_path(path)
    try:
        return follow_links(request.store.layout, path)
    except LeadsOut:
        return None


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
    """Where a link leads, `real` being in a directory that was resolved.

    A link that leads out of the store is returned itself: what it finds on the machine that builds must not matter.
    """
    if not real.is_symlink():
        return real
    layout = request.store.layout
    try:
        return follow_links(layout, str(real).removeprefix(layout.prefix), follow_last=True)
    except LeadsOut:
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
