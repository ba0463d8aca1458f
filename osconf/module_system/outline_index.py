"""The outlines of module files, kept between evaluations: one entry of the code cache for each folder of modules.

An outline holds as long as its file is untouched: same inode, size and times, and the file was not changed just before
it was looked at, when the clock of the file system could have hidden a second change. Otherwise the file is read as
ever, and looked at again when the evaluation ends.

A file that had to be read after all is read at once the next time: going through its outline first costs more. When an
evaluation then did not touch it, its outline is used again; the index remembers how often that went back and forth.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from osconf.lang.nodes import Node
from osconf.lang.values import Value, from_latin
from osconf.lang.world import FileState, file_state
from osconf.module_system.deferred import Deferred, Sketch, fold_tree
from osconf.module_system.outline import VERSION, Outline, Tree, outline_module

if TYPE_CHECKING:
    from osconf.lang.evaluator import Evaluator
    from osconf.module_system.evaluation import Evaluation

_FINE, _COARSE = 100_000_000, 2_000_000_000
"""How long after a change (in ns) a file is not trusted, where its times are fine or whole seconds."""


_MAX_TURNS = 7


class Entry(NamedTuple):
    """What is known of a file."""

    state: FileState
    noted: int
    """When that was looked at, in ns."""
    digest: bytes
    """Of its text."""
    outline: bytes
    """Packed; empty when the file has none."""
    probes: tuple[tuple[str, ...], ...]
    """The sets that its options are in."""
    turns: int
    """How often it turned out that the file had to be read, or need not have been: odd when it is to be read."""


Folder = dict[str, tuple[Any, ...]]


class OutlineIndex:
    """The outlines that one evaluation may use, and those that it leaves behind."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._cache = evaluator.cache
        self._world = evaluator.world
        # What a restricted evaluation may read is asked for each file.
        is_limited = evaluator.settings.pure or evaluator.settings.restricted
        self.is_used = evaluator.cache.folder is not None and not is_limited
        self._folders: dict[str, Folder] = {}
        self._wanted: dict[str, Outline | None] = {}
        self._deferred: list[tuple[str, Deferred]] = []
        self._read: list[tuple[str, Evaluation]] = []

    def defer(self, file: str, evaluation: Evaluation, read: Callable[[], Value]) -> Deferred | None:
        """The module of a file (its real path) that need not be read now; None when it must be."""
        folder, _, name = file.rpartition("/")
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = self._cache.load(self._key(folder)) or {}
        found = known.get(name)
        if found is None or found[5] % 2 or not found[3]:
            return None
        # That the outline stands for the file is an answer of the world.
        if not _holds(file, found[0], found[1], self._world.file_state):
            return None
        deferred = Deferred(evaluation, from_latin(file), Sketch(*marshal.loads(found[3])), read)
        self._deferred.append((file, deferred))
        return deferred

    def note_read(self, file: str, evaluation: Evaluation) -> None:
        """A file is read that might have an outline: see to that when the evaluation ends."""
        entry = self._entry(file)
        if entry is not None and entry.turns % 2:
            self._read.append((file, evaluation))
        elif entry is None or not _holds(file, entry.state, entry.noted):
            self._wanted[file] = None

    def see_tree(self, label: str, tree: Node) -> None:
        """A text was compiled: when it is a module that has no outline yet, make it of the tree that is there."""
        if label in self._wanted:
            self._wanted[label] = outline_module(tree)

    def save(self) -> None:
        """Keep what is new for the next evaluation."""
        changed: set[str] = set()
        for file, outline in self._wanted.items():
            with contextlib.suppress(OSError):
                entry = _look_at(file, self._entry(file), outline)
                if entry is not None:
                    self._put(file, entry, changed)
        turned = {file for file, deferred in self._deferred if deferred.is_read}
        touched = {file for file, evaluation in self._read if _is_touched(evaluation, self._entry(file))}
        turned |= {file for file, _ in self._read} - touched
        for file in turned - self._wanted.keys():
            entry = self._entry(file)
            if entry is not None and entry.turns < _MAX_TURNS:
                self._put(file, entry._replace(turns=entry.turns + 1), changed)
        self._wanted.clear()
        self._deferred.clear()
        self._read.clear()
        for folder in changed:
            known = self._folders[folder]
            there = {name: entry for name, entry in known.items() if os.path.lexists(from_latin(f"{folder}/{name}"))}
            self._cache.save(self._key(folder), there)

    def _entry(self, file: str) -> Entry | None:
        folder, _, name = file.rpartition("/")
        found = self._folders[folder].get(name)
        return None if found is None else Entry(*found)

    def _put(self, file: str, entry: Entry, changed: set[str]) -> None:
        folder, _, name = file.rpartition("/")
        self._folders[folder][name] = tuple(entry)
        changed.add(folder)

    def _key(self, folder: str) -> str:
        return self._cache.key(("outlines", VERSION, folder))


def _look_at(file: str, known: Entry | None, outline: Outline | None) -> Entry | None:
    """What to note of a file; None when it changes under our hands."""
    state = file_state(file)
    noted = time.time_ns()
    data = Path(from_latin(file)).read_bytes()
    digest = sha256(data).digest()
    if file_state(file) != state:
        return None
    if known is not None and known.digest == digest:
        return known._replace(state=state, noted=noted)
    if outline is None:
        outline = _outline_text(data.decode("latin-1"))
    probes = () if outline is None else tuple(_option_sets(outline.options))
    return Entry(state, noted, digest, _pack(outline), probes, 0)


def _option_sets(tree: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the sets that have options in them."""
    if any(not isinstance(inner, dict) for _, inner in tree.values()):
        yield path
    for name, (_, inner) in tree.items():
        if isinstance(inner, dict):
            yield from _option_sets(inner, (*path, name))


def _is_touched(evaluation: Evaluation, entry: Entry | None) -> bool:
    """Whether somebody asked for an option of a module, other than whether it is on."""
    return entry is None or any(evaluation.has_values(path) for path in entry.probes)


def _outline_text(text: str) -> Outline | None:
    from osconf.errors import OsconfError
    from osconf.lang.parser import parse
    from osconf.lang.source import Source

    try:
        return outline_module(parse(Source("module", text)))
    except OsconfError:
        return None


def _holds(file: str, state: FileState, noted: int, look: Callable[[str], FileState] = file_state) -> bool:
    """Whether a file is as it was noted, and its last change was long enough before that."""
    changed = max(state[2], state[3])
    if noted - changed <= (_FINE if changed % 1_000_000_000 else _COARSE):
        return False
    try:
        return look(file) == state
    except OSError:
        return False


def _pack(outline: Outline | None) -> bytes:
    if outline is None:
        return b""
    parts = tuple([(part.switch, fold_tree(part.tree)) for part in outline.parts])
    meta = None if outline.meta is None else fold_tree(outline.meta)
    return marshal.dumps((fold_tree(outline.options), parts, outline.is_merge, meta, outline.closed))
