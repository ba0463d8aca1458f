"""Downloads that an evaluation asks for (`builtins.fetchurl`, `fetchTarball`): fetched, checked, put into the store."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.errors import EvalError
from osconf.lang.values import from_latin
from osconf.model.hashes import Hash

if TYPE_CHECKING:
    from osconf.rebuild.session import Session


def fetch_into_store(session: Session, url: str, name: str, *, unpack: bool, expected: str | None) -> str:
    """Fetch a file, or with `unpack` the tree in a tarball; its store path. `expected` is the hash it must have."""
    address = from_latin(url)
    data = session.access.fetcher.read_text([address])
    wanted = None if expected is None else Hash.parse(from_latin(expected), "sha256")
    with tempfile.TemporaryDirectory(prefix="osconf-fetch-") as scratch:
        download = Path(scratch, "download")
        download.write_bytes(data)
        source = unpack_tarball(download, Path(scratch, "tree"), address) if unpack else download
        path = session.store.add_path(source, from_latin(name), recursive=unpack, expected=wanted)
    session.store.flush()
    return path


def unpack_tarball(tarball: Path, target: Path, label: str) -> Path:
    """Unpack; a single directory at the top is the tree itself, as in release tarballs."""
    try:
        with tarfile.open(tarball) as archive:
            archive.extractall(target, filter="tar")
    except (tarfile.TarError, OSError) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise EvalError(f"cannot unpack {label}: {error}", code="bad-tarball") from error
    entries = list(target.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else target
