"""Archives that come from elsewhere: unpacked while they are hashed, never longer than promised."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, BinaryIO, cast

from osconf.model.hashes import Hash
from osconf.model.nar import BadArchive, restore
from osconf.model.path_info import PathInfo

_CHUNK = 1 << 20


class HashingReader:
    """Hashes and counts what is read through it; refuses more than `limit` bytes."""

    def __init__(self, source: Any, limit: int | None = None) -> None:
        self.source = source
        self.limit = limit
        self.hasher = hashlib.sha256()
        self.size = 0

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        data: bytes = self.source.read(min(size, _CHUNK))
        self.hasher.update(data)
        self.size += len(data)
        if self.limit is not None and self.size > self.limit:
            raise BadArchive("the archive is longer than promised")
        return data

    def hash(self) -> Hash:
        """The hash of what was read."""
        return Hash("sha256", self.hasher.digest())


def unpack_verified(info: PathInfo, source: BinaryIO, place: Path, origin: str) -> None:
    """Unpack the archive of a path to `place`; raises `BadArchive` when its hash or size is not the promised one."""
    reader = HashingReader(source, info.nar_size)
    archive = f"the archive of '{info.path}' from '{origin}'"
    try:
        restore(cast(BinaryIO, reader), place)
    except BadArchive as error:
        raise BadArchive(f"{archive} is damaged: {error.message}") from error
    got = reader.hash()
    if got != info.nar_hash:
        raise BadArchive(
            f"{archive} does not have the promised hash:\n  expected: {info.nar_hash.sri()}\n  got:      {got.sri()}"
        )
    if reader.size != info.nar_size:
        raise BadArchive(f"{archive} has {reader.size} bytes instead of the promised {info.nar_size}")
