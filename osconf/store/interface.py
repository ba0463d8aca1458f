"""What evaluating, querying and copying ask of a store, whichever kind it is.

`LocalStore` is the store of this machine opened directly, `osconf.daemon.client.DaemonStore` the same store behind the
daemon, `MemoryStore` one for tests. Building is asked of `osconf.rebuild.building`, which knows how each kind builds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from osconf.model.derivation import Derivation
    from osconf.model.hashes import Hash
    from osconf.model.nar import Keep, Sink
    from osconf.model.path_info import PathInfo
    from osconf.store.gc import GcOptions, GcResult
    from osconf.store.layout import StoreLayout
    from osconf.store.verify import Repair, VerifyReport


class Store(Protocol):
    """A store whose files can be read at `real_path`. What is added is valid for others after `flush`."""

    layout: StoreLayout

    @property
    def store_dir(self) -> str:
        """The logical store directory."""

    @property
    def root(self) -> Path:
        """The directory below which the physical store is."""

    def real_path(self, path: str) -> Path:
        """The physical place of a store path, or of a file inside one."""

    def store_path_of(self, path: str) -> str:
        """The store path that a path is at or in."""

    def locate(self, path: str | Path) -> str:
        """The logical path that a path leads to, through links outside the store."""

    def resolve(self, path: str | Path) -> str:
        """The store path that a path leads to or into."""

    def is_valid(self, path: str) -> bool:
        """Whether the path may be used."""

    def valid_among(self, paths: Iterable[str]) -> set[str]:
        """Those of `paths` that are valid."""

    def query_path_info(self, path: str) -> PathInfo:
        """What is known of a valid path; raises `NotValid` for another."""

    def valid_paths(self) -> list[str]:
        """Every valid path, sorted."""

    def path_with_hash_part(self, hash_part: str) -> str | None:
        """The valid path with this hash part, if there is one."""

    def closure(self, paths: Iterable[str]) -> list[str]:
        """The paths and everything they refer to, references first, in a fixed order."""

    def closure_edges(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """Each path of the closure with what it refers to (itself left out)."""

    def references(self, path: str) -> list[str]:
        """What a valid path refers to, sorted."""

    def referrers(self, path: str) -> list[str]:
        """The valid paths that refer to `path`, sorted."""

    def derivers_of(self, path: str) -> list[str]:
        """The valid derivations that make `path`."""

    def dump_archive(self, path: str, sink: Sink) -> None:
        """Write the archive of a valid path to `sink`."""

    def read_derivation(self, path: str) -> Derivation:
        """The derivation in a `.drv` file of the store."""

    def write_derivation(self, drv: Derivation, name: str = "") -> str:
        """Add a `.drv` file; its path."""

    def add_text(self, name: str, data: bytes, references: Iterable[str] = ()) -> str:
        """Add a plain file whose references are known; its path."""

    def add_path(
        self,
        source: Path,
        name: str,
        *,
        recursive: bool = True,
        algorithm: str = "sha256",
        keep: Keep | None = None,
        expected: Hash | None = None,
    ) -> str:
        """Copy a file or tree into the store under the path that its content gives it."""

    def import_archive(self, info: PathInfo, source: BinaryIO, *, origin: str = "the stream") -> None:
        """Add a path from its archive; what it refers to is here already."""

    def add_temp_root(self, path: str) -> None:
        """Keep a path (valid or yet to be made) until this store is closed."""

    def add_root(self, link: Path, target: str) -> None:
        """Make `link` point at a store path and keep that path as long as the link does."""

    def roots(self) -> dict[str, set[str]]:
        """Each store path that something keeps alive, with what does."""

    def collect_garbage(self, options: GcOptions = ...) -> GcResult:
        """Remove what no root needs."""

    def delete(self, paths: Iterable[str], *, ignore_liveness: bool = False) -> GcResult:
        """Remove these paths; refused for one that is alive or referred to."""

    def verify(
        self,
        *,
        check_contents: bool = False,
        repair: Repair | None = None,
        paths: Iterable[str] | None = None,
        progress: Callable[[int, int], None] = ...,
    ) -> VerifyReport:
        """Compare the files with the database."""

    def add_signatures(self, signatures: Mapping[str, Iterable[str]]) -> None:
        """Keep more signatures of valid paths."""

    def flush(self) -> None:
        """Make everything that was added valid for others."""

    def close(self) -> None:
        """Flush, and let go of the temporary roots."""
