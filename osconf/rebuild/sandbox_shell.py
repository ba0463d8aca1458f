"""`/bin/sh` for builders that bring no environment: a static busybox, as other Nix-like builders have one.

It is no input of any derivation, so it lies in the cache and not in the store; a derivation that must be the same
everywhere names its shell.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.archive.deb import unpack_deb
from osconf.errors import OsconfError
from osconf.log import logger

if TYPE_CHECKING:
    from osconf.rebuild.session import Session

_PACKAGE = "busybox-static"
_PROGRAMS = ("usr/bin/busybox", "bin/busybox")
_lock = threading.Lock()


def find_sandbox_shell(session: Session) -> Path | None:
    """The shell's file, brought here when it is first needed; None when it cannot be had."""
    place = session.cache_dir / "sandbox-shell" / "sh"
    with _lock:
        if not place.exists():
            try:
                _bring(session, place)
            except (OsconfError, OSError) as error:
                logger.warning("there is no /bin/sh for builders: %s", error)
                return None
    return place


def _bring(session: Session, place: Path) -> None:
    from osconf.rebuild.evaluation import open_default_archive

    archive = open_default_archive(session, None)
    package = archive.find(_PACKAGE)
    if package is None:
        raise OsconfError(f"the archive has no package {_PACKAGE}")
    archive.prefetch([_PACKAGE])
    deb = archive.access.cache.find(package.sha256)
    if deb is None:
        raise OsconfError(f"{_PACKAGE} could not be downloaded")
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        unpack_deb(deb, Path(scratch, "contents"), label=deb.name)
        program = next(file for name in _PROGRAMS if (file := Path(scratch, "contents", name)).is_file())
        ready = Path(scratch, "sh")
        shutil.copyfile(program, ready)
        ready.chmod(0o555)
        os.replace(ready, place)  # noqa: PTH105 - atomic, whoever else does the same
