"""Compiled code on disk, so that a text is parsed and compiled once.

One file per text; its name is the hash of everything that the code depends on, so an entry is never wrong, only absent,
and any number of processes may write: each writes a file of its own and renames it. What cannot be read is ignored.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MAGIC = b"osconf-code-1\n"


class CodeCache:
    """A folder of compiled texts; None as the folder switches it off."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def key(self, parts: Iterable[str]) -> str:
        """The name of the entry for a text and everything else that its code depends on."""
        digest = hashlib.sha256(sys.version.encode())
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
        return digest.hexdigest()[:40]

    def load(self, key: str) -> Any:
        """What was saved under a key; None when there is nothing usable."""
        if self.folder is None:
            return None
        try:
            data = (self.folder / key[:2] / key).read_bytes()
            if (
                not data.startswith(MAGIC)
                or hashlib.sha256(data[len(MAGIC) + 32 :]).digest() != data[len(MAGIC) :][:32]
            ):
                return None
            return marshal.loads(data[len(MAGIC) + 32 :])
        except (OSError, ValueError, EOFError, TypeError):
            return None

    def save(self, key: str, content: Any) -> None:
        """Keep `content` (plain values and code objects); a folder that cannot be written is no error."""
        if self.folder is None:
            return
        import tempfile

        body = marshal.dumps(content)
        folder = self.folder / key[:2]
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(MAGIC + hashlib.sha256(body).digest() + body)
                Path(name).rename(folder / key)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
