"""Store paths: their names, their text and how each kind is computed.

Paths travel between the parts of osconf as text (`/osconf/store/<hash>-<name>`); `StorePath` is the parsed form. The
computations follow chapter 5.2 of E. Dolstra's thesis, "The Purely Functional Software Deployment Model".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from osconf.errors import StoreError
from osconf.model.hashes import BASE32_ALPHABET, Hash, compress_hash, encode_base32, hash_bytes

DEFAULT_STORE_DIR = "/osconf/store"
HASH_LENGTH = 32
MAX_NAME_LENGTH = 211
DRV_SUFFIX = ".drv"

_NAME = re.compile(r"[0-9a-zA-Z+\-._?=]+\Z")
_HASH_PART = re.compile(f"[{BASE32_ALPHABET}]{{{HASH_LENGTH}}}\\Z")


class BadStorePath(StoreError):
    """A text is not a store path, or a name cannot be one's."""

    code = "bad-store-path"


@dataclass(frozen=True, slots=True, order=True)
class StorePath:
    """A store path without its directory: 32 base32 digits and a name."""

    hash_part: str
    name: str

    @property
    def base_name(self) -> str:
        """The file name inside the store directory."""
        return f"{self.hash_part}-{self.name}"

    @property
    def is_derivation(self) -> bool:
        """Whether the name says that this is a `.drv` file."""
        return self.name.endswith(DRV_SUFFIX)

    def render(self, store_dir: str) -> str:
        """The full logical path."""
        return f"{store_dir}/{self.base_name}"


def check_name(name: str) -> str:
    """Return `name` when it may name a store path, else raise `BadStorePath`."""
    if not name:
        raise BadStorePath("name must not be empty")
    if len(name) > MAX_NAME_LENGTH:
        raise BadStorePath(f"name '{name}' must be no longer than {MAX_NAME_LENGTH} characters")
    if not _NAME.match(name):
        wrong = next(character for character in name if not _NAME.match(character))
        raise BadStorePath(
            f"name '{name}' contains illegal character '{wrong}'",
            hint="letters, digits and + - . _ ? = are allowed",
        )
    first = name.partition("-")[0]
    if first in (".", ".."):
        reason = "" if name == first else f": first dash-separated component must not be '{first}'"
        raise BadStorePath(f"name '{name}' is not valid{reason}")
    return name


def parse_base_name(base_name: str) -> StorePath:
    """Read `<hash>-<name>`."""
    hash_part, name = base_name[:HASH_LENGTH], base_name[HASH_LENGTH + 1 :]
    if not _HASH_PART.match(hash_part) or base_name[HASH_LENGTH : HASH_LENGTH + 1] != "-":
        raise BadStorePath(f"'{base_name}' is not the name of a store path")
    return StorePath(hash_part, check_name(name))


def parse_store_path(text: str, store_dir: str) -> StorePath:
    """Read a store path itself (not a file inside one)."""
    prefix = store_dir + "/"
    if not text.startswith(prefix):
        raise BadStorePath(f"path '{text}' is not in the store '{store_dir}'")
    return parse_base_name(text[len(prefix) :])


def is_store_path(text: str, store_dir: str) -> bool:
    """Whether `text` is exactly a store path."""
    try:
        parse_store_path(text, store_dir)
    except BadStorePath:
        return False
    return True


def split_store_path(text: str, store_dir: str) -> tuple[str, str]:
    """Split a path at or below a store path into (store path, rest); the rest starts with `/` or is empty."""
    prefix = store_dir + "/"
    if not text.startswith(prefix):
        raise BadStorePath(f"path '{text}' is not in the store '{store_dir}'")
    base_name, slash, rest = text[len(prefix) :].partition("/")
    return parse_base_name(base_name).render(store_dir), slash + rest


def make_store_path(kind: str, inner_hash: Hash, name: str, store_dir: str) -> str:
    """Compute the path of an object of `kind` from the hash of what identifies it."""
    fingerprint = f"{kind}:{inner_hash.algorithm}:{inner_hash.base16()}:{store_dir}:{check_name(name)}"
    digest = hash_bytes("sha256", fingerprint.encode("latin-1")).digest
    return f"{store_dir}/{encode_base32(compress_hash(digest))}-{name}"


def make_text_path(name: str, content_hash: Hash, references: Iterable[str], store_dir: str) -> str:
    """The path of a text with references, such as a `.drv` file or `builtins.toFile`'s result."""
    return make_store_path(":".join(["text", *sorted(set(references))]), content_hash, name, store_dir)


def make_fixed_output_path(
    name: str,
    content_hash: Hash,
    recursive: bool,
    references: Iterable[str],
    store_dir: str,
    *,
    self_reference: bool = False,
) -> str:
    """The path of content known by its hash: of the NAR when `recursive`, else of the plain file."""
    references = sorted(set(references))
    if content_hash.algorithm == "sha256" and recursive:
        kind = ":".join(["source", *references, *(["self"] if self_reference else [])])
        return make_store_path(kind, content_hash, name, store_dir)
    if references or self_reference:
        raise BadStorePath(f"fixed output '{name}' cannot have references", hint="use a recursive sha256 hash")
    prefix = "r:" if recursive else ""
    inner = f"fixed:out:{prefix}{content_hash.algorithm}:{content_hash.base16()}:"
    return make_store_path("output:out", hash_bytes("sha256", inner.encode()), name, store_dir)


def make_output_name(name: str, output_name: str) -> str:
    """The name in an output's path: `hello`, or `hello-dev` for the output `dev`."""
    return name if output_name == "out" else f"{name}-{output_name}"


def make_output_path(output_name: str, derivation_hash: Hash, name: str, store_dir: str) -> str:
    """The path of an output of a derivation whose hash (modulo fixed outputs, outputs masked) is given."""
    return make_store_path(f"output:{output_name}", derivation_hash, make_output_name(name, output_name), store_dir)
