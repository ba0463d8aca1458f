"""The daemon of a session's store: what its clients' processes are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from osconf.daemon.access import Peer, Policy
from osconf.daemon.service import Service
from osconf.daemon.wire import Channel
from osconf.store.local import LocalStore

if TYPE_CHECKING:
    from osconf.rebuild.session import Session


def make_server(session: Session, policy: Policy) -> Callable[[Channel, Peer], None]:
    """The function that answers one client; to be called in a process that opened no store yet.

    Everything that builds need is imported here, so that the processes of the clients share it.
    """
    import osconf.rebuild.primops
    import osconf.store.substitute  # noqa: F401 - loaded before the processes part

    builder = session.builder

    def serve(channel: Channel, peer: Peer) -> None:
        with LocalStore.open(session.root, session.store_dir) as store:
            Service(channel, store, peer, policy, builder).serve()

    return serve
