"""The daemon of a store: what its clients' processes are made of.

Each client finds the settings as they are when it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from osconf.daemon.access import Peer, Policy
from osconf.daemon.service import Service
from osconf.daemon.wire import Channel
from osconf.store.local import LocalStore

if TYPE_CHECKING:
    from osconf.rebuild.session import Session

OpenSession = Callable[[], "Session"]


def make_policy(open_session: OpenSession, *, trusted: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> Policy:
    """Who may do what: what the settings say, and what the command line adds."""
    settings = open_session().settings
    return Policy(allowed or settings.allowed_users, (*trusted, *settings.trusted_users))


def make_server(open_session: OpenSession, read_policy: Callable[[], Policy]) -> Callable[[Channel, Peer], None]:
    """The function that answers one client, to be called in a process of its own.

    What builds need is imported here, so that the processes of the clients share it.
    """
    import osconf.rebuild.registry
    import osconf.store.substitute  # noqa: F401 - loaded before the processes part

    def serve(channel: Channel, peer: Peer) -> None:
        session = open_session()
        with LocalStore.open(session.root, session.store_dir) as store:
            Service(channel, store, peer, read_policy(), session.builder).serve()

    return serve
