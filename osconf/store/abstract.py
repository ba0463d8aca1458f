"""What every kind of store does in the same way, with the few things that each does in its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.derivation import Derivation, parse, serialize
from osconf.model.hashes import Hash
from osconf.model.path_info import PathInfo
from osconf.model.store_path import DRV_SUFFIX
from osconf.store.closure import order_references_first
from osconf.store.layout import StoreLayout
from osconf.store.places import NotValid, StorePlaces


class AbstractStore(StorePlaces, ABC):
    """Answers that follow from others. `osconf.store.interface` says all that a store is asked."""

    def __init__(self, layout: StoreLayout) -> None:
        super().__init__(layout)
        self._derivations: dict[str, Derivation] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Flush, and let go of the temporary roots."""

    @abstractmethod
    def query_path_info(self, path: str) -> PathInfo:
        """What is known of a valid path; raises `NotValid` for another."""

    @abstractmethod
    def closure_edges(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """Each path of the closure with what it refers to (itself left out); invalid paths are missing."""

    @abstractmethod
    def add_text(self, name: str, data: bytes, references: Iterable[str] = ()) -> str:
        """Add a plain file whose references are known, such as a `.drv`; its path."""

    def closure(self, paths: Iterable[str]) -> list[str]:
        """The paths and everything they refer to, references first, in a fixed order."""
        paths = sorted(set(paths))
        edges = self.closure_edges(paths)
        for path in paths:
            if path not in edges:
                self.query_path_info(path)
        return order_references_first(edges)

    def references(self, path: str) -> list[str]:
        """What a valid path refers to, sorted."""
        return sorted(self.query_path_info(path).references)

    def dump_archive(self, path: str, sink: nar.Sink) -> None:
        """Write the archive of a valid path to `sink`, from its files."""
        self.query_path_info(path)
        nar.dump_path(self.real_path(path), sink)

    def read_derivation(self, path: str) -> Derivation:
        """The derivation in a `.drv` file of the store."""
        known = self._derivations.get(path)
        if known is None:
            try:
                known = parse(self._read_text(path))
            except FileNotFoundError:
                raise NotValid(f"derivation '{path}' is not in the store") from None
            self._derivations[path] = known
        return known

    def _read_text(self, path: str) -> bytes:
        return self.real_path(path).read_bytes()

    def write_derivation(self, drv: Derivation, name: str = "") -> str:
        """Add a `.drv` file; `name` is without the suffix."""
        path = self.add_text((name or drv.name) + DRV_SUFFIX, serialize(drv), drv.references())
        self._derivations.setdefault(path, drv)
        return path


def check_expected(source: Path, expected: Hash | None, got: Hash) -> None:
    """Refuse a source that does not have the hash which is expected of it."""
    if expected is not None and expected != got:
        raise StoreError(
            f"hash mismatch in '{source}':\n  expected: {expected.sri()}\n  got:      {got.sri()}",
            code="hash-mismatch",
        )
