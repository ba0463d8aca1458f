"""From finished content to valid paths: its name, a batch, one sync and one transaction for all of it.

Nothing has a row in the database before it is on the disk. What waits in the batch counts as valid for this process at
once, for others when it is registered.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.derivation import Derivation
from osconf.model.path_info import PathInfo
from osconf.model.store_path import DRV_SUFFIX
from osconf.store.canonical import canonicalise, explaining, move_into_place, remove_tree, sync_filesystem
from osconf.store.database import Database
from osconf.store.layout import StoreLayout
from osconf.store.locks import PATH_LIMIT_SECONDS, LockWait, PathLock

_MAX_PENDING, _MAX_LOCKS = 2000, 256
_LOCK_SECONDS = 2.0


class Registrar:
    """Gives content its name and registers it. Safe for threads.

    `pending` is what waits. The lock on a path's name is taken before the registrar's own, never after it; whoever
    waits for one calls `flush` first, or two processes could wait for each other.
    """

    def __init__(
        self,
        layout: StoreLayout,
        database: Database,
        read_derivation: Callable[[str], Derivation],
        *,
        durable: bool,
    ) -> None:
        self.pending: dict[str, PathInfo] = {}
        self._layout = layout
        self._database = database
        self._read_derivation = read_derivation
        self._durable = durable
        self._lock = threading.RLock()
        self._path_locks: list[PathLock] = []
        self._late: threading.Timer | None = None

    # Into the batch

    def install(self, temporary: Path, info: PathInfo) -> None:
        """Give content at a temporary place of the store its name and put it into the batch.

        The caller vouches for `info`, its hash above all. The path should be a temporary root already.
        """
        real = self._layout.real_path(info.path)
        canonicalise(temporary)
        lock = self._acquire_lock(real.name)
        is_kept = False
        try:
            if info.path in self.pending or self._database.is_valid(info.path):
                # What is known of it stays, too: this information may come from somebody less trusted.
                remove_tree(temporary)
                return
            _move(temporary, real, info)
            with self._lock:
                self._add((info,))
                if not info.has_one_content:
                    # Until it is registered, nobody may put another content in its place.
                    self._keep_lock(lock)
                    is_kept = True
                is_full = len(self.pending) >= _MAX_PENDING or len(self._path_locks) >= _MAX_LOCKS
        finally:
            if not is_kept:
                lock.release()
        if is_full:
            self.flush()

    def add_built(self, infos: Iterable[PathInfo], locks: Iterable[PathLock]) -> None:
        """Put finished outputs, in place under their names, into the batch.

        The locks on their names are kept until they are registered: another process must not take the files for
        leftovers.
        """
        with self._lock:
            self._add(infos)
            self._path_locks.extend(locks)

    def _add(self, infos: Iterable[PathInfo]) -> None:
        now = int(time.time())
        self.pending.update((info.path, replace(info, registration_time=now)) for info in infos)

    def _acquire_lock(self, name: str) -> PathLock:
        """Take the lock on a path's name. Who waits registers what it made: its holder may wait for a lock of ours."""
        lock = PathLock(self._layout.locks, name)
        wait = LockWait(lock.file, f"'{name}'", limit=PATH_LIMIT_SECONDS)
        while not lock.try_acquire():
            self.flush()
            wait.pause()
        return lock

    def _keep_lock(self, lock: PathLock) -> None:
        """Give the lock back when what is pending is registered, which is soon: what comes next may take long."""
        self._path_locks.append(lock)
        if self._late is None:
            self._late = threading.Timer(_LOCK_SECONDS, self._flush_late)
            self._late.daemon = True
            self._late.start()

    # Out of the batch

    def flush(self) -> None:
        """Register what is pending. Cheap when nothing is."""
        with self._lock:
            if not self.pending:
                return
            try:
                self._register(self.pending)
            except StoreError as error:
                if error.code == "reference-not-valid":
                    self._drop_unfounded()
                raise

    def register(self, infos: Iterable[PathInfo]) -> None:
        """Register paths whose canonical content is in place, with what is pending."""
        with self._lock:
            self._register({**self.pending, **{info.path: info for info in infos}})

    def close(self) -> None:
        """Register what is pending; nothing is done later."""
        try:
            self.flush()
        finally:
            with self._lock:
                self._forget_late()

    def _flush_late(self) -> None:
        with self._lock:
            if self._late is None:
                return
            self._late = None
            # What fails is left to the next flush, whose caller hears of it.
            with suppress(StoreError):
                self._register(self.pending)

    def _register(self, batch: Mapping[str, PathInfo]) -> None:
        """Sync, then write the rows; what was pending is among them, and no longer is."""
        outputs = {
            path: {name: output.path for name, output in self._read_derivation(path).outputs.items()}
            for path in batch
            if path.endswith(DRV_SUFFIX)
        }
        if self._durable:
            with explaining("write the new store paths to the disk"):
                sync_filesystem(self._layout.store)
        self._database.register(batch.values(), outputs)
        self._forget_late()
        self.pending.clear()
        self._release_locks()

    def _drop_unfounded(self) -> None:
        """Forget what refers to paths that are not valid: it must not keep the rest of the batch from being kept."""
        references = {reference for info in self.pending.values() for reference in info.references}
        valid = self._database.valid_among(references)
        while True:
            known = valid | self.pending.keys()
            unfounded = [path for path, info in self.pending.items() if not info.references <= known]
            if not unfounded:
                break
            for path in unfounded:
                del self.pending[path]
        self._release_locks()

    def _release_locks(self) -> None:
        """Give back the locks on the names of what no longer waits."""
        names = {path.rpartition("/")[2] for path in self.pending}
        for lock in self._path_locks:
            if lock.name not in names:
                lock.release()
        self._path_locks = [lock for lock in self._path_locks if lock.name in names]

    def _forget_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _move(temporary: Path, real: Path, info: PathInfo) -> None:
    """Give content its name. Another process may have left something there: content decides whether that stays."""
    if os.path.lexists(real):
        if nar.hash_path(real)[0] == info.nar_hash:
            remove_tree(temporary)
            return
        remove_tree(real)
    move_into_place(temporary, real)
