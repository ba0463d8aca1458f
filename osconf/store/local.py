"""The store of this machine: asking for paths, adding them, keeping and collecting them.

What is added is a temporary root first, is written beside and hashed; then the registrar makes it valid. It waits in a
batch until `flush`: this process sees it at once, others when it is registered. Building is `osconf.build`'s business.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.derivation import hash_modulo
from osconf.model.hashes import Hash, hash_bytes, hash_file
from osconf.model.path_info import PathInfo, fixed_content_address, text_content_address
from osconf.model.store_path import (
    DEFAULT_STORE_DIR,
    check_name,
    is_store_path,
    make_fixed_output_path,
    make_text_path,
    parse_store_path,
)
from osconf.store import roots
from osconf.store.abstract import AbstractStore, check_expected
from osconf.store.canonical import explaining, remove_tree, sync_directory
from osconf.store.database import Database
from osconf.store.layout import StoreLayout
from osconf.store.locks import TemporaryRoots
from osconf.store.lost import check_not_lost
from osconf.store.places import NotValid
from osconf.store.readonly import ensure_writable, explain_unwritable
from osconf.store.registrar import Registrar
from osconf.store.reserve import release_space, reserve_space, restore_space

if TYPE_CHECKING:
    from osconf.store.copying import CopiedTree
    from osconf.store.gc import GcOptions, GcResult
    from osconf.store.verify import Repair, VerifyReport

_LARGE_BYTES = 32 << 20


class LocalStore(AbstractStore):
    """A store on the local disk. Safe for threads; many processes may share it."""

    def __init__(self, layout: StoreLayout, database: Database, *, read_only: bool, durable: bool) -> None:
        super().__init__(layout)
        self.database = database
        self.read_only = read_only
        self.durable = durable
        self.registrar = Registrar(layout, database, self.read_derivation, durable=durable)
        self._derivation_hashes: dict[str, str] = {}
        self._temporary_roots = TemporaryRoots(layout.temporary_roots, layout.gc_lock)

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

    def close(self) -> None:
        """Register what is pending and let go of the temporary roots."""
        try:
            self.registrar.close()
        finally:
            self._temporary_roots.close()
            self.database.close()

    # Asking

    def is_valid(self, path: str) -> bool:
        """Whether the path may be used."""
        return path in self.registrar.pending or self.database.is_valid(path)

    def valid_among(self, paths: Iterable[str]) -> set[str]:
        """Those of `paths` that are valid."""
        paths = set(paths)
        # First those that wait: meanwhile another thread may register them.
        pending = paths & self.registrar.pending.keys()
        return pending | self.database.valid_among(paths - pending)

    def query_path_info(self, path: str) -> PathInfo:
        """What is known of a valid path; raises `NotValid` for another."""
        info = self.registrar.pending.get(path) or self.database.query_path_info(path)
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

    def closure_edges(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """Each path of the closure with what it refers to (itself left out); invalid paths are missing."""
        edges: dict[str, list[str]] = {}
        registered: set[str] = set()
        todo = set(paths)
        while todo:
            path = todo.pop()
            info = self.registrar.pending.get(path)
            if info is None:
                registered.add(path)
            else:
                edges[path] = [reference for reference in info.references if reference != path]
                todo.update(reference for reference in edges[path] if reference not in edges)
        edges.update(self.database.closure_edges(registered))
        return edges

    def referrers(self, path: str) -> list[str]:
        """The valid paths that refer to `path`, sorted."""
        self.flush()
        return self.database.referrers(path)

    def derivers_of(self, path: str) -> list[str]:
        """The valid derivations that make `path`."""
        self.flush()
        return self.database.derivers_of(path)

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
                self.registrar.install(temporary, info)
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
        from osconf.store.copying import copy_checked

        check_name(name)
        keep = nar.remember(keep)
        with explaining(f"add '{source}' to the store"):
            content, copied = self._hash_source(source, name, recursive, algorithm, keep, copies=expected is None)
            try:
                check_expected(source, expected, content)
                path = make_fixed_output_path(name, content, recursive, (), self.store_dir)
                self.add_temp_root(path)
                if not self.is_valid(path):
                    copied = copied or copy_checked(source, self.temporary_path(), content, recursive, keep)
                    address = fixed_content_address(content, recursive)
                    self.registrar.install(
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
        pending = any(parse_store_path(path, self.store_dir).name == name for path in list(self.registrar.pending))
        return pending or self.database.has_name(name, self.store_dir)

    def check_writable(self) -> None:
        """Raise `StoreError` when this store was opened to be read."""
        if self.read_only:
            raise explain_unwritable(self.layout)

    def temporary_path(self) -> Path:
        """A fresh place on the store's filesystem and mount; the caller makes it and moves or removes it."""
        self.check_writable()
        return self.layout.temporary / self._temporary_roots.fresh_name()

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
                self.registrar.install(temporary, keep_provable(self, info, temporary))
            except BaseException:
                remove_tree(temporary)
                raise

    # Registering

    def flush(self) -> None:
        """Sync what was added and register it. Cheap when nothing is pending."""
        self.registrar.flush()

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
            self.registrar.register(new)
        return [info.path for info in new]

    # Roots and garbage

    def add_temp_root(self, path: str) -> None:
        """Keep a path (valid or yet to be made) until this process ends."""
        self.add_temp_roots((path,))

    def add_temp_roots(self, paths: Iterable[str]) -> None:
        """Keep many paths until this process ends."""
        if not self.read_only:
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
        from osconf.store.gc import GcOptions, collect_garbage

        options = options or GcOptions()
        if options.dry_run:
            self.flush()
            return collect_garbage(self.layout, self.database, options)
        self.check_writable()
        release_space(self.layout)
        try:
            self.flush()
            return collect_garbage(self.layout, self.database, options)
        finally:
            restore_space(self.layout)

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
