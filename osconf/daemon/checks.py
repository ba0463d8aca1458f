"""What the daemon proves before it makes something valid for a user who is not trusted.

A path must be what its name says. The name of a text or a source follows from its content. That of an output follows
from its derivation, so its content is believed when a build here made it or when a trusted key signed it, and a
derivation is believed when the names of its outputs follow from the rest of it.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from osconf.errors import StoreError
from osconf.model.derivation import Derivation, fill_output_paths
from osconf.model.path_info import PathInfo
from osconf.model.store_path import DRV_SUFFIX
from osconf.store.claims import proves_name
from osconf.store.local import LocalStore
from osconf.store.signing import PublicKeys, is_signed

_MAX_DERIVATION = 32 << 20


def check_derivation(store: LocalStore, file_name: str, drv: Derivation, references: Iterable[str]) -> None:
    """Refuse a derivation whose outputs' names do not follow from it: it would build something in another's name.

    What it is built from has to be what it refers to, and derivations that were checked like this.
    """
    if drv.references() != frozenset(references):
        raise _bad(f"the derivation '{file_name}' does not refer to what it is built from")
    for path in drv.input_derivations:
        if not path.endswith(DRV_SUFFIX):
            raise _bad(f"the derivation '{file_name}' needs '{path}' built, which is no derivation")
        if not store.is_valid(path):
            raise StoreError(f"'{file_name}' needs '{path}', which is not valid", code="reference-not-valid")
    name = file_name.removesuffix(DRV_SUFFIX)
    expected = fill_output_paths(drv, store.derivation_hash, store.store_dir, name)
    for output_name, output in drv.outputs.items():
        right = expected.outputs[output_name].path
        if output.path != right or drv.env.get(output_name, right) != right:
            raise _bad(
                f"the derivation '{file_name}' says that its output '{output_name}' is '{output.path}', but it is"
                f" '{right}'"
            )
        if right.endswith(DRV_SUFFIX):
            raise _bad(
                f"the output '{right}' of the derivation '{file_name}' would be a derivation that nobody checked"
            )


def read_derivation_text(place: Path, path: str) -> bytes:
    """The text of a derivation that arrived; refused when it is no plain file or too long."""
    status = place.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise _bad(f"'{path}' has the name of a derivation, but is none")
    check_derivation_size(path, status.st_size)
    return place.read_bytes()


def check_derivation_size(path: str, size: int) -> None:
    """Refuse a derivation that is too long to be looked at."""
    if size > _MAX_DERIVATION:
        raise _bad(f"the derivation '{path}' is too long: {size} bytes, allowed are {_MAX_DERIVATION}")


def check_no_derivation(name: str) -> None:
    """Refuse a derivation among sources: its content would be believed, and can be anything."""
    if name.endswith(DRV_SUFFIX):
        raise _bad(f"'{name}' has the name of a derivation, but is none")


def _bad(message: str) -> StoreError:
    return StoreError(message, code="bad-derivation")


def is_believable(info: PathInfo, place: Path, keys: PublicKeys, store_dir: str) -> bool:
    """Whether a trusted key vouches for a path, or its content at `place`, whose archive hash was checked, does."""
    return is_signed(info, keys) or proves_name(info, place, store_dir)
