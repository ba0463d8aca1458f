"""Hashes and their spellings: base16, Nix's base32, base64 and SRI.

Owns the conversions between digests and text. What is hashed, and how a store path is made from it, is the business of
`store_path`, `derivation` and `nar`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from osconf.errors import StoreError

ALGORITHMS = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
"""The algorithms that are understood and their digest sizes in bytes."""

BASE32_ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"
_BASE32_VALUES = {character: value for value, character in enumerate(BASE32_ALPHABET)}

_CHUNK = 1 << 20


class BadHash(StoreError):
    """A text is not a hash of the expected kind."""

    code = "bad-hash"


def base32_length(size: int) -> int:
    """The number of base32 characters that spell `size` bytes."""
    return (size * 8 + 4) // 5


def encode_base32(data: bytes) -> str:
    """Spell bytes in Nix's base32: little-endian, most significant digit first, no padding."""
    number = int.from_bytes(data, "little")
    shifts = range(5 * (base32_length(len(data)) - 1), -1, -5)
    return "".join([BASE32_ALPHABET[number >> shift & 31] for shift in shifts])


def decode_base32(text: str) -> bytes:
    """Read Nix's base32; raises `BadHash` on a foreign character or on bits that belong to no byte."""
    number = 0
    for character in text:
        value = _BASE32_VALUES.get(character)
        if value is None:
            raise BadHash(f"invalid character '{character}' in the base32 text '{text}'")
        number = number << 5 | value
    size = len(text) * 5 // 8
    if number >> size * 8:
        raise BadHash(f"invalid base32 text '{text}'")
    return number.to_bytes(size, "little")


def compress_hash(digest: bytes, size: int = 20) -> bytes:
    """Fold a digest to `size` bytes by exclusive or, as store paths do."""
    folded = 0
    for start in range(0, len(digest), size):
        folded ^= int.from_bytes(digest[start : start + size], "little")
    return folded.to_bytes(size, "little")


@dataclass(frozen=True, slots=True)
class Hash:
    """A digest and the algorithm it came from."""

    algorithm: str
    digest: bytes

    def base16(self) -> str:
        """The digest in hexadecimal digits."""
        return self.digest.hex()

    def base32(self) -> str:
        """The digest in Nix's base32."""
        return encode_base32(self.digest)

    def base64(self) -> str:
        """The digest in base64, padded."""
        return base64.b64encode(self.digest).decode()

    def sri(self) -> str:
        """The spelling of Subresource Integrity: `sha256-BASE64`."""
        return f"{self.algorithm}-{self.base64()}"

    def prefixed(self, encoding: str = "base32") -> str:
        """`sha256:DIGITS` in base16, base32 or base64."""
        digits = {"base16": self.base16, "base32": self.base32, "base64": self.base64}[encoding]()
        return f"{self.algorithm}:{digits}"

    def __str__(self) -> str:
        return self.sri()

    @classmethod
    def parse(cls, text: str, algorithm: str | None = None) -> Hash:
        """Read `alg:digits`, `alg-base64` (SRI) or, when `algorithm` is known, bare digits of any base.

        The base is told by the length. An `algorithm` that contradicts the text is an error.
        """
        digits, sri = text, False
        for separator in (":", "-"):
            prefix, found, rest = text.partition(separator)
            if found:
                if prefix not in ALGORITHMS:
                    raise BadHash(f"unknown hash algorithm '{prefix}', expect 'md5', 'sha1', 'sha256', or 'sha512'")
                if algorithm is not None and algorithm != prefix:
                    raise BadHash(f"hash '{text}' should have type '{algorithm}', but it is of type '{prefix}'")
                algorithm, digits, sri = prefix, rest, separator == "-"
                break
        if algorithm is None:
            raise BadHash(
                f"hash '{text}' does not include a type, nor is the type otherwise known from context",
                hint="write it as 'sha256-…' or name its type",
            )
        size = ALGORITHMS.get(algorithm)
        if size is None:
            raise BadHash(f"unknown hash algorithm '{algorithm}'", hint=f"known are {', '.join(sorted(ALGORITHMS))}")
        return cls(algorithm, _decode_digits(digits, algorithm, size, sri))


def _decode_digits(written: str, algorithm: str, size: int, sri: bool) -> bytes:
    digits = written
    try:
        if not sri and len(digits) == size * 2:
            return bytes.fromhex(digits)
        if not sri and len(digits) == base32_length(size):
            return decode_base32(digits)
        if sri:
            # The padding may be left out.
            digits = digits.rstrip("=") + "=" * (-len(digits.rstrip("=")) % 4)
        if len(digits) == (size + 2) // 3 * 4:
            decoded = base64.b64decode(digits, validate=True)
            if len(decoded) == size:
                return decoded
    except (ValueError, BadHash) as error:
        bases = {size * 2: "base-16", base32_length(size): "base-32"}
        if not sri:
            raise BadHash(f"invalid {bases.get(len(digits), 'base-64')} hash '{digits}'") from error
    if sri:
        raise BadHash(f"invalid SRI hash '{written}'", hint=f"{algorithm} has {size} bytes, in base 64 after the dash")
    raise BadHash(f"hash '{written}' has wrong length for hash algorithm '{algorithm}'")


def hash_bytes(algorithm: str, data: bytes) -> Hash:
    """Hash a byte string."""
    return Hash(algorithm, new_hasher(algorithm, data).digest())


def hash_file(algorithm: str, path: Path) -> Hash:
    """Hash the content of a file, in large reads."""
    hasher = new_hasher(algorithm)
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            hasher.update(view[:count])
    return Hash(algorithm, hasher.digest())


def new_hasher(algorithm: str, data: bytes = b"") -> hashlib._Hash:
    """A running hash of a known algorithm; raises `BadHash` for another."""
    if algorithm not in ALGORITHMS:
        raise BadHash(f"unknown hash algorithm '{algorithm}'", hint=f"known are {', '.join(sorted(ALGORITHMS))}")
    return hashlib.new(algorithm, data, usedforsecurity=False)
