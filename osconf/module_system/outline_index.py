"""The outlines of module files, kept between evaluations: one entry of the code cache for each folder of modules.

An outline holds as long as its file is untouched: same inode, size and times, and the file was not changed just before
it was looked at, when the clock of the file system could have hidden a second change. Otherwise the file is read as
ever, and looked at again when the evaluation ends.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from osconf.lang.evaluator import Evaluator
from osconf.lang.nodes import Node
from osconf.lang.values import from_latin
from osconf.module_system.outline import VERSION, Outline, Part, outline_module

_FINE, _COARSE = 100_000_000, 2_000_000_000
"""How long after a change (in ns) a file is not trusted, where its times are fine or whole seconds."""


class Entry(NamedTuple):
    """What is known of a file: its state and when that was noted, a digest of its text, its packed outline."""

    state: tuple[int, int, int, int]
    noted: int
    digest: bytes
    outline: bytes


Folder = dict[str, tuple[Any, ...]]


class OutlineIndex:
    """The outlines that one evaluation may use, and those that it leaves behind."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._cache = evaluator.cache
        # What a restricted evaluation may read is asked for each file.
        is_limited = evaluator.settings.pure or evaluator.settings.restricted
        self._is_used = evaluator.cache.folder is not None and not is_limited
        self._folders: dict[str, Folder] = {}
        self._wanted: dict[str, bytes | None] = {}

    def find(self, file: str) -> Outline | None:
        """The outline of a file (its real path), if there is one and the file is what it was."""
        if not self._is_used:
            return None
        folder, _, name = file.rpartition("/")
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = self._cache.load(self._key(folder)) or {}
        entry = known.get(name)
        try:
            state = _state_of(file)
        except OSError:
            return None
        if entry is None or entry[0] != state or not _is_settled(state, entry[1]):
            self._wanted[file] = None
            return None
        return _unpack(entry[3])

    def see_tree(self, label: str, tree: Node) -> None:
        """A text was compiled: when it is a module that has no outline yet, make it of the tree that is there."""
        if label in self._wanted:
            self._wanted[label] = _pack(outline_module(tree))

    def save(self) -> None:
        """Keep what is new for the next evaluation."""
        changed: set[str] = set()
        for file, outline in self._wanted.items():
            folder, _, name = file.rpartition("/")
            with contextlib.suppress(OSError):
                entry = _look_at(file, self._folders[folder].get(name), outline)
                if entry is not None:
                    self._folders[folder][name] = entry
                    changed.add(folder)
        self._wanted.clear()
        for folder in changed:
            entries = {
                name: entry for name, entry in self._folders[folder].items() if os.path.lexists(f"{folder}/{name}")
            }
            self._cache.save(self._key(folder), entries)

    def _key(self, folder: str) -> str:
        return self._cache.key(("outlines", VERSION, folder))


def _look_at(file: str, known: tuple[Any, ...] | None, outline: bytes | None) -> tuple[Any, ...] | None:
    """What to note of a file; None when it changes under our hands."""
    state = _state_of(file)
    noted = time.time_ns()
    data = Path(from_latin(file)).read_bytes()
    digest = sha256(data).digest()
    if _state_of(file) != state:
        return None
    if known is not None and known[2] == digest:
        outline = known[3]
    elif outline is None:
        outline = _pack(_outline_text(data.decode("latin-1")))
    return tuple(Entry(state, noted, digest, outline))


def _outline_text(text: str) -> Outline | None:
    from osconf.errors import OsconfError
    from osconf.lang.parser import parse
    from osconf.lang.source import Source

    try:
        return outline_module(parse(Source("module", text)))
    except OsconfError:
        return None


def _state_of(file: str) -> tuple[int, int, int, int]:
    status = os.stat(from_latin(file))  # noqa: PTH116 - for every module
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _is_settled(state: tuple[int, int, int, int], noted: int) -> bool:
    """Whether the last change was long enough before the look at the file."""
    changed = max(state[2], state[3])
    return noted - changed > (_FINE if changed % 1_000_000_000 else _COARSE)


def _pack(outline: Outline | None) -> bytes:
    if outline is None:
        return b""
    parts = tuple([tuple(part) for part in outline.parts])
    plain: Any = (outline.options, parts, outline.is_merge, outline.meta, outline.closed)
    return marshal.dumps(plain)


def _unpack(packed: bytes) -> Outline | None:
    if not packed:
        return None
    options, parts, is_merge, meta, closed = marshal.loads(packed)
    return Outline(options, tuple([Part(*part) for part in parts]), is_merge, meta, closed)
