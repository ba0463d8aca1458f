"""Accepting connections: sockets from systemd or one of our own, and a process for each client.

The listening process opens nothing but sockets. Each client gets a forked process with its own view of the store, so
that neither a crash nor a leaving client touches another's work; clients go on when the listener is stopped.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from osconf.daemon.access import Peer, Policy
from osconf.daemon.limits import limit_memory
from osconf.daemon.messages import encode_error
from osconf.daemon.wire import Channel, Disconnected
from osconf.errors import OsconfError, StoreError
from osconf.log import logger

_FIRST_DESCRIPTOR = 3
_BACKLOG = 128
_MAX_CLIENTS, _MAX_CLIENTS_OF_USER = 512, 64
_SEND_SECONDS = 300
_POLL_MILLISECONDS = 1000

Serve = Callable[[Channel, Peer], None]
"""Answers one client, in a process of its own."""


def inherited_sockets(environment: Mapping[str, str]) -> list[socket.socket]:
    """The sockets that systemd opened for us; see sd_listen_fds(3)."""
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(environment.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=number) for number in range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + count)]


@contextmanager
def open_socket(path: Path) -> Iterator[socket.socket]:
    """Listen at a path; what a dead daemon left there is replaced, a living one is an error."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_socket():
                _refuse_living(path)
                path.unlink()
            listening.bind(str(path))
            # Whoever may connect is decided by the policy, with the credentials that the kernel gives.
            path.chmod(0o666)
            listening.listen(_BACKLOG)
            own = path.stat().st_ino
        except OSError as error:
            raise StoreError(f"cannot listen at '{path}': {error.strerror or error}", code="no-socket") from error
        try:
            yield listening
        finally:
            # Another daemon may listen at this path by now.
            with suppress(FileNotFoundError):
                if path.stat().st_ino == own:
                    path.unlink()


def _refuse_living(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, suppress(ConnectionRefusedError):
        probe.connect(str(path))
        raise StoreError(f"a daemon listens at '{path}' already", code="daemon-runs")


class Listener:
    """Accepts clients until it is told to stop, or until nobody came for `idle_seconds`."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        serve: Serve,
        read_policy: Callable[[], Policy],
        *,
        idle_seconds: float | None = None,
    ) -> None:
        self.sockets = sockets
        self.serve = serve
        self.read_policy = read_policy
        self.idle_seconds = idle_seconds
        self.clients: dict[int, int] = {}
        self.is_stopped = False

    def run(self) -> None:
        """Accept and fork."""
        wakes, wake = os.pipe()
        for end in (wakes, wake):
            os.set_blocking(end, False)
        for number, handler in (
            (signal.SIGTERM, self._stop),
            (signal.SIGINT, self._stop),
            (signal.SIGCHLD, lambda _number, _frame: None),
        ):
            signal.signal(number, handler)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(wakes, select.POLLIN)
        for listening in self.sockets:
            listening.setblocking(False)
            poll.register(listening, select.POLLIN)
        busy_at = time.monotonic()
        while not self.is_stopped:
            ready = {descriptor for descriptor, _ in poll.poll(_POLL_MILLISECONDS)}
            if wakes in ready:
                os.read(wakes, 4096)
            self._reap()
            for listening in self.sockets:
                if listening.fileno() in ready:
                    self._accept(listening)
            if self.clients:
                busy_at = time.monotonic()
            elif self.idle_seconds is not None and time.monotonic() - busy_at > self.idle_seconds:
                return

    def _stop(self, _number: int, _frame: object) -> None:
        self.is_stopped = True

    def _reap(self) -> None:
        for pid in list(self.clients):
            with suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG) == (0, 0):
                    continue
            del self.clients[pid]

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.setblocking(True)
            try:
                peer = Peer.of_socket(connection)
                self._check(peer)
                pid = os.fork()
            except OsconfError as error:
                _refuse(connection, error)
                return
            except OSError as error:
                # One client's bad luck (no memory, no process number) is not the end for the others.
                logger.error("cannot serve a client: %s", error)
                _refuse(
                    connection, StoreError(f"the store's daemon cannot serve: {error.strerror}", code="daemon-busy")
                )
                return
            if pid == 0:
                self._serve_and_leave(connection, peer)
            self.clients[pid] = peer.uid

    def _check(self, peer: Peer) -> None:
        if not self.read_policy().allows(peer):
            raise StoreError(
                f"user '{peer.name}' may not use this machine's store",
                code="not-allowed",
                hint="its administrator can add you to `osconf.settings.allowed-users`",
            )
        of_user = Counter(self.clients.values())[peer.uid]
        if len(self.clients) >= _MAX_CLIENTS or (peer.uid != 0 and of_user >= _MAX_CLIENTS_OF_USER):
            raise StoreError(
                "the store's daemon has too many clients", code="too-many-clients", hint="wait until others are done"
            )

    def _serve_and_leave(self, connection: socket.socket, peer: Peer) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for listening in self.sockets:
                listening.close()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_SECONDS, 0))
            limit_memory()
            channel = Channel.over(connection)
            try:
                self.serve(channel, peer)
            except OsconfError as error:
                logger.error("cannot serve user %s: %s", peer.name, error)
                _tell(channel, error)
            code = 0
        except Exception:
            logger.exception("a conversation with user %s ended in an unforeseen way", peer.name)
        finally:
            os._exit(code)


def _refuse(connection: socket.socket, error: OsconfError) -> None:
    connection.settimeout(1)
    _tell(Channel.over(connection), error)


def _tell(channel: Channel, error: OsconfError) -> None:
    with suppress(Disconnected):
        channel.send({"error": encode_error(error)})
        channel.close()
