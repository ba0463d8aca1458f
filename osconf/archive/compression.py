"""Compressed files as they occur in archives: xz, gzip, zstd or plain, told apart by their first bytes."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from osconf.errors import ArchiveError

_XZ = b"\xfd7zXZ\x00"
_LZMA = b"\x5d\x00\x00"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


DAMAGE = (lzma.LZMAError, EOFError, gzip.BadGzipFile, zlib.error)
"""What reading damaged content raises (zstandard's error is turned into one of these)."""


class _ZstdReader(io.RawIOBase):
    """A zstd stream that raises the errors of `DAMAGE`."""

    def __init__(self, stream: BinaryIO) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            return int(self._reader.readinto(buffer))
        except self._error as error:
            raise EOFError(str(error)) from error


def open_decompressed(stream: BinaryIO, label: str) -> BinaryIO:
    """Wrap a seekable stream so that reading gives the plain bytes."""
    start = stream.read(6)
    stream.seek(-len(start), io.SEEK_CUR)
    if start.startswith((_XZ, _LZMA)):
        return cast("BinaryIO", lzma.LZMAFile(stream))
    if start.startswith(_GZIP):
        return cast("BinaryIO", gzip.GzipFile(fileobj=stream))
    if start.startswith(_ZSTD):
        return cast("BinaryIO", io.BufferedReader(_ZstdReader(stream), 1 << 20))
    if start.startswith(b"BZh"):
        raise ArchiveError(f"{label} is compressed with bzip2, which no supported suite uses", code="bad-compression")
    return stream


def read_compressed(path: Path) -> bytes:
    """The plain content of a file that may be compressed; raises ArchiveError when it is damaged."""
    try:
        with path.open("rb") as file:
            return open_decompressed(file, path.name).read()
    except DAMAGE as error:
        raise ArchiveError(f"{path.name} is damaged: {error}", code="damaged-file") from error
