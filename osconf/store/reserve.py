"""Room for a garbage collection on a full disk: a file of zeros that is given up before, and made again after.

Forgetting paths writes to the database, which a full disk refuses; without this, nothing could free space any more.
"""

from __future__ import annotations

import os
from contextlib import suppress

from osconf.store.layout import StoreLayout

_SIZE = 1 << 20
_NEARLY_FULL = 16 << 20


def release_space(layout: StoreLayout) -> None:
    """Give the reserved space back, where the disk needs it and we may."""
    if is_nearly_full(layout):
        with suppress(OSError):
            (layout.database.parent / "reserved").unlink()


def reserve_space(layout: StoreLayout) -> None:
    """Reserve space, unless that is done or the disk has none to spare."""
    file = layout.database.parent / "reserved"
    if file.exists() or is_nearly_full(layout):
        return
    with suppress(OSError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, _SIZE)
        finally:
            os.close(descriptor)


def is_nearly_full(layout: StoreLayout) -> bool:
    """Whether a collection must free space on its way before it can go on."""
    try:
        status = os.statvfs(layout.database.parent)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _NEARLY_FULL
