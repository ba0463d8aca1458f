"""Closures as one stream: the format of `nix-store --export`, written and read.

Each path is its archive followed by its name, its references and its deriver. The stream carries no signatures: whoever
imports it must trust where it came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from osconf.model.hashes import Hash
from osconf.model.nar import BadArchive, restore
from osconf.model.path_info import PathInfo
from osconf.model.store_path import parse_store_path
from osconf.store.canonical import explaining, remove_tree
from osconf.store.claims import keep_provable
from osconf.store.interface import Store
from osconf.store.local import LocalStore

_MAGIC = 0x4558494E
_MORE, _END = 1, 0
_MAX_TEXT = 1 << 16
_MAX_REFERENCES = 1 << 20


def export_paths(store: Store, paths: Iterable[str], sink: BinaryIO) -> None:
    """Write these paths (a closure in its order, references first) to `sink`."""
    for path in paths:
        info = store.query_path_info(path)
        sink.write(_number(_MORE))
        hasher = hashlib.sha256()

        def take(data: bytes | memoryview, hasher: hashlib._Hash = hasher) -> None:
            hasher.update(data)
            sink.write(data)

        store.dump_archive(path, take)
        if hasher.digest() != info.nar_hash.digest:
            raise BadArchive(
                f"path '{path}' is damaged: its content does not have the registered hash",
                hint="repair it with 'osconf store verify --check-contents --repair'",
            )
        sink.write(_number(_MAGIC) + _text(path) + _number(len(info.references)))
        for reference in sorted(info.references):
            sink.write(_text(reference))
        sink.write(_text(info.deriver or "") + _number(0))
    sink.write(_number(_END))
    sink.flush()


Check = Callable[[PathInfo, Path], None]
"""Refuses a path that came in a stream by raising; its content is at the place."""


def import_paths(
    store: LocalStore,
    source: BinaryIO,
    check: Check = lambda _info, _place: None,
    keep: Callable[[list[str]], None] | None = None,
) -> list[str]:
    """Read a stream into the store; returns the paths it held. Those that are valid already are skipped.

    `keep` makes paths temporary roots, unless these are too many.
    """
    imported = []
    while _read_number(source) == _MORE:
        temporary = store.temporary_path()
        with explaining("import store paths"):
            try:
                reader = _HashingReader(source)
                restore(reader, temporary)  # type: ignore[arg-type]
                info = _read_info(store, source, reader)
                (keep or store.add_temp_roots)([info.path])
                if store.is_valid(info.path):
                    remove_tree(temporary)
                else:
                    check(info, temporary)
                    store.registrar.install(temporary, keep_provable(store, info, temporary))
            except BaseException:
                remove_tree(temporary)
                raise
        imported.append(info.path)
    store.flush()
    return imported


def _read_info(store: LocalStore, source: BinaryIO, reader: _HashingReader) -> PathInfo:
    if _read_number(source) != _MAGIC:
        raise BadArchive("the stream is not one of exported store paths")
    path = _read_text(source)
    parse_store_path(path, store.store_dir)
    count = _read_number(source)
    if count > _MAX_REFERENCES:
        raise BadArchive(f"the stream says that '{path}' has {count} references")
    references = set()
    for _ in range(count):
        # Each is looked at before the next: so many made-up ones would fill our memory.
        reference = _read_text(source)
        parse_store_path(reference, store.store_dir)
        if reference != path and not store.is_valid(reference):
            raise BadArchive(f"the stream has '{path}' before '{reference}', to which it refers")
        references.add(reference)
    deriver = _read_text(source)
    if _read_number(source):
        _read_text(source)
    return PathInfo(path, Hash("sha256", reader.hasher.digest()), reader.size, frozenset(references), deriver or None)


class _HashingReader:
    """Hashes and counts what is read through it."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        self.hasher = hashlib.sha256()
        self.size = 0

    def read(self, size: int) -> bytes:
        data = self.source.read(size)
        self.hasher.update(data)
        self.size += len(data)
        return data


def _number(value: int) -> bytes:
    return value.to_bytes(8, "little")


def _text(value: str) -> bytes:
    data = value.encode()
    return _number(len(data)) + data + bytes(-len(data) % 8)


def _read_exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    while len(data) < size:
        more = source.read(size - len(data))
        if not more:
            raise BadArchive("the stream ends too early")
        data += more
    return data


def _read_number(source: BinaryIO) -> int:
    return int.from_bytes(_read_exactly(source, 8), "little")


def _read_text(source: BinaryIO) -> str:
    size = _read_number(source)
    if size > _MAX_TEXT:
        raise BadArchive(f"the stream has a text of {size} bytes")
    return _read_exactly(source, size + -size % 8)[:size].decode("utf-8", "replace")
