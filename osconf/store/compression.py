"""How archives in a binary cache are packed: everything that Nix writes and Python can read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from importlib import import_module
from typing import Any, BinaryIO, cast

import zstandard

from osconf.errors import StoreError
from osconf.store.narinfo import BadNarInfo

SUFFIXES = {"none": "", "zstd": ".zst", "xz": ".xz", "bzip2": ".bz2", "gzip": ".gz"}
"""What can be written, with the ends of file names."""
READABLE = frozenset((*SUFFIXES, "lzma", "br", ""))
"""What can be read."""

DAMAGED: tuple[type[Exception], ...] = (zstandard.ZstdError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError)
"""What readers raise when a file is not sound."""

_READ = 1 << 16


def open_packed(file: BinaryIO, compression: str) -> Any:
    """A file to write to, packed into `file`, which stays open when this is closed."""
    if compression == "zstd":
        return zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False)
    if compression == "xz":
        return lzma.LZMAFile(file, "wb", preset=1)
    if compression == "bzip2":
        return bz2.BZ2File(file, "wb")
    if compression == "gzip":
        return gzip.GzipFile("", "wb", fileobj=file, mtime=0)
    if compression == "none":
        return _Plain(file)
    raise StoreError(f"unknown compression '{compression}'", hint=f"known are {', '.join(SUFFIXES)}")


class _Plain:
    """Packs nothing."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write
        self.close = file.flush


def open_unpacked(raw: BinaryIO, compression: str, *, one_frame: bool = False) -> Any:
    """A file to read the content of a packed one from; with `one_frame` what follows a zstd frame is not looked at."""
    if compression == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=not one_frame)
    if compression in ("xz", "lzma"):
        return lzma.open(raw)
    if compression == "bzip2":
        return bz2.open(raw)
    if compression == "gzip":
        return gzip.open(raw)
    if compression == "br":
        return io.BufferedReader(_Brotli(raw))
    if compression in ("none", ""):
        return raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, raw))
    raise BadNarInfo(f"archives packed with '{compression}' cannot be read")


class _Brotli(io.RawIOBase):
    """Reads what is packed with brotli, by the module of that name."""

    def __init__(self, raw: BinaryIO) -> None:
        try:
            brotli = import_module("brotli")
        except ImportError:
            raise StoreError(
                "the archive is packed with brotli, for which a Python module is missing",
                code="no-brotli",
                hint="install python3-brotli, or write the cache with '?compression=zstd'",
            ) from None
        self.raw = raw
        self.unpacker = brotli.Decompressor()
        self.pending = b""

    def readable(self) -> bool:
        """See `io.IOBase.readable`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase.readinto`."""
        while not self.pending:
            data = self.raw.read(_READ)
            if not data:
                if not self.unpacker.is_finished():
                    raise EOFError("the packed file ends too early")
                return 0
            try:
                self.pending = self.unpacker.process(data)
            except Exception as error:
                raise EOFError(f"brotli: {error}") from error
        count = min(len(buffer), len(self.pending))
        buffer[:count] = self.pending[:count]
        self.pending = self.pending[count:]
        return count
