"""Finding references: which hash parts of store paths occur in a stream of bytes, or in a tree.

A hash part is 32 characters of a 32-letter alphabet. Few stretches of real data are that long in this alphabet, so the
stream is first sampled at every fourth byte: eight samples in a row must all be letters of it. Only there the bytes are
compared with the wanted hash parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from osconf.model.hashes import BASE32_ALPHABET, Hash, new_hasher
from osconf.model.nar import dump_path
from osconf.model.store_path import HASH_LENGTH

_STEP = 4
_IS_LETTER = bytes(character in BASE32_ALPHABET.encode() for character in range(256))
_SAMPLES = b"\1" * (HASH_LENGTH // _STEP)


class ReferenceScanner:
    """A sink that notes which of the candidate paths are mentioned."""

    def __init__(self, candidates: Iterable[str]) -> None:
        self.by_hash = {path.rpartition("/")[2][:HASH_LENGTH].encode(): path for path in candidates}
        self.found: set[str] = set()
        self.tail = b""

    def __call__(self, data: bytes | memoryview) -> None:
        if not self.by_hash:
            return
        block = self.tail + data
        self.tail = block[-(HASH_LENGTH - 1) :]
        if len(block) >= HASH_LENGTH:
            self._scan(block)

    def _scan(self, block: bytes) -> None:
        samples = block[::_STEP].translate(_IS_LETTER)
        at = samples.find(_SAMPLES)
        while at >= 0:
            end = samples.find(b"\0", at)
            end = len(samples) if end < 0 else end
            start = max(0, at * _STEP - _STEP + 1)
            self._look(block, start, min(len(block), end * _STEP + _STEP - 1))
            at = samples.find(_SAMPLES, end)

    def _look(self, block: bytes, start: int, stop: int) -> None:
        stretch = block[start:stop]
        by_hash = self.by_hash
        for offset in range(len(stretch) - HASH_LENGTH + 1):
            path = by_hash.get(stretch[offset : offset + HASH_LENGTH])
            if path is not None:
                self.found.add(path)
                del by_hash[stretch[offset : offset + HASH_LENGTH]]

    def references(self) -> frozenset[str]:
        """The candidates that were seen."""
        return frozenset(self.found)


def scan_tree(place: Path, scanner: ReferenceScanner) -> tuple[Hash, int, frozenset[str]]:
    """The archive hash and size of a tree, and which of the scanner's candidates it mentions, in one reading."""
    hasher = new_hasher("sha256")
    size = 0

    def take(data: bytes | memoryview) -> None:
        nonlocal size
        size += len(data)
        hasher.update(data)
        scanner(data)

    dump_path(place, take)
    return Hash("sha256", hasher.digest()), size, scanner.references()
