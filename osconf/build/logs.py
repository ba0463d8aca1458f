"""Build logs: compressed files in the state directory, one per derivation, the newest build's."""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from osconf.log import logger
from osconf.model.store_path import DRV_SUFFIX
from osconf.store.canonical import explaining, write_file_atomically
from osconf.store.compression import DAMAGED, SUFFIXES, open_packed, open_unpacked

if TYPE_CHECKING:
    from osconf.store.binary_cache import BinaryCache
    from osconf.store.interface import Store
    from osconf.store.local import LocalStore

TAIL_LINES = 25
_CHUNK = 1 << 16
# A builder that never ends its line fills no memory.
_LONGEST_LINE = 1 << 20


def log_path(store: Store, drv_path: str) -> Path:
    """Where the log of a derivation is kept; the file exists when it was built here and said something."""
    base_name = drv_path.rpartition("/")[2]
    suffix = SUFFIXES[store.layout.log_compression]
    return store.layout.logs / base_name[:2] / f"{base_name[2:]}{suffix}"


def read_log(store: Store, path: str, caches: Iterable[BinaryCache] = ()) -> str | None:
    """The text of what `find_log` finds."""
    found = find_log(store, path, caches)
    return None if found is None else found[1].decode("utf-8", "replace")


def find_log(store: Store, path: str, caches: Iterable[BinaryCache] = ()) -> tuple[str, bytes] | None:
    """A derivation, or the one that made an output, and the log of its newest build; None when there is none.

    The caches are asked in turn where the log is not here.
    """
    known = _derivers(store, path)
    for drv_path in known:
        with suppress(FileNotFoundError), log_path(store, drv_path).open("rb") as file:
            return drv_path, _decompress(file, store.layout.log_compression)
    for cache in caches:
        for drv_path in known or _derivers_in(cache, path):
            log = cache.read_log(drv_path)
            if log is not None:
                return drv_path, log
    return None


def keep_log(store: LocalStore, drv_path: str, log: bytes) -> None:
    """Keep the log of a build that another machine made; one that is here stays."""
    place = log_path(store, drv_path)
    if place.exists():
        return
    packed = io.BytesIO()
    writer = open_packed(packed, store.layout.log_compression)
    writer.write(log)
    writer.close()
    with explaining(f"keep the log of '{drv_path}'"):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_file_atomically(place, packed.getvalue(), durable=False)


def _decompress(file: BinaryIO, compression: str) -> bytes:
    """A log's text as far as it can be read: nothing syncs it, so a power cut may have damaged its end."""
    text = bytearray()
    with suppress(*DAMAGED), open_unpacked(file, compression, one_frame=True) as reader:
        while chunk := reader.read(_CHUNK):
            text += chunk
    return bytes(text)


def _derivers(store: Store, path: str) -> list[str]:
    if path.endswith(DRV_SUFFIX):
        return [path]
    recorded = store.query_path_info(path).deriver if store.is_valid(path) else None
    return [*([recorded] if recorded else []), *store.derivers_of(path)]


def _derivers_in(cache: BinaryCache, path: str) -> list[str]:
    narinfo = cache.query(path)
    return [narinfo.info.deriver] if narinfo is not None and narinfo.info.deriver else []


def _shown(line: bytes) -> str:
    """What a line is on a terminal, where returns of the carriage write over what was there."""
    return line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")


class BuildLog:
    """Takes a builder's output: as it is to the file, in lines to the audience, and the last lines for the error."""

    def __init__(self, path: Path, listen: Callable[[str], None]) -> None:
        self.path = path
        self.compression = next(name for name, suffix in SUFFIXES.items() if suffix == path.suffix)
        self.listen = listen
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._file: BinaryIO | None = None
        self._writer: Any = None
        self._lock = threading.Lock()
        self._partial = b""
        self._is_lost = False

    def line(self, text: str) -> None:
        """Take one line without its end."""
        self._tell(text)
        self._write(text.encode("utf-8", "surrogateescape") + b"\n")

    def data(self, data: bytes) -> None:
        """Take raw output: kept as it is, told line by line."""
        self._write(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > _LONGEST_LINE:
            lines.append(self._partial)
            self._partial = b""
        for line in lines:
            self._tell(_shown(line))

    def _tell(self, text: str) -> None:
        self.listen(text)
        self.tail.append(text)

    def _write(self, data: bytes) -> None:
        with self._lock:
            if not self._is_lost:
                self._keep(lambda: self._open().write(data))

    def _open(self) -> Any:
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("wb")
            self._writer = open_packed(self._file, self.compression)
        return self._writer

    def tail_text(self) -> str:
        """The last lines."""
        return "\n".join(self.tail)

    def close(self) -> None:
        """Finish the file."""
        if self._partial:
            self._tell(_shown(self._partial))
            self._partial = b""
        if self._writer is not None and self._file is not None:
            self._keep(self._writer.close)
            self._keep(self._file.close)
            self._writer = self._file = None

    def _keep(self, write: Callable[[], object]) -> None:
        """Write to the file; a log that cannot be kept (a full disk) does not fail the build."""
        try:
            write()
        except OSError as error:
            self._is_lost = True
            logger.warning("cannot keep the log %s: %s", self.path, error)
