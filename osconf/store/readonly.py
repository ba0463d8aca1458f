"""Stores that may not be written, and writing to one that the running system has mounted read-only.

The mount stays read-only for everybody else: root enters a mount namespace of its own and remounts the store there.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from osconf.errors import StoreError
from osconf.store.database import is_read_only
from osconf.store.layout import StoreLayout

_CLONE_NEWNS = 0x00020000
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_SLAVE = 32, 4096, 16384, 1 << 19
_ST_RDONLY = 1


def ensure_writable(store: Path) -> None:
    """Make `store` writable for this thread and those it starts, when it is a read-only mount and we are root."""
    try:
        flags = os.statvfs(store).f_flag
    except FileNotFoundError:
        return
    if not flags & _ST_RDONLY:
        return
    if os.geteuid() != 0:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(store))
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.unshare(_CLONE_NEWNS), "unshare")
    # Slave: what the system mounts later still arrives here, our remount does not leave.
    _check(libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None), "/")
    try:
        _check(libc.mount(b"none", os.fsencode(store), None, _MS_REMOUNT | _MS_BIND, None), str(store))
    except OSError as error:
        if error.errno == errno.EINVAL:
            # No mount of the store's own: the whole filesystem is read-only.
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(store)) from None
        raise


def explain_unwritable(layout: StoreLayout) -> StoreError:
    """Why a store was opened only to be read, for who wants to write it."""
    code = "store-not-writable"
    hint = "be root, have its daemon run, or use a store of your own: `--store DIR` or OSCONF_STORE=DIR"
    if is_read_only(layout.store):
        why = "its filesystem is read-only"
    elif os.access(layout.store, os.W_OK) and os.access(layout.database.parent, os.W_OK):
        code, why = "no-space", "no space left on the disk"
        hint = "free some space with 'osconf gc', then try again"
    else:
        why = "permission denied"
    return StoreError(f"the store below {layout.root} cannot be written: {why}", code=code, hint=hint)


def _check(result: int, what: str) -> None:
    if result != 0:
        import ctypes

        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
