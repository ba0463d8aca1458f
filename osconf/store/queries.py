"""Questions about closures: why something is in one, what differs between two, and how large they are."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from osconf.model.store_path import HASH_LENGTH
from osconf.store.interface import Store


def find_chain(store: Store, start: str, goal: str) -> list[str]:
    """The shortest chain of references from one path to another; empty when there is none."""
    edges = store.closure_edges([start])
    came_from = {start: ""}
    queue = [start]
    for at in queue:
        if at == goal:
            chain = [goal]
            while came_from[chain[-1]]:
                chain.append(came_from[chain[-1]])
            return chain[::-1]
        for reference in sorted(edges.get(at, ())):
            if reference not in came_from:
                came_from[reference] = at
                queue.append(reference)
    return []


def find_mentions(store: Store, path: str, dependency: str, *, limit: int = 10) -> list[str]:
    """The files inside `path` (relative) whose bytes or link targets mention the hash of `dependency`."""
    digits = dependency.rpartition("/")[2][:HASH_LENGTH]
    real = store.real_path(path)
    found = []
    for file in [real, *sorted(real.rglob("*"))] if real.is_dir() and not real.is_symlink() else [real]:
        if file.is_symlink():
            mentions = digits in str(file.readlink())
        else:
            mentions = file.is_file() and _holds(file, digits.encode())
        if mentions:
            found.append(str(file.relative_to(real)))
            if len(found) >= limit:
                break
    return found


def _holds(file: Path, digits: bytes) -> bool:
    """Whether a file, which may be larger than memory, has these bytes."""
    with file.open("rb") as opened:
        if not file.stat().st_size:
            return False
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(digits) >= 0


@dataclass(frozen=True)
class ClosureDifference:
    """How the paths of one name differ between two closures: the versions before and after, and the bytes gained."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    size: int


def compare_closures(store: Store, before: Iterable[str], after: Iterable[str]) -> list[ClosureDifference]:
    """What changed between two closures, by package name; names without a change of version or size are left out."""
    old, new = _versions(store, before), _versions(store, after)
    differences = []
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, {}), new.get(name, {})
        size = sum(now.values()) - sum(was.values())
        if was.keys() != now.keys() or size:
            differences.append(
                ClosureDifference(
                    name, tuple(sorted(was.keys() - now.keys())), tuple(sorted(now.keys() - was.keys())), size
                )
            )
    return differences


def _versions(store: Store, paths: Iterable[str]) -> dict[str, dict[str, int]]:
    """Name -> version -> size of everything in a closure."""
    found: dict[str, dict[str, int]] = {}
    for path in store.closure(paths):
        name, version = split_version(path.rpartition("/")[2][HASH_LENGTH + 1 :])
        sizes = found.setdefault(name, {})
        sizes[version] = sizes.get(version, 0) + store.query_path_info(path).nar_size
    return found


def split_version(name: str) -> tuple[str, str]:
    """Split `hello-2.10` into name and version, at the first dash that a digit follows."""
    match = re.search(r"-(?=\d)", name)
    return (name[: match.start()], name[match.end() :]) if match else (name, "")


def closure_size(store: Store, paths: Iterable[str]) -> int:
    """The bytes of all archives of a closure."""
    return sum(store.query_path_info(path).nar_size for path in store.closure(paths))
