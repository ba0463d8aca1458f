"""What is said of a path that comes from elsewhere, beyond what its archive's hash or a signature proves.

A signature covers a path's name, hash, size and references. Its content address, its deriver and further signatures are
anybody's words: kept is what can be true.
"""

from __future__ import annotations

import base64
import binascii
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from osconf.errors import StoreError
from osconf.model import nar
from osconf.model.hashes import Hash, hash_file
from osconf.model.nar import BadArchive
from osconf.model.path_info import PathInfo, fixed_content_address, text_content_address
from osconf.model.store_path import (
    DRV_SUFFIX,
    HASH_LENGTH,
    is_store_path,
    make_fixed_output_path,
    make_text_path,
)
from osconf.store.unpack import unpack_verified

if TYPE_CHECKING:
    from osconf.store.local import LocalStore

_MAX_SIGNATURES, _MAX_SIGNATURE = 64, 512


def names_itself(info: PathInfo, store_dir: str) -> bool:
    """Whether a path's name follows from the content address that is claimed for it."""
    kind, _, rest = (info.content_address or "").partition(":")
    name = info.path.rpartition("/")[2][HASH_LENGTH + 1 :]
    recursive = rest.startswith("r:")
    try:
        content = Hash.parse(rest.removeprefix("r:"))
        if kind == "text" and content.algorithm == "sha256":
            return info.path == make_text_path(name, content, info.references, store_dir)
        if kind != "fixed" or (info.references and not (recursive and content.algorithm == "sha256")):
            return False
        return info.path == make_fixed_output_path(name, content, recursive, info.references, store_dir)
    except StoreError:
        return False


def proves_name(info: PathInfo, place: Path, store_dir: str) -> bool:
    """Whether a path's name follows from its content at `place`, whose archive hash was checked, as it claims."""
    return names_itself(info, store_dir) and info.content_address == _content_address(info, place)


@contextmanager
def proven(info: PathInfo, source: BinaryIO, store_dir: str, origin: str) -> Iterator[BinaryIO]:
    """The archive of a path that nobody signed, to be read again: its content is what the path's name stands for."""
    with TemporaryDirectory(prefix="osconf-") as scratch:
        place = Path(scratch, "content")
        unpack_verified(info, source, place, origin)
        if not proves_name(info, place, store_dir):
            raise BadArchive(f"'{info.path}' from '{origin}' is not the content that its name stands for")
        with Path(scratch, "archive").open("w+b") as archive:
            nar.dump_path(place, archive.write)
            archive.seek(0)
            yield archive


def _content_address(info: PathInfo, place: Path) -> str | None:
    """What the content at `place` has for a content address, of the kind that is claimed."""
    kind, _, rest = (info.content_address or "").partition(":")
    recursive = rest.startswith("r:")
    algorithm = rest.removeprefix("r:").partition(":")[0]
    if recursive:
        content = info.nar_hash if algorithm == "sha256" else nar.hash_path(place, algorithm)[0]
        return fixed_content_address(content, True)
    mode = place.lstat().st_mode
    if not stat.S_ISREG(mode) or mode & stat.S_IXUSR:
        return None
    content = hash_file(algorithm, place)
    return text_content_address(content) if kind == "text" else fixed_content_address(content, False)


def keep_provable(store: LocalStore, info: PathInfo, place: Path) -> PathInfo:
    """The information without a content address that is not the content's, and without what cannot be true."""
    signatures = [signature for signature in info.signatures if _is_signature(signature)]
    return replace(
        info,
        content_address=info.content_address if proves_name(info, place, store.store_dir) else None,
        deriver=info.deriver if info.deriver and _may_derive(store, info.deriver, info.path) else None,
        signatures=tuple(signatures[:_MAX_SIGNATURES]),
    )


def _may_derive(store: LocalStore, deriver: str, path: str) -> bool:
    """Whether this is a derivation; one that is here has to say itself that it makes the path."""
    if not (deriver.endswith(DRV_SUFFIX) and is_store_path(deriver, store.store_dir)):
        return False
    if not store.is_valid(deriver):
        return True
    return any(output.path == path for output in store.read_derivation(deriver).outputs.values())


def _is_signature(text: str) -> bool:
    name, _, encoded = text.partition(":")
    try:
        is_encoded = bool(base64.b64decode(encoded, validate=True))
    except (ValueError, binascii.Error):
        return False
    return bool(name) and is_encoded and text.split() == [text] and len(text) <= _MAX_SIGNATURE
