"""Room for a garbage collection on a full disk: a file of zeros that is given up before, and made again after.

Forgetting paths writes to the database, which a full disk refuses; without this, nothing could free space any more.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from osconf.store.layout import StoreLayout

_SIZE, _STEP = 1 << 20, 1 << 16
_NEARLY_FULL = 16 << 20


def release_space(layout: StoreLayout) -> None:
    """Give the reserved space back, where the disk needs it and we may."""
    if is_nearly_full(layout):
        with suppress(OSError):
            _file(layout).unlink()


def reserve_space(layout: StoreLayout) -> None:
    """Reserve space, unless that is done or the disk has none to spare."""
    with suppress(OSError):
        if _file(layout).stat().st_size >= _SIZE:
            return
    if not is_nearly_full(layout):
        restore_space(layout)


def restore_space(layout: StoreLayout) -> None:
    """Take back what was given up for a collection, as far as it is still there: the next one needs it, too."""
    with suppress(OSError):
        descriptor = os.open(_file(layout), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # What the collection itself has open takes a part until it ends.
            for size in range(_SIZE, 0, -_STEP):
                with suppress(OSError):
                    os.posix_fallocate(descriptor, 0, size)
                    return
            _file(layout).unlink()
        finally:
            os.close(descriptor)


def _file(layout: StoreLayout) -> Path:
    return layout.database.parent / "reserved"


def is_nearly_full(layout: StoreLayout) -> bool:
    """Whether a collection must free space on its way before it can go on."""
    try:
        status = os.statvfs(layout.database.parent)
    except OSError:
        return False
    return status.f_bavail * status.f_frsize < _NEARLY_FULL
