"""Compiled texts on disk: one file per text, found by a hash of everything the code depends on.

An entry that is damaged, or of another text, Python or compiler, is ignored and written anew; several processes may
share the folder, because entries appear by renaming. What was not used for a month goes, and the oldest when there is
too much; a look at that once a day is enough.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
import time
import zlib

# What `hashlib` gives, too, but that brings OpenSSL along, which takes longer than a small evaluation.
from _blake2 import blake2b
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

MAGIC = b"osconf-code-4\n"
DAY = 24 * 3600.0
_UNUSED = 30 * DAY
_MAX_BYTES = 256 << 20
_STAMP = ".pruned"
_KEY = 40
_HEAD = len(MAGIC) + _KEY + 9


def code_folder(tree: str) -> Path:
    """Where code lies that was compiled for a whole tree beforehand."""
    return Path(tree, ".cache", "code")


class CodeCache:
    """A folder of compiled texts; None as the folder switches it off.

    Of one that `tracks_use`, entries that are read count as used: what a store holds is left as it is.
    """

    def __init__(self, folder: Path | None, *, max_bytes: int = _MAX_BYTES, tracks_use: bool = True) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.tracks_use = tracks_use

    def key(self, parts: Iterable[str]) -> str:
        """The name of the entry for a text and everything else that its code depends on."""
        digest = blake2b(sys.version.encode(), digest_size=_KEY // 2)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
        return digest.hexdigest()

    def load(self, key: str) -> Any:
        """What was saved under a key; None when there is nothing usable."""
        if self.folder is None:
            return None
        path = f"{self.folder}/{key[:2]}/{key}"
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - called for every file of a library
                data = file.read()
                used = os.fstat(file.fileno()).st_mtime
            head, body = data[:_HEAD], memoryview(data)[_HEAD:]
            if head != _head(key, body):
                return None
            content = marshal.loads(body)
        except (OSError, ValueError, EOFError, TypeError):
            return None
        if self.tracks_use and time.time() - used > DAY:
            with contextlib.suppress(OSError):
                os.utime(path)
        return content

    def save(self, key: str, content: Any) -> None:
        """Keep `content` (plain values and code objects); a folder that cannot be written is no error."""
        if self.folder is None:
            return
        body = marshal.dumps(content)
        folder = f"{self.folder}/{key[:2]}"
        name = f"{folder}/.new-{os.getpid()}-{time.time_ns()}"
        # Plain calls of the system: a first run saves thousands of entries.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with contextlib.suppress(OSError):
            try:
                handle = os.open(name, flags, 0o600)
            except FileNotFoundError:
                Path(folder).mkdir(parents=True, exist_ok=True)
                handle = os.open(name, flags, 0o600)
            try:
                with open(handle, "wb", buffering=0) as file:  # noqa: PTH123
                    file.write(_head(key, body))
                    file.write(body)
                os.rename(name, f"{folder}/{key}")  # noqa: PTH104
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)  # noqa: PTH108
                raise

    def prune(self) -> None:
        """Delete what was not used for long and what is too much, when nobody looked for a day."""
        if self.folder is None:
            return
        stamp = self.folder / _STAMP
        now = time.time()
        with contextlib.suppress(OSError):
            if stamp.exists() and now - stamp.stat().st_mtime < DAY:
                return
            stamp.touch()
            left = self.max_bytes
            for used, size, path in sorted(self._entries(), reverse=True):
                left -= size
                if left < 0 or now - used > _UNUSED:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(path)  # noqa: PTH108 - there may be thousands

    def _entries(self) -> Iterator[tuple[float, int, str]]:
        """When each entry was last used, its size and its path."""
        for folder in os.scandir(self.folder):
            if folder.is_dir(follow_symlinks=False):
                for entry in os.scandir(folder.path):
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        yield status.st_mtime, status.st_size, entry.path


def _head(key: str, body: bytes | memoryview) -> bytes:
    """What an entry begins with: whose it is, and a checksum against accidents (the folder is the user's own)."""
    return MAGIC + key.encode() + b"%08x\n" % zlib.crc32(body)
