"""Making a database anew from what is on the disk, when the old one is damaged or gone.

What was registered is found again in the bytes of the damaged file, however little of it SQLite can read: a row holds a
path directly followed by the hash of its archive. Files that were set aside before count, too: a recovery may have been
killed. No database is put in place before it is complete. A path of the store directory is kept when its content still
has such a hash, or proves its name by itself. References are found as after a build, by looking for names. The rest,
leftovers of interrupted builds among it, stays unregistered: it is built again when it is wanted, or collected.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from osconf.errors import OsconfError, StoreError
from osconf.model.derivation import parse
from osconf.model.hashes import BASE32_ALPHABET, Hash, hash_file
from osconf.model.path_info import PathInfo, fixed_content_address, text_content_address
from osconf.model.store_path import DRV_SUFFIX, make_fixed_output_path, make_text_path, parse_base_name
from osconf.store.canonical import explaining, sync_directory
from osconf.store.database import Database
from osconf.store.layout import StoreLayout
from osconf.store.locks import hold_lock
from osconf.store.lost import find_entries
from osconf.store.scan import ReferenceScanner, scan_tree

_FILES = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Recovery:
    """What is registered again, what is on the disk and could not be vouched for, and where the old database is."""

    kept: tuple[str, ...]
    unknown: tuple[str, ...]
    old: Path | None


@dataclass(frozen=True)
class _Found:
    """A path on the disk, as read."""

    path: str
    real: Path
    nar_hash: Hash
    nar_size: int
    references: frozenset[str]


def recover_database(
    layout: StoreLayout, *, durable: bool = True, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Recovery:
    """Replace the database by one of what is on the disk and known to be whole; the old one is kept beside it."""
    with explaining("recover the store database"), hold_lock(layout.gc_lock, exclusive=True):
        known = find_registered(layout)
        found = _read_paths(layout, progress)
        infos = _choose_sound(layout, found, known)
        new = _make_database(layout, infos, found, durable=durable)
        old = _set_aside(layout.database)
        new.replace(layout.database)
        if durable:
            sync_directory(layout.database.parent)
    return Recovery(tuple(sorted(infos)), tuple(sorted(found.keys() - infos.keys())), old)


def find_registered(layout: StoreLayout) -> dict[str, set[str]]:
    """The paths, and the hashes of their archives in base16, that the bytes of the databases still tell."""
    pattern = re.compile(
        b"(%b/[%b]{32}-[0-9a-zA-Z+._?=-]+?)sha256:([0-9a-f]{64})"
        % (re.escape(layout.store_dir.encode()), BASE32_ALPHABET.encode())
    )
    known: dict[str, set[str]] = {}
    for file in layout.database.parent.glob(f"{layout.database.name}*"):
        for path, digest in pattern.findall(file.read_bytes()):
            known.setdefault(path.decode(), set()).add(digest.decode())
    return known


def _read_paths(layout: StoreLayout, progress: Callable[[int, int], None]) -> dict[str, _Found]:
    places = sorted(find_entries(layout))
    names = [f"{layout.store_dir}/{real.name}" for real in places]
    every = ReferenceScanner(names).by_hash
    found: dict[str, _Found] = {}
    for number, (path, real) in enumerate(zip(names, places, strict=True)):
        progress(number, len(places))
        scanner = ReferenceScanner(())
        scanner.by_hash = every.copy()
        with suppress(OSError, OsconfError):
            found[path] = _read_path(path, real, scanner)
    return found


def _read_path(path: str, real: Path, scanner: ReferenceScanner) -> _Found:
    nar_hash, nar_size, references = scan_tree(real, scanner)
    if path.endswith(DRV_SUFFIX):
        # It names its outputs, too, and does not refer to them.
        with suppress(StoreError, ValueError):
            references = parse(real.read_bytes()).references()
    return _Found(path, real, nar_hash, nar_size, frozenset(references))


def _choose_sound(
    layout: StoreLayout, found: Mapping[str, _Found], known: Mapping[str, set[str]]
) -> dict[str, PathInfo]:
    """Those whose content is the registered one, or proves itself, and whose references are among them."""
    derivers = {
        output: path
        for path, item in found.items()
        if path.endswith(DRV_SUFFIX)
        for output in _outputs_of(item).values()
    }
    infos: dict[str, PathInfo] = {}
    for path, item in found.items():
        address = _content_address(layout, item)
        if address is not None or item.nar_hash.base16() in known.get(path, ()):
            infos[path] = PathInfo(
                path,
                item.nar_hash,
                item.nar_size,
                item.references,
                deriver=derivers.get(path),
                registration_time=int(time.time()),
                ultimate=True,
                content_address=address,
            )
    while True:
        dangling = [path for path, info in infos.items() if not info.references <= infos.keys()]
        if not dangling:
            return infos
        for path in dangling:
            del infos[path]


def _content_address(layout: StoreLayout, item: _Found) -> str | None:
    """The content address from which the path's name follows; None when it proves nothing."""
    name = parse_base_name(item.real.name).name
    if not item.references and make_fixed_output_path(name, item.nar_hash, True, (), layout.store_dir) == item.path:
        return fixed_content_address(item.nar_hash, True)
    if not item.real.is_file() or item.real.is_symlink():
        return None
    content = hash_file("sha256", item.real)
    if make_text_path(name, content, item.references, layout.store_dir) == item.path:
        return text_content_address(content)
    if make_fixed_output_path(name, content, False, (), layout.store_dir) == item.path:
        return fixed_content_address(content, False)
    return None


def _outputs_of(item: _Found) -> dict[str, str]:
    try:
        return {name: output.path for name, output in parse(item.real.read_bytes()).outputs.items()}
    except (OSError, StoreError, ValueError):
        return {}


def _make_database(
    layout: StoreLayout, infos: Mapping[str, PathInfo], found: Mapping[str, _Found], *, durable: bool
) -> Path:
    """A complete database beside the one in place."""
    new = layout.database.with_name(f"{layout.database.name}.new")
    outputs = {path: _outputs_of(found[path]) for path in infos if path.endswith(DRV_SUFFIX)}
    _remove_database(new)
    try:
        database = Database(new, durable=durable)
        try:
            database.register(infos.values(), outputs)
            # What is in its log alone would be lost with the name; closing tells no error.
            database.checkpoint()
        finally:
            database.close()
    except BaseException:
        # The disk may be full.
        _remove_database(new)
        raise
    return new


def _remove_database(database: Path) -> None:
    for suffix in _FILES:
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _set_aside(database: Path) -> Path | None:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    old = database.with_name(f"{database.name}.damaged-{stamp}")
    is_there = database.exists()
    for suffix in _FILES:
        file = database.with_name(database.name + suffix)
        if file.exists():
            file.replace(old.with_name(old.name + suffix))
    return old if is_there else None
