"""Every kind of store, opened in a directory of a test's own."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from osconf.build.settings import BuildSettings
from osconf.daemon.access import Peer, Policy
from osconf.daemon.client import DaemonStore
from osconf.daemon.listener import Listener, open_socket
from osconf.daemon.service import Service
from osconf.daemon.wire import Channel
from osconf.store.interface import Store
from osconf.store.local import LocalStore
from osconf.store.memory import MemoryStore

STORE_DIR = "/osconf/store"


class NoBuilder:
    """A daemon's builder that is never asked."""

    def __init__(self, trusted_keys: tuple[str, ...] = ()) -> None:
        self.settings = BuildSettings(trusted_keys=trusted_keys)

    def realise(self, *_: object) -> dict[str, dict[str, str]]:
        raise AssertionError

    def plan(self, *_: object) -> list[str]:
        raise AssertionError


@contextmanager
def run_daemon(root: Path, *, trusts: bool = True, trusted_keys: tuple[str, ...] = ()) -> Iterator[Path]:
    """A daemon of the store below `root`; gives its socket."""
    path = root.parent / f"{root.name}.sock"
    policy = Policy()

    class Distrust(Policy):
        def trusts(self, peer: Peer) -> bool:
            return False

    if not trusts:
        policy = Distrust()

    def serve(channel: Channel, peer: Peer) -> None:
        with LocalStore.open(root, STORE_DIR, durable=False) as store:
            Service(channel, store, peer, policy, NoBuilder(trusted_keys)).serve()

    with open_socket(path) as listening:
        pid = os.fork()
        if pid == 0:
            try:
                Listener([listening], serve, lambda: policy).run()
            finally:
                os._exit(0)
        try:
            yield path
        finally:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


@contextmanager
def open_chroot(root: Path) -> Iterator[Store]:
    """A local store below a directory."""
    with LocalStore.open(root, STORE_DIR, durable=False) as store:
        yield store


@contextmanager
def open_local(root: Path) -> Iterator[Store]:
    """A local store that is where its paths say."""
    with LocalStore.open(Path("/"), f"{root}/store", durable=False) as store:
        yield store


@contextmanager
def open_daemon(root: Path) -> Iterator[Store]:
    """The store behind a daemon that trusts us."""
    with run_daemon(root) as path, DaemonStore.connect(path, STORE_DIR) as store:
        yield store


_MEMORIES: dict[Path, MemoryStore] = {}


@contextmanager
def open_memory(root: Path) -> Iterator[Store]:
    """A store in memory; the same one for the same directory."""
    store = _MEMORIES.setdefault(root, MemoryStore(STORE_DIR, root))
    yield store
    store.close()


Open = Callable[[Path], AbstractContextManager[Store]]
KINDS: dict[str, Open] = {
    "local": open_local,
    "chroot": open_chroot,
    "daemon": open_daemon,
    "memory": open_memory,
}


@contextmanager
def serve_directory(directory: Path) -> Iterator[str]:
    """A web server of a directory; its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
