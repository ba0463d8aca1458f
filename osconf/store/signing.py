"""Signatures of path information: ed25519 keys as `NAME:BASE64`, the form that Nix uses.

A secret key holds the seed and the public key (64 bytes), a public key 32 bytes, a signature 64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from osconf.errors import StoreError
from osconf.model.path_info import PathInfo

_SEED_SIZE, _PUBLIC_SIZE = 32, 32


class BadKey(StoreError):
    """A text is not a key."""

    code = "bad-key"


@dataclass(frozen=True)
class SecretKey:
    """A key that signs."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def generate(cls, name: str) -> SecretKey:
        """Make a new key; the name usually is `cache.example.org-1`."""
        if not name or ":" in name or name.split() != [name]:
            raise BadKey(f"'{name}' cannot be the name of a key", hint="use something like cache.example.org-1")
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str) -> SecretKey:
        """Read `NAME:BASE64`."""
        name, data = _parse_key(text, _SEED_SIZE + _PUBLIC_SIZE, "secret key")
        return cls(name, Ed25519PrivateKey.from_private_bytes(data[:_SEED_SIZE]))

    def render(self) -> str:
        """The text to keep secret."""
        seed = self.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return f"{self.name}:{_encode(seed + self._public_bytes())}"

    def render_public(self) -> str:
        """The text to publish."""
        return f"{self.name}:{_encode(self._public_bytes())}"

    def _public_bytes(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, data: bytes) -> str:
        """A signature of `data`, with the key's name."""
        return f"{self.name}:{_encode(self.key.sign(data))}"


PublicKeys = Mapping[str, Ed25519PublicKey]
"""Trusted keys by name."""


def parse_public_keys(texts: Iterable[str]) -> PublicKeys:
    """Read keys of the form `NAME:BASE64`."""
    keys = {}
    for text in texts:
        name, data = _parse_key(text, _PUBLIC_SIZE, "public key")
        keys[name] = Ed25519PublicKey.from_public_bytes(data)
    return keys


def is_signed(info: PathInfo, keys: PublicKeys) -> bool:
    """Whether a trusted key vouches for this information."""
    return any(_verifies(info, signature, keys) for signature in info.signatures)


def _verifies(info: PathInfo, signature: str, keys: PublicKeys) -> bool:
    name, _, encoded = signature.partition(":")
    key = keys.get(name)
    if key is None:
        return False
    try:
        key.verify(base64.b64decode(encoded, validate=True), info.fingerprint())
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _parse_key(text: str, size: int, what: str) -> tuple[str, bytes]:
    name, colon, encoded = text.strip().partition(":")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        data = b""
    if not name or not colon or len(data) != size:
        raise BadKey(f"this is not a {what}", hint=f"a {what} reads NAME:BASE64, of {size} bytes")
    return name, data


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()
