"""A store in memory, for tests: the same answers as the others give, archives in the place of files.

There are no files to read at `real_path`; `dump_archive` gives a path's content. Links are names alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.derivation import parse
from osconf.model.hashes import Hash, hash_bytes, hash_file
from osconf.model.nar import BadArchive
from osconf.model.path_info import PathInfo, fixed_content_address, text_content_address
from osconf.model.store_path import (
    DEFAULT_STORE_DIR,
    DRV_SUFFIX,
    check_name,
    make_fixed_output_path,
    make_text_path,
)
from osconf.store.abstract import AbstractStore, check_expected
from osconf.store.closure import order_references_first, reachable
from osconf.store.gc import GcOptions, GcResult
from osconf.store.layout import StoreLayout
from osconf.store.places import NotValid
from osconf.store.verify import Repair, VerifyReport


class MemoryStore(AbstractStore):
    """Paths with their archives, in dictionaries."""

    def __init__(self, store_dir: str = DEFAULT_STORE_DIR, root: Path = Path("/nowhere")) -> None:
        super().__init__(StoreLayout(root, store_dir))
        self._infos: dict[str, PathInfo] = {}
        self._archives: dict[str, bytes] = {}
        self._links: dict[Path, str] = {}
        self._temporary: set[str] = set()

    # Asking

    def is_valid(self, path: str) -> bool:
        """See `Store.is_valid`."""
        return path in self._infos

    def valid_among(self, paths: Iterable[str]) -> set[str]:
        """See `Store.valid_among`."""
        return set(paths) & self._infos.keys()

    def query_path_info(self, path: str) -> PathInfo:
        """See `Store.query_path_info`."""
        try:
            return self._infos[path]
        except KeyError:
            raise NotValid(f"path '{path}' is not valid") from None

    def valid_paths(self) -> list[str]:
        """See `Store.valid_paths`."""
        return sorted(self._infos)

    def path_with_hash_part(self, hash_part: str) -> str | None:
        """See `Store.path_with_hash_part`."""
        prefix = f"{self.store_dir}/{hash_part}"
        return next((path for path in self.valid_paths() if path.startswith(prefix)), None)

    def closure_edges(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """See `Store.closure_edges`."""
        edges: dict[str, list[str]] = {}
        todo = set(paths) & self._infos.keys()
        while todo:
            path = todo.pop()
            edges[path] = [reference for reference in sorted(self._infos[path].references) if reference != path]
            todo.update(reference for reference in edges[path] if reference not in edges)
        return edges

    def referrers(self, path: str) -> list[str]:
        """See `Store.referrers`."""
        return sorted(other for other, info in self._infos.items() if path in info.references)

    def derivers_of(self, path: str) -> list[str]:
        """See `Store.derivers_of`."""
        return [
            drv
            for drv in self.valid_paths()
            if drv.endswith(DRV_SUFFIX)
            and path in (output.path for output in self.read_derivation(drv).outputs.values())
        ]

    def dump_archive(self, path: str, sink: nar.Sink) -> None:
        """See `Store.dump_archive`."""
        self.query_path_info(path)
        sink(self._archives[path])

    # Adding

    def add_text(self, name: str, data: bytes, references: Iterable[str] = ()) -> str:
        """See `Store.add_text`."""
        references = frozenset(references)
        content = hash_bytes("sha256", data)
        path = make_text_path(check_name(name), content, references, self.store_dir)
        self._add(path, nar.dump_bytes(data), references, text_content_address(content))
        if name.endswith(DRV_SUFFIX):
            self._derivations[path] = parse(data)
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
        """See `Store.add_path`."""
        check_name(name)
        archive = io.BytesIO()
        nar.dump_path(source, archive.write, keep)
        content = hash_bytes(algorithm, archive.getvalue()) if recursive else hash_file(algorithm, source)
        check_expected(source, expected, content)
        path = make_fixed_output_path(name, content, recursive, (), self.store_dir)
        data = archive.getvalue() if recursive else nar.dump_bytes(source.read_bytes())
        self._add(path, data, frozenset(), fixed_content_address(content, recursive))
        return path

    def import_archive(self, info: PathInfo, source: BinaryIO, *, origin: str = "the stream") -> None:
        """See `Store.import_archive`."""
        data = source.read(info.nar_size + 1)
        if (hash_bytes("sha256", data), len(data)) != (info.nar_hash, info.nar_size):
            raise BadArchive(f"the archive of '{info.path}' from '{origin}' does not have the promised hash")
        self._register(info, data)

    def _add(self, path: str, archive: bytes, references: frozenset[str], address: str) -> None:
        content = hash_bytes("sha256", archive)
        self._register(
            PathInfo(path, content, len(archive), references, ultimate=True, content_address=address), archive
        )

    def _register(self, info: PathInfo, archive: bytes) -> None:
        for reference in info.references - {info.path}:
            if reference not in self._infos:
                raise StoreError(
                    f"path '{info.path}' refers to '{reference}', which is not valid", code="reference-not-valid"
                )
        self._temporary.add(info.path)
        self._infos.setdefault(info.path, replace(info, registration_time=1))
        self._archives.setdefault(info.path, archive)

    def add_signatures(self, signatures: Mapping[str, Iterable[str]]) -> None:
        """See `Store.add_signatures`."""
        for path, texts in signatures.items():
            known = self.query_path_info(path)
            self._infos[path] = replace(known, signatures=tuple(sorted({*known.signatures, *texts})))

    # Roots and garbage

    def add_temp_root(self, path: str) -> None:
        """See `Store.add_temp_root`."""
        self._temporary.add(path)

    def add_root(self, link: Path, target: str) -> None:
        """See `Store.add_root`."""
        self._links[link] = target

    def roots(self) -> dict[str, set[str]]:
        """See `Store.roots`."""
        found: dict[str, set[str]] = {}
        for link, target in self._links.items():
            found.setdefault(self.store_path_of(target), set()).add(str(link))
        return found

    def collect_garbage(self, options: GcOptions = GcOptions()) -> GcResult:  # noqa: B008 - frozen
        """See `Store.collect_garbage`."""
        edges = self.closure_edges(self._infos)
        alive = reachable(edges, {*self.roots(), *self._temporary})
        dead = [path for path in reversed(order_references_first(edges)) if path not in alive]
        if not options.dry_run:
            for path in dead:
                self._forget(path)
        return GcResult(tuple(dead), 0)

    def delete(self, paths: Iterable[str], *, ignore_liveness: bool = False) -> GcResult:
        """See `Store.delete`."""
        chosen = set(paths)
        alive = set() if ignore_liveness else reachable(self.closure_edges(self._infos), {*self.roots()})
        for path in sorted(chosen):
            self.query_path_info(path)
            if path in alive:
                raise StoreError(f"path '{path}' is alive", code="path-alive")
            users = set(self.referrers(path)) - chosen
            if users:
                raise StoreError(f"path '{path}' is in use: '{min(users)}' refers to it", code="path-in-use")
        for path in chosen:
            self._forget(path)
        return GcResult(tuple(sorted(chosen)), 0)

    def _forget(self, path: str) -> None:
        del self._infos[path], self._archives[path]

    def verify(
        self,
        *,
        check_contents: bool = False,
        repair: Repair | None = None,
        paths: Iterable[str] | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> VerifyReport:
        """See `Store.verify`."""
        wanted = sorted(self._infos if paths is None else paths)
        changed = [path for path in wanted if hash_bytes("sha256", self._archives[path]) != self._infos[path].nar_hash]
        return VerifyReport(len(wanted), changed=changed)

    def flush(self) -> None:
        """See `Store.flush`."""

    def close(self) -> None:
        """See `Store.close`."""
        self._temporary.clear()
