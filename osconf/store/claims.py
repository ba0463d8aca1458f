"""What is said of a path that comes from elsewhere, beyond what its archive's hash or a signature proves.

A signature covers a path's name, hash, size and references. Its content address, its deriver and further signatures are
anybody's words: kept is what can be true.
"""

from __future__ import annotations

import base64
import binascii
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.model import nar
from osconf.model.hashes import hash_file
from osconf.model.path_info import PathInfo, fixed_content_address, text_content_address
from osconf.model.store_path import (
    DRV_SUFFIX,
    HASH_LENGTH,
    is_store_path,
    make_fixed_output_path,
    make_text_path,
)

if TYPE_CHECKING:
    from osconf.store.local import LocalStore

_ALGORITHMS = ("md5", "sha1", "sha256", "sha512")
_MAX_SIGNATURES, _MAX_SIGNATURE = 64, 512


def proves_name(info: PathInfo, place: Path, store_dir: str) -> bool:
    """Whether a path's name follows from its content at `place`, whose archive hash was checked, as it claims."""
    kind, _, rest = (info.content_address or "").partition(":")
    name = info.path.rpartition("/")[2][HASH_LENGTH + 1 :]
    mode = place.lstat().st_mode
    is_plain = stat.S_ISREG(mode) and not mode & stat.S_IXUSR
    if kind == "text" and is_plain:
        content = hash_file("sha256", place)
        return info.content_address == text_content_address(content) and info.path == make_text_path(
            name, content, info.references, store_dir
        )
    if kind != "fixed":
        return False
    recursive = rest.startswith("r:")
    algorithm = rest.removeprefix("r:").partition(":")[0]
    if algorithm not in _ALGORITHMS or not (recursive or is_plain):
        return False
    if info.references and not (recursive and algorithm == "sha256"):
        return False
    if not recursive:
        content = hash_file(algorithm, place)
    else:
        content = info.nar_hash if algorithm == "sha256" else nar.hash_path(place, algorithm)[0]
    return info.content_address == fixed_content_address(content, recursive) and info.path == make_fixed_output_path(
        name, content, recursive, info.references, store_dir
    )


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
