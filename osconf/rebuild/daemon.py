"""The daemon of a store: what its clients' processes are made of.

Each client finds the settings as they are when it comes.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.daemon.access import Peer, Policy
from osconf.daemon.confine import Confinement, plan_confinement
from osconf.daemon.service import Service
from osconf.daemon.wire import Channel
from osconf.rebuild.opening import open_local_store
from osconf.store.layout import StoreLayout

if TYPE_CHECKING:
    from osconf.rebuild.session import Session

_FILE = "file://"

OpenSession = Callable[[], "Session"]


def make_policy(open_session: OpenSession, *, trusted: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> Policy:
    """Who may do what: what the settings say, and what the command line adds.

    A daemon that is not root's cannot keep its files from those it builds for: it serves whom it is told to.
    """
    settings = open_session().settings
    default = settings.allowed_users if os.geteuid() == 0 else ()
    return Policy(allowed or default, (*trusted, *settings.trusted_users))


def make_server(open_session: OpenSession, read_policy: Callable[[], Policy]) -> Callable[[Channel, Peer], None]:
    """The function that answers one client, to be called in a process of its own.

    What builds need is imported here, so that the processes of the clients share it.
    """
    import osconf.archive.acquire
    import osconf.rebuild.building
    import osconf.rebuild.session
    import osconf.rebuild.settings
    import osconf.store.substitute  # noqa: F401 - loaded before the processes part

    gc.collect()
    gc.freeze()

    def serve(channel: Channel, peer: Peer) -> None:
        session = open_session()
        with open_local_store(StoreLayout(session.root, session.store_dir)) as store:

            def confine() -> Confinement | None:
                return plan_confinement(store.layout, session.cache_dir, _named_directories(session))

            Service(channel, store, peer, read_policy(), session.builder, confine).serve()

    return serve


def _named_directories(session: Session) -> Iterator[Path]:
    """The directories that the machine's settings name: mirrors and caches that are files."""
    named = [address for addresses in session.access.mirrors.locations.values() for address in addresses]
    for address in (*named, *session.settings.substituters):
        if address.startswith(_FILE):
            yield Path(address.removeprefix(_FILE))
