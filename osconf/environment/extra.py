"""Trees built by osconf itself, merged into the farm by symbolic links.

A built package refers to its own store path, so links (not hard links) keep it whole. A directory that only one tree
has becomes one link; shared directories are merged entry by entry.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from osconf.environment.plan import TreePlan
from osconf.errors import BuildError

# Top-level directories of a built package -> where they appear.
_PLACES = {
    "bin": "usr/bin",
    "sbin": "usr/sbin",
    "lib": "usr/lib",
    "libexec": "usr/libexec",
    "share": "usr/share",
    "include": "usr/include",
    "etc": "etc",
}


# Directories that generators write to, beside those near the root: they are never one link into a store path.
_WRITTEN = frozenset({"etc/ssl/certs", "usr/share/glib-2.0/schemas"})
_WRITTEN_BELOW = ("usr/share/icons/", "usr/share/mime/", "usr/lib/x86_64-linux-gnu/", "usr/lib/aarch64-linux-gnu/")


@dataclass(frozen=True, slots=True)
class _Trees:
    """Where store paths physically are: links inside trees name logical paths."""

    store_dir: str
    prefix: str

    def real(self, logical: str) -> Path:
        return Path(self.prefix + logical)

    def find(self, logical: str) -> Path | None:
        """Where a path leads; None when that is not in the store."""
        resolved = self.resolve(logical)
        is_inside = resolved.startswith(f"{self.store_dir}/") and not resolved.startswith(f"{self.store_dir}/.")
        return self.real(resolved) if is_inside else None

    def is_directory(self, logical: str) -> bool:
        """Whether a path leads to a directory of the store."""
        place = self.find(logical)
        return place is not None and place.is_dir()

    def resolve(self, logical: str, depth: int = 0) -> str:
        """Follow every link of a store path; a path that leads out of the store is returned as it is."""
        if not logical.startswith(f"{self.store_dir}/") or depth > 40:
            return logical
        parent, name = posixpath.split(logical)
        if parent != self.store_dir:
            parent = self.resolve(parent, depth + 1)
        logical = posixpath.join(parent, name)
        real = self.real(logical)
        if real.is_symlink():
            return self.resolve(posixpath.normpath(posixpath.join(parent, str(real.readlink()))), depth + 1)
        return logical


def merge_extra_trees(plan: TreePlan, trees: Iterable[tuple[str, Path]]) -> None:
    """Add links for each tree, given as (store path, real path). A tree's file wins over a package's.

    What leads to the place itself (`bin/x -> /usr/bin/x`, as the view of a package has it) or to the very file that is
    there adds nothing. Raises BuildError `file-clash` when two trees hold different entries at one path.
    """
    trees = list(trees)
    if not trees:
        return
    first, root = trees[0]
    store = _Trees(posixpath.dirname(first), str(root).removesuffix(first))
    places: dict[str, dict[str, None]] = {}
    for store_path, _ in trees:
        for place, logical in _top_directories(store, store_path):
            places.setdefault(place, {})[logical] = None
    for place, sources in sorted(places.items()):
        _merge_directory(plan, store, place, sources)


def _top_directories(store: _Trees, tree: str) -> Iterator[tuple[str, str]]:
    for name, place in _PLACES.items():
        if store.is_directory(f"{tree}/{name}"):
            yield place, f"{tree}/{name}"
    if store.is_directory(f"{tree}/usr"):
        usr = store.resolve(f"{tree}/usr")
        for child in sorted(store.real(usr).iterdir()):
            if store.is_directory(f"{usr}/{child.name}"):
                yield f"usr/{child.name}", f"{usr}/{child.name}"


def _merge_directory(plan: TreePlan, store: _Trees, place: str, sources: Iterable[str]) -> None:
    plan.directories.add(place)
    plan.add_directories(place)
    entries: dict[str, list[str]] = {}
    for source in sources:
        for child in sorted(store.real(store.resolve(source)).iterdir()):
            logical = f"{source}/{child.name}"
            if not _is_there(plan, f"{place}/{child.name}", store.resolve(logical)):
                entries.setdefault(child.name, []).append(logical)
    for name, candidates in sorted(entries.items()):
        path = f"{place}/{name}"
        resolved = plan.resolve(path)
        is_shared = resolved in plan.directories or len(candidates) > 1 or _is_written_to(path)
        if is_shared and all(store.is_directory(candidate) for candidate in candidates):
            _merge_directory(plan, store, resolved or path, candidates)
            continue
        if len(candidates) > 1 and not _are_equal(store, candidates):
            raise BuildError(
                f"two built packages hold different files at /{path}: {', '.join(candidates)}",
                code="file-clash",
                hint="leave one of them out of the environment",
            )
        if plan.has(path):
            plan.overrides.append(f"{path}: {candidates[0]} instead of {plan.owners.get(path, 'a package')}'s")
        plan.put_link(path, candidates[0])


def _is_written_to(path: str) -> bool:
    return path.count("/") <= 2 or path in _WRITTEN or path.startswith(_WRITTEN_BELOW)


def _is_there(plan: TreePlan, path: str, target: str) -> bool:
    """Whether the place already leads to the target."""
    if target == f"/{path}":
        return True
    known = plan.files.get(path)
    return known is not None and target == f"{known[0].contents}/{known[1].path}"


def _are_equal(store: _Trees, paths: list[str]) -> bool:
    if len({store.resolve(path) for path in paths}) == 1:
        return True
    files = [place for path in paths if (place := store.find(path)) is not None and place.is_file()]
    return len(files) == len(paths) and len({place.read_bytes() for place in files}) == 1
