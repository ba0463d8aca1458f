"""Values on disk, such as compiled texts: one file each, found by a hash of everything that the value depends on.

An entry that is damaged, or of another key or Python, is ignored and written anew; so is one that another user wrote:
it may be code. Several processes may share the folder, because entries appear by renaming. What was not used for a
month goes, and the oldest when there is too much; a look at that once a day is enough.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
import zlib

# What `hashlib` gives, too, but that brings OpenSSL along, which takes longer than a small evaluation.
from _blake2 import blake2b

TYPE_CHECKING = False  # As `typing` has it, which takes longer to load than all that is loaded here.
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

MAGIC = b"osconf-code-4\n"
DAY = 24 * 3600.0
_UNUSED = 30 * DAY
_MAX_BYTES = 256 << 20
_STAMP = ".pruned"
_KEY = 40
_HEAD = len(MAGIC) + _KEY + 9


def code_folder(tree: str) -> str:
    """Where code lies that was compiled for a whole tree beforehand."""
    return f"{tree}/.cache/code"


class DiskCache:
    """A folder of values; None as the folder switches it off.

    Of one that `is_own`, this user's entries count, and those that are read count as used: what a store holds is left
    as it is.
    """

    def __init__(
        self, folder: str | os.PathLike[str] | None, *, max_bytes: int = _MAX_BYTES, is_own: bool = True
    ) -> None:
        self.folder = None if folder is None else os.fspath(folder)
        self.max_bytes = max_bytes
        self.is_own = is_own

    def key(self, parts: Iterable[str]) -> str:
        """The name of the entry for a value that depends on these texts, and on Python."""
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
                status = os.fstat(file.fileno())
            if self.is_own and status.st_uid != os.geteuid():
                return None
            head, body = data[:_HEAD], memoryview(data)[_HEAD:]
            if head != _head(key, body):
                return None
            content = marshal.loads(body)
        except (OSError, ValueError, EOFError, TypeError):
            return None
        if self.is_own and time.time() - status.st_mtime > DAY:
            from contextlib import suppress

            with suppress(OSError):
                os.utime(path)
        return content

    def save(self, key: str, content: Any) -> None:
        """Keep `content` (plain values, code objects); a folder that cannot be written is no error."""
        if self.folder is None:
            return
        from contextlib import suppress

        body = marshal.dumps(content)
        folder = f"{self.folder}/{key[:2]}"
        name = f"{folder}/.new-{os.getpid()}-{time.time_ns()}"
        # Plain calls of the system: a first run saves thousands of entries.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with suppress(OSError):
            try:
                handle = os.open(name, flags, 0o600)
            except FileNotFoundError:
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103
                handle = os.open(name, flags, 0o600)
            try:
                with open(handle, "wb", buffering=0) as file:  # noqa: PTH123
                    file.write(_head(key, body))
                    file.write(body)
                os.rename(name, f"{folder}/{key}")  # noqa: PTH104
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)  # noqa: PTH108
                raise

    def prune(self) -> None:
        """Delete what was not used for long and what is too much, when nobody looked for a day."""
        if self.folder is None:
            return
        from contextlib import suppress
        from pathlib import Path

        stamp = Path(self.folder, _STAMP)
        now = time.time()
        with suppress(OSError):
            if stamp.exists() and now - stamp.stat().st_mtime < DAY:
                return
            stamp.touch()
            left = self.max_bytes
            for used, size, path in sorted(self._entries(), reverse=True):
                left -= size
                if left < 0 or now - used > _UNUSED:
                    with suppress(FileNotFoundError):
                        os.unlink(path)  # noqa: PTH108 - there may be thousands

    def _entries(self) -> Iterator[tuple[float, int, str]]:
        """When each entry was last used, its size and its path."""
        from contextlib import suppress

        for folder in os.scandir(self.folder):
            if folder.is_dir(follow_symlinks=False):
                for entry in os.scandir(folder.path):
                    with suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        yield status.st_mtime, status.st_size, entry.path


def _head(key: str, body: bytes | memoryview) -> bytes:
    """What an entry begins with: whose it is, and a checksum against accidents (the folder is the user's own)."""
    return MAGIC + key.encode() + b"%08x\n" % zlib.crc32(body)
