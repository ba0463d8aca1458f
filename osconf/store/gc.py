"""The garbage collector: finds what no root needs and removes it, safely beside running builds.

The gc lock is held exclusively while the living paths are found and the dead ones are forgotten and moved to the trash;
a process that wants a new temporary root waits that long. Files are removed after the lock is gone.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from osconf.errors import StoreError
from osconf.model.store_path import BadStorePath, parse_base_name
from osconf.store.canonical import explaining, remove_tree
from osconf.store.closure import order_references_first, reachable, reverse
from osconf.store.database import Database
from osconf.store.layout import StoreLayout
from osconf.store.locks import PathLock, hold_lock, read_temporary_roots, remove_stale_locks
from osconf.store.measure import Measure
from osconf.store.reserve import is_nearly_full
from osconf.store.roots import find_roots

# Paths that a collection on a full disk forgets and removes at a time.
_FEW = 20


@dataclass(frozen=True)
class GcOptions:
    """What a collection keeps and how far it goes.

    `max_freed` stops when that many bytes are freed; `keep_derivations` keeps the recipes of living paths,
    `keep_outputs` the outputs of living recipes. `forgotten` are links that do not count: a dry run of their removal.
    """

    dry_run: bool = False
    max_freed: int | None = None
    keep_derivations: bool = True
    keep_outputs: bool = False
    forgotten: frozenset[str] = frozenset()


@dataclass(frozen=True)
class GcResult:
    """What was removed (or would be), and how many bytes of the disk that freed, leftovers included."""

    paths: tuple[str, ...]
    freed: int
    leftovers: int = 0


def collect_garbage(layout: StoreLayout, database: Database, options: GcOptions) -> GcResult:
    """Remove what no root needs, and unregistered leftovers of interrupted builds."""
    with explaining("collect garbage"):
        with hold_lock(layout.gc_lock, exclusive=True):
            found = find_roots(layout, remove_stale=not options.dry_run, read_temporary=True)
            roots = {path for path, reasons in found.items() if reasons - options.forgotten}
            # Others register paths meanwhile; what they need is a root by now.
            with database.snapshot():
                edges = database.all_edges()
                alive = _living(database, edges, roots, options)
            dead = [path for path in order_references_first(edges) if path not in alive]
            dead.reverse()
            if options.max_freed is not None:
                dead = _limit(layout, dead, options.max_freed)
            known = set(edges) | roots if options.max_freed is None else None
            if options.dry_run:
                lost = [*_find_leftovers(layout, known)] if known is not None else []
            else:
                freed = _forget(layout, database, dead)
                leftovers = _collect_leftovers(layout, known) if known is not None else 0
        if options.dry_run:
            # Others need not wait for this.
            return _foresee(layout, dead, lost)
        return GcResult(tuple(dead), freed + empty_trash(layout), leftovers)


def _living(database: Database, edges: dict[str, list[str]], roots: set[str], options: GcOptions) -> set[str]:
    graph = edges
    if options.keep_derivations or options.keep_outputs:
        graph = {path: list(references) for path, references in edges.items()}
        if options.keep_derivations:
            for path, deriver in database.derivers().items():
                graph[path].append(deriver)
        if options.keep_outputs:
            for drv, path in database.derivation_outputs():
                graph[drv].append(path)
    return reachable(graph, roots)


def _limit(layout: StoreLayout, dead: list[str], max_freed: int) -> list[str]:
    measure = Measure()
    for count, path in enumerate(dead):
        if measure.freed >= max_freed:
            return dead[:count]
        measure.add(layout.real_path(path))
    return dead


def _foresee(layout: StoreLayout, dead: list[str], leftovers: list[Path]) -> GcResult:
    measure = Measure()
    for path in dead:
        # No `Path`: there may be very many.
        measure.add(layout.prefix + path)
    for place in (*leftovers, *layout.trash.iterdir()):
        measure.add(place)
    return GcResult(tuple(dead), measure.freed, len(leftovers))


def _forget(layout: StoreLayout, database: Database, paths: Iterable[str]) -> int:
    """Make paths invalid and take their files away; the bytes that were freed at once."""
    paths = list(paths)
    if not is_nearly_full(layout):
        database.invalidate(paths)
        return sum(move_to_trash(layout, layout.real_path(path)) for path in paths)
    freed = 0
    for start in range(0, len(paths), _FEW):
        # What uses others comes before them, so that any part of the list may go.
        few = paths[start : start + _FEW]
        database.invalidate(few)
        freed += sum(move_to_trash(layout, layout.real_path(path)) for path in few) + empty_trash(layout)
        database.checkpoint()
    return freed


def move_to_trash(layout: StoreLayout, real: Path) -> int:
    """Take a path's files out of sight; `empty_trash` removes them. Returns the bytes that were freed at once.

    On an overlay (a machine whose store is an image) a directory of the lower layer cannot be renamed: it is removed.
    """
    if os.geteuid() != 0 and real.is_dir() and not real.is_symlink():
        real.chmod(0o755)
    try:
        real.rename(layout.trash / f"{os.urandom(4).hex()}-{real.name}")
    except FileNotFoundError:
        return 0
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return remove_tree(real)
    return 0


def empty_trash(layout: StoreLayout) -> int:
    """Remove the files in the trash, one process at a time; returns the bytes that this frees."""
    with PathLock(layout.locks, "trash"):
        return sum(remove_tree(path) for path in layout.trash.iterdir())


def remove_leftovers(layout: StoreLayout) -> None:
    """Remove what processes left that died: half-made paths, locks, trash. Unregistered paths wait for a collection."""
    with explaining("remove leftovers"):
        with hold_lock(layout.gc_lock, exclusive=True):
            read_temporary_roots(layout.temporary_roots)
            remove_stale_locks(layout.locks)
            for real in _find_temporaries(layout):
                move_to_trash(layout, real)
        empty_trash(layout)


def _collect_leftovers(layout: StoreLayout, known: set[str]) -> int:
    """Move what is not registered, and not being made, to the trash."""
    count = 0
    for real in _find_leftovers(layout, known):
        move_to_trash(layout, real)
        count += 1
    remove_stale_locks(layout.locks)
    return count


def _find_leftovers(layout: StoreLayout, known: set[str]) -> Iterator[Path]:
    """What processes left that died; nobody makes one of the paths while it is looked at."""
    for real in layout.store.iterdir():
        if real.name.startswith(".") or f"{layout.store_dir}/{real.name}" in known:
            continue
        try:
            parse_base_name(real.name)
        except BadStorePath:
            continue
        lock = PathLock(layout.locks, real.name)
        if lock.try_acquire():
            yield real
            lock.release()
    yield from _find_temporaries(layout)


def _find_temporaries(layout: StoreLayout) -> Iterator[Path]:
    """What dead processes left in the temporary directory.

    Names there start with the name of their owner's file of temporary roots. The files of dead owners are gone by now.
    """
    owners = {file.name for file in layout.temporary_roots.iterdir()}
    return (real for real in layout.temporary.iterdir() if real.name.partition("-")[0] not in owners)


def delete_paths(
    layout: StoreLayout, database: Database, paths: set[str], *, ignore_liveness: bool = False
) -> GcResult:
    """Remove exactly these paths; raises `StoreError` when one is alive or a path that stays refers to it."""
    with explaining("delete store paths"):
        with hold_lock(layout.gc_lock, exclusive=True):
            edges = database.all_edges()
            referrers = reverse(edges)
            roots = find_roots(layout, read_temporary=True)
            alive = set() if ignore_liveness else reachable(edges, roots)
            for path in sorted(paths):
                if path not in edges:
                    raise StoreError(f"path '{path}' is not valid", code="path-not-valid")
                if path in alive:
                    reasons = ", ".join(sorted(roots.get(path, ()))) or "through a path that refers to it"
                    raise StoreError(
                        f"path '{path}' is alive",
                        code="path-alive",
                        hint=f"kept by: {reasons}; remove that root first",
                    )
                users = sorted(set(referrers[path]) - paths)
                if users:
                    raise StoreError(f"path '{path}' is in use: '{users[0]}' refers to it", code="path-in-use")
            dead = [path for path in reversed(order_references_first(edges)) if path in paths]
            freed = _forget(layout, database, dead)
        return GcResult(tuple(dead), freed + empty_trash(layout))
