"""Trees built by osconf itself, merged into the farm by symbolic links.

A built package refers to its own store path, so links (not hard links) keep it whole. A directory that only one tree
has becomes one link; shared directories are merged entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def merge_extra_trees(plan: TreePlan, trees: Iterable[tuple[str, Path]]) -> None:
    """Add links for each tree, given as (store path, real path). A tree's file wins over a package's.

    Raises BuildError `file-clash` when two trees hold different entries at one path.
    """
    places: dict[str, dict[str, Path]] = {}
    for store_path, root in trees:
        for place, directory in _top_directories(root).items():
            places.setdefault(place, {})[f"{store_path}/{directory.relative_to(root)}"] = directory
    for place, sources in sorted(places.items()):
        _merge_directory(plan, place, sources)


def _top_directories(root: Path) -> dict[str, Path]:
    found = {place: root / name for name, place in _PLACES.items() if (root / name).is_dir()}
    if (root / "usr").is_dir():
        found.update({f"usr/{child.name}": child for child in sorted((root / "usr").iterdir()) if child.is_dir()})
    return found


def _merge_directory(plan: TreePlan, place: str, sources: Mapping[str, Path]) -> None:
    plan.directories.add(place)
    plan.add_directories(place)
    entries: dict[str, dict[str, Path]] = {}
    for store_path, directory in sources.items():
        for child in sorted(directory.iterdir()):
            entries.setdefault(child.name, {})[f"{store_path}/{child.name}"] = child
    for name, candidates in sorted(entries.items()):
        path = f"{place}/{name}"
        resolved = plan.resolve(path)
        is_shared = resolved in plan.directories or len(candidates) > 1
        if is_shared and all(child.is_dir() for child in candidates.values()):
            _merge_directory(plan, resolved or path, candidates)
            continue
        if len(candidates) > 1 and not _are_equal(list(candidates.values())):
            raise BuildError(
                f"two built packages hold different files at /{path}: {', '.join(candidates)}",
                code="file-clash",
                hint="leave one of them out of the environment",
            )
        if plan.has(path):
            plan.overrides.append(f"{path}: {next(iter(candidates))} instead of {plan.owners.get(path, 'a package')}'s")
        plan.put_link(path, next(iter(candidates)))


def _are_equal(paths: list[Path]) -> bool:
    if not all(path.is_file() for path in paths):
        return False
    first, *others = (path.read_bytes() for path in paths)
    return all(other == first for other in others)
