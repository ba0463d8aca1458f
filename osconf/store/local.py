"""The store of this machine: adding, registering and asking for paths.

Owns the order of events that makes a path valid: temporary root, bytes beside, canonical form, rename, sync, row in the
database. What is added waits in a batch until `flush` (one sync and one transaction for all of it); this process sees
it at once, others when it is registered. Building is `osconf.build`'s business.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.derivation import Derivation, hash_modulo, parse, serialize
from osconf.model.hashes import Hash, hash_bytes, hash_file, new_hasher
from osconf.model.path_info import PathInfo, fixed_content_address, text_content_address
from osconf.model.store_path import (
    DEFAULT_STORE_DIR,
    DRV_SUFFIX,
    check_name,
    is_store_path,
    make_fixed_output_path,
    make_text_path,
    parse_store_path,
)
from osconf.store import roots
from osconf.store.canonical import (
    canonicalise,
    explaining,
    move_into_place,
    remove_tree,
    sync_directory,
    sync_filesystem,
)
from osconf.store.closure import order_references_first
from osconf.store.database import Database, is_read_only
from osconf.store.layout import StoreLayout
from osconf.store.locks import PATH_LIMIT_SECONDS, LockWait, PathLock, TemporaryRoots
from osconf.store.lost import check_not_lost
from osconf.store.places import NotValid, StorePlaces
from osconf.store.readonly import ensure_writable
from osconf.store.reserve import release_space, reserve_space

if TYPE_CHECKING:
    from osconf.store.copying import CopiedTree
    from osconf.store.gc import GcOptions, GcResult
    from osconf.store.verify import Repair, VerifyReport

_MAX_PENDING, _MAX_LOCKS = 2000, 256
_LOCK_SECONDS = 2.0
_LARGE_BYTES = 32 << 20


class LocalStore(StorePlaces):
    """A store on the local disk. Safe for threads; many processes may share it."""

    def __init__(self, layout: StoreLayout, database: Database, *, read_only: bool, durable: bool) -> None:
        super().__init__(layout)
        self.database = database
        self.read_only = read_only
        self.durable = durable
        self._lock = threading.RLock()
        self._pending: dict[str, PathInfo] = {}
        self._pending_locks: list[PathLock] = []
        self._late: threading.Timer | None = None
        self._derivations: dict[str, Derivation] = {}
        self._derivation_hashes: dict[str, str] = {}
        self._temporary_roots = TemporaryRoots(layout.temporary_roots, layout.gc_lock)
        self._numbers = itertools.count()

    @classmethod
    def open(
        cls,
        root: Path = Path("/"),
        store_dir: str = DEFAULT_STORE_DIR,
        *,
        read_only: bool = False,
        durable: bool = True,
    ) -> LocalStore:
        """Open the store below `root`, making it when it is missing.

        `durable=False` skips every sync: for tests and throw-away stores. Root on a system whose store is mounted
        read-only moves this thread (and those it starts) into a mount namespace of its own, where it is writable.
        """
        layout = StoreLayout(Path(root).absolute(), store_dir)
        if read_only:
            with explaining(f"read the store '{layout.store}'"):
                return cls(layout, Database(layout.database, read_only=True), read_only=True, durable=durable)
        with explaining(f"open the store '{layout.store}'"):
            ensure_writable(layout.store)
            layout.create()
            check_not_lost(layout)
            store = cls(layout, Database(layout.database, durable=durable), read_only=False, durable=durable)
            if durable:
                reserve_space(layout)
            # Not only when the database is new: whoever made it may have died before this.
            registration = layout.registration
            if registration is not None and store.database.is_empty():
                import json

                store.load_registration(json.loads(registration.read_text("utf-8")))
        return store

    def __enter__(self) -> LocalStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Register what is pending and let go of the temporary roots."""
        try:
            self.flush()
        finally:
            with self._lock:
                self._forget_late()
            self._temporary_roots.close()
            self.database.close()

    # Asking

    def is_valid(self, path: str) -> bool:
        """Whether the path may be used."""
        return path in self._pending or self.database.is_valid(path)

    def valid_among(self, paths: Iterable[str]) -> set[str]:
        """Those of `paths` that are valid."""
        paths = set(paths)
        return self.database.valid_among(paths) | (paths & self._pending.keys())

    def query_path_info(self, path: str) -> PathInfo:
        """What is known of a valid path; raises `NotValid` for another."""
        info = self._pending.get(path) or self.database.query_path_info(path)
        if info is None:
            raise NotValid(f"path '{path}' is not valid", hint=self._hint_for_invalid(path))
        return info

    def _hint_for_invalid(self, path: str) -> str | None:
        # Of other files nothing is told: a client of the daemon may ask for what it may not see.
        if is_store_path(path, self.store_dir) and self.real_path(path).exists():
            return "its files are there but were never registered: an interrupted build; build it again"
        return None

    def valid_paths(self) -> list[str]:
        """Every valid path, sorted."""
        self.flush()
        return self.database.valid_paths()

    def path_with_hash_part(self, hash_part: str) -> str | None:
        """The valid path with this hash part, if there is one."""
        self.flush()
        return self.database.path_with_hash_part(f"{self.store_dir}/{hash_part}")

    def closure(self, paths: Iterable[str]) -> list[str]:
        """The paths and everything they refer to, references first, in a fixed order."""
        paths = sorted(set(paths))
        edges = self.closure_edges(paths)
        for path in paths:
            if path not in edges:
                self.query_path_info(path)
        return order_references_first(edges)

    def closure_edges(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """Each path of the closure with what it refers to (itself left out); invalid paths are missing."""
        edges: dict[str, list[str]] = {}
        registered: set[str] = set()
        todo = set(paths)
        while todo:
            path = todo.pop()
            info = self._pending.get(path)
            if info is None:
                registered.add(path)
            else:
                edges[path] = [reference for reference in info.references if reference != path]
                todo.update(reference for reference in edges[path] if reference not in edges)
        edges.update(self.database.closure_edges(registered))
        return edges

    def references(self, path: str) -> list[str]:
        """What a valid path refers to, sorted."""
        return sorted(self.query_path_info(path).references)

    def referrers(self, path: str) -> list[str]:
        """The valid paths that refer to `path`, sorted."""
        self.flush()
        return self.database.referrers(path)

    def derivers_of(self, path: str) -> list[str]:
        """The valid derivations that make `path`."""
        self.flush()
        return self.database.derivers_of(path)

    def dump_archive(self, path: str, sink: nar.Sink) -> None:
        """Write the archive of a valid path to `sink`, from its files."""
        self.query_path_info(path)
        nar.dump_path(self.real_path(path), sink)

    # Derivations

    def read_derivation(self, path: str) -> Derivation:
        """The derivation in a `.drv` file of the store."""
        known = self._derivations.get(path)
        if known is None:
            try:
                known = parse(self.real_path(path).read_bytes())
            except FileNotFoundError:
                raise NotValid(f"derivation '{path}' is not in the store") from None
            self._derivations[path] = known
        return known

    def write_derivation(self, drv: Derivation, name: str = "") -> str:
        """Add a `.drv` file; `name` is without the suffix."""
        path = self.add_text((name or drv.name) + DRV_SUFFIX, serialize(drv), drv.references())
        self._derivations.setdefault(path, drv)
        return path

    def derivation_hash(self, path: str) -> str:
        """The hash that stands for the derivation inside others (`hash_modulo`), in base16."""
        known = self._derivation_hashes.get(path)
        if known is None:
            known = self._derivation_hashes[path] = hash_modulo(self.read_derivation(path), self.derivation_hash)
        return known

    # Adding

    def add_text(self, name: str, data: bytes, references: Iterable[str] = ()) -> str:
        """Add a plain file whose references are known, such as a `.drv`."""
        references = frozenset(references)
        content = hash_bytes("sha256", data)
        path = make_text_path(check_name(name), content, references, self.store_dir)
        self.add_temp_root(path)
        if self.is_valid(path):
            return path
        archive = nar.dump_bytes(data)
        info = PathInfo(
            path,
            hash_bytes("sha256", archive),
            len(archive),
            references,
            ultimate=True,
            content_address=text_content_address(content),
        )
        with explaining(f"add '{name}' to the store"):
            temporary = self.temporary_path()
            try:
                temporary.write_bytes(data)
                self.install(temporary, info)
            except BaseException:
                remove_tree(temporary)
                raise
        return path

    def add_path(
        self,
        source: Path,
        name: str,
        *,
        recursive: bool = True,
        algorithm: str = "sha256",
        keep: nar.Keep | None = None,
        expected: Hash | None = None,
    ) -> str:
        """Copy a file or tree into the store under the path that its content gives it.

        `keep(relative path, kind)` leaves files out. `expected` refuses content with another hash.
        """
        check_name(name)
        keep = nar.remember(keep)
        with explaining(f"add '{source}' to the store"):
            content, copied = self._hash_source(source, name, recursive, algorithm, keep, copies=expected is None)
            try:
                if expected is not None and expected != content:
                    raise StoreError(
                        f"hash mismatch in '{source}':\n  expected: {expected.sri()}\n  got:      {content.sri()}",
                        code="hash-mismatch",
                    )
                path = make_fixed_output_path(name, content, recursive, (), self.store_dir)
                self.add_temp_root(path)
                if not self.is_valid(path):
                    copied = copied or self._copy_source(source, content, recursive, keep)
                    address = fixed_content_address(content, recursive)
                    self.install(
                        copied.place, PathInfo(path, copied.hash, copied.size, ultimate=True, content_address=address)
                    )
            finally:
                if copied is not None:
                    remove_tree(copied.place)
        return path

    def _hash_source(
        self, source: Path, name: str, recursive: bool, algorithm: str, keep: nar.Keep | None, *, copies: bool
    ) -> tuple[Hash, CopiedTree | None]:
        """The hash that names a source. Of a large tree that is hardly here yet also the copy: it is read once only."""
        from osconf.store.copying import copy_hashed, hash_small

        if not recursive:
            return hash_file(algorithm, source), None
        small = hash_small(source, _LARGE_BYTES, keep) if algorithm == "sha256" else None
        if small is not None:
            return small, None
        if algorithm == "sha256" and copies and not self.read_only and not self._has_name(name):
            copied = copy_hashed(source, self.temporary_path(), keep)
            return copied.hash, copied
        return nar.hash_path(source, algorithm, keep)[0], None

    def _has_name(self, name: str) -> bool:
        pending = any(parse_store_path(path, self.store_dir).name == name for path in list(self._pending))
        return pending or self.database.has_name(name, self.store_dir)

    def _copy_source(self, source: Path, content: Hash, recursive: bool, keep: nar.Keep | None) -> CopiedTree:
        """Copy what was hashed before."""
        from osconf.store.copying import CopiedTree, copy_hashed

        place = self.temporary_path()
        try:
            if recursive:
                copied = copy_hashed(source, place, keep)
                got = copied.hash if content.algorithm == "sha256" else nar.hash_path(place, content.algorithm)[0]
            else:
                import shutil

                shutil.copyfile(source, place)
                copied = CopiedTree(place, *nar.hash_path(place))
                got = hash_file(content.algorithm, place)
            if got != content:
                raise StoreError(f"'{source}' changed while it was copied", code="file-changed")
        except BaseException:
            remove_tree(place)
            raise
        return copied

    def check_writable(self) -> None:
        """Raise `StoreError` when this store was opened to be read."""
        if self.read_only:
            why = "its filesystem is read-only" if is_read_only(self.layout.store) else "permission denied"
            raise StoreError(
                f"the store below {self.root} cannot be written: {why}",
                code="store-not-writable",
                hint="be root, have its daemon run, or use a store of your own: `--store DIR` or OSCONF_STORE=DIR",
            )

    def temporary_path(self) -> Path:
        """A fresh place on the store's filesystem and mount; the caller makes it and moves or removes it."""
        self.check_writable()
        with self._lock:
            return self.layout.temporary / f"{self._temporary_roots.owner()}-{next(self._numbers)}"

    def install(self, temporary: Path, info: PathInfo) -> None:
        """Give content at a temporary place (see `temporary_path`) its name and put it into the pending batch.

        The caller vouches for `info`, its hash above all. The path should be a temporary root already.
        """
        real = self.real_path(info.path)
        canonicalise(temporary)
        lock = self._acquire_lock(real.name)
        is_kept = False
        try:
            if self.is_valid(info.path):
                # What is known of it stays, too: this information may come from somebody less trusted.
                remove_tree(temporary)
                return
            # Another process may have left the same content; content decides whether it stays.
            if real.exists() or real.is_symlink():
                if nar.hash_path(real)[0] == info.nar_hash:
                    remove_tree(temporary)
                else:
                    remove_tree(real)
                    move_into_place(temporary, real)
            else:
                move_into_place(temporary, real)
            with self._lock:
                self._pending[info.path] = replace(info, registration_time=int(time.time()))
                if not info.has_one_content:
                    # Until it is registered, nobody may put another content in its place.
                    self._keep_lock(lock)
                    is_kept = True
                full = len(self._pending) >= _MAX_PENDING or len(self._pending_locks) >= _MAX_LOCKS
        finally:
            if not is_kept:
                lock.release()
        if full:
            self.flush()

    def _acquire_lock(self, name: str) -> PathLock:
        """Take the lock on a path's name. Who waits registers what it made: its holder may wait for a lock of ours."""
        lock = PathLock(self.layout.locks, name)
        wait = LockWait(lock.file, f"'{name}'", limit=PATH_LIMIT_SECONDS)
        while not lock.try_acquire():
            self.flush()
            wait.pause()
        return lock

    def _keep_lock(self, lock: PathLock) -> None:
        """Give the lock back when what is pending is registered, which is soon: what comes next may take long."""
        self._pending_locks.append(lock)
        if self._late is None:
            self._late = threading.Timer(_LOCK_SECONDS, self._flush_late)
            self._late.daemon = True
            self._late.start()

    def _flush_late(self) -> None:
        with self._lock:
            if self._late is None:
                return
            self._late = None
            # What fails is left to the next flush, whose caller hears of it.
            with suppress(StoreError):
                self._register(self._pending.values())
                self._settle()

    def import_archive(self, info: PathInfo, source: BinaryIO, *, origin: str = "the stream") -> None:
        """Add a path from its archive, whose hash and size must be those of `info`; what it refers to is here already.

        Whether `info` can be trusted was decided by the caller.
        """
        from osconf.store.claims import keep_provable
        from osconf.store.unpack import unpack_verified

        self.add_temp_root(info.path)
        temporary = self.temporary_path()
        with explaining(f"add '{info.path}' to the store"):
            try:
                unpack_verified(info, source, temporary, origin)
                self.install(temporary, keep_provable(self, info, temporary))
            except BaseException:
                remove_tree(temporary)
                raise

    # Registering

    def flush(self) -> None:
        """Sync what was added and register it. Cheap when nothing is pending."""
        with self._lock:
            if not self._pending:
                return
            try:
                self._register(self._pending.values())
            except StoreError as error:
                if error.code == "reference-not-valid":
                    self._drop_unfounded()
                raise
            self._settle()

    def _drop_unfounded(self) -> None:
        """Forget what refers to paths that are not valid: it must not keep the rest of the batch from being kept."""
        references = {reference for info in self._pending.values() for reference in info.references}
        valid = self.database.valid_among(references)
        while True:
            known = valid | self._pending.keys()
            bad = [path for path, info in self._pending.items() if not info.references <= known]
            if not bad:
                return
            for path in bad:
                del self._pending[path]
            names = {path.rpartition("/")[2] for path in self._pending}
            for lock in self._pending_locks:
                if lock.name not in names:
                    lock.release()
            self._pending_locks = [lock for lock in self._pending_locks if lock.name in names]

    def register(self, infos: Iterable[PathInfo]) -> None:
        """Make paths valid whose canonical content is in place: one sync, one transaction."""
        self.check_writable()
        with self._lock:
            batch = dict(self._pending)
            batch.update((info.path, info) for info in infos)
            self._register(batch.values())
            self._settle()

    def add_built(self, infos: Iterable[PathInfo], locks: Iterable[PathLock] = ()) -> None:
        """Put finished outputs, in place under their names, into the pending batch.

        The locks on their names are kept until they are registered: another process must not take the files for
        leftovers. Whoever waits for a lock calls `flush` first, or two processes could wait for each other.
        """
        with self._lock:
            self._pending.update((info.path, replace(info, registration_time=int(time.time()))) for info in infos)
            self._pending_locks.extend(locks)

    def _settle(self) -> None:
        self._forget_late()
        self._pending.clear()
        for lock in self._pending_locks:
            lock.release()
        self._pending_locks.clear()

    def _forget_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _register(self, infos: Iterable[PathInfo]) -> None:
        infos = list(infos)
        outputs = {
            info.path: {name: output.path for name, output in self.read_derivation(info.path).outputs.items()}
            for info in infos
            if info.path.endswith(DRV_SUFFIX)
        }
        if self.durable:
            with explaining("write the new store paths to the disk"):
                sync_filesystem(self.layout.store)
        self.database.register(infos, outputs)

    def scan_content(self, real: Path, candidates: Iterable[str]) -> tuple[Hash, int, frozenset[str]]:
        """The archive hash and size of a tree, and which of the candidates it mentions, in one reading."""
        from osconf.store.scan import ReferenceScanner

        scanner = ReferenceScanner(candidates)
        hasher = new_hasher("sha256")
        size = 0

        def take(data: bytes | memoryview) -> None:
            nonlocal size
            size += len(data)
            hasher.update(data)
            scanner(data)

        nar.dump_path(real, take)
        return Hash("sha256", hasher.digest()), size, scanner.references()

    def load_registration(self, entries: Sequence[Mapping[str, object]]) -> list[str]:
        """Register paths that an image builder put in place; returns those that were new.

        Each entry has `path`, `narHash`, `narSize` and `references`, as `exportReferencesGraph` writes them. What is
        missing on the disk, or valid already, is left out.
        """
        infos = []
        for entry in entries:
            path = str(entry["path"])
            parse_store_path(path, self.store_dir)
            references = entry.get("references") or ()
            if not isinstance(references, Iterable):
                raise StoreError(f"the registration of '{path}' has references that are not a list")
            deriver = entry.get("deriver")
            infos.append(
                PathInfo(
                    path,
                    Hash.parse(str(entry["narHash"])),
                    int(str(entry["narSize"])),
                    frozenset(map(str, references)),
                    deriver=str(deriver) if deriver else None,
                    ultimate=True,
                )
            )
        valid = self.valid_among(info.path for info in infos)
        new = [info for info in infos if info.path not in valid and os.path.lexists(self.real_path(info.path))]
        if new:
            self.register(new)
        return [info.path for info in new]

    # Roots and garbage

    def add_temp_root(self, path: str) -> None:
        """Keep a path (valid or yet to be made) until this process ends."""
        self.add_temp_roots((path,))

    def add_temp_roots(self, paths: Iterable[str]) -> None:
        """Keep many paths until this process ends."""
        if not self.read_only:
            with self._lock:
                self._temporary_roots.add(paths)

    def add_root(self, link: Path, target: str) -> None:
        """Make `link` point at a store path and keep that path as long as the link does."""
        self.check_writable()
        self.flush()
        roots.add_root(self.layout, link, target)
        if self.durable:
            sync_directory(self.layout.roots / "auto")
            sync_directory(link.parent)

    def roots(self) -> dict[str, set[str]]:
        """Each store path that something keeps alive, with what does: links, processes, temporary roots."""
        self.flush()
        return roots.find_roots(self.layout)

    def collect_garbage(self, options: GcOptions | None = None) -> GcResult:
        """Remove what no root needs."""
        self.check_writable()
        from osconf.store.gc import GcOptions, collect_garbage

        release_space(self.layout)
        self.flush()
        result = collect_garbage(self.layout, self.database, options or GcOptions())
        reserve_space(self.layout)
        return result

    def delete(self, paths: Iterable[str], *, ignore_liveness: bool = False) -> GcResult:
        """Remove these paths; refused for one that is alive or referred to."""
        self.check_writable()
        from osconf.store.gc import delete_paths

        self.flush()
        return delete_paths(self.layout, self.database, set(paths), ignore_liveness=ignore_liveness)

    def verify(
        self,
        *,
        check_contents: bool = False,
        repair: Repair | None = None,
        paths: Iterable[str] | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> VerifyReport:
        """Compare the files with the database; `repair` is asked to make a bad path good again."""
        from osconf.store.verify import verify_store

        self.flush()
        return verify_store(
            self.layout, self.database, check_contents=check_contents, repair=repair, paths=paths, progress=progress
        )

    def add_signatures(self, signatures: Mapping[str, Iterable[str]]) -> None:
        """Keep more signatures of valid paths."""
        self.check_writable()
        self.flush()
        self.database.set_signatures(
            {path: {*self.query_path_info(path).signatures, *texts} for path, texts in signatures.items()}
        )

    def invalidate(self, paths: Iterable[str]) -> None:
        """Forget paths that nothing valid refers to; their files become leftovers that the next gc removes."""
        self.check_writable()
        self.flush()
        self.database.invalidate(paths)
