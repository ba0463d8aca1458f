"""Which store a session gets: the local one for who may write it, else the daemon's."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.errors import StoreError
from osconf.store.layout import StoreLayout
from osconf.store.local import LocalStore

if TYPE_CHECKING:
    from osconf.store.interface import Store

SOCKET_VARIABLE = "OSCONF_DAEMON"


def open_store(root: Path, store_dir: str, environment: Mapping[str, str]) -> Store:
    """Open the store below `root`.

    `OSCONF_DAEMON` names the socket of a daemon to use whoever we are. Without it root and the owner of a store open
    it directly, others through its socket, where there is one. Where nothing can be written, because of permissions or
    because the disk is full, it can still be read.
    """
    layout = StoreLayout(root.absolute(), store_dir)
    given = environment.get(SOCKET_VARIABLE)
    socket = Path(given) if given else layout.socket
    if given or (not may_write(layout) and socket.is_socket()):
        from osconf.daemon.client import DaemonStore

        return DaemonStore.connect(socket, store_dir)
    return open_local_store(layout)


def open_local_store(layout: StoreLayout) -> LocalStore:
    """Open a store, only to be read where it cannot be written."""
    try:
        return LocalStore.open(layout.root, layout.store_dir)
    except (OSError, StoreError) as error:
        if not _is_refused(error) or not _is_readable(layout):
            raise
        return LocalStore.open(layout.root, layout.store_dir, read_only=True)


def _is_refused(error: OSError | StoreError) -> bool:
    """Whether a store could not be opened because it cannot be written."""
    refusals = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)
    codes = ("store-not-writable", "no-space")
    return error.errno in refusals if isinstance(error, OSError) else error.code in codes


def _is_readable(layout: StoreLayout) -> bool:
    return os.access(layout.database, os.R_OK) and os.access(layout.store, os.R_OK | os.X_OK)


def may_write(layout: StoreLayout) -> bool:
    """Whether this process may change the store and its database itself."""
    if os.geteuid() == 0:
        return True
    return all(_is_writable(place) for place in (layout.store, layout.database.parent))


def _is_writable(place: Path) -> bool:
    """Whether a directory may be written, or made."""
    while not place.exists():
        place = place.parent
    return os.access(place, os.W_OK)
