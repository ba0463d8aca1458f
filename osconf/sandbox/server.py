"""The launcher server: one waiting interpreter per process, forked for each sandbox.

Starting an interpreter costs more than entering a sandbox. So the first sandbox of a process starts the launcher with
`--serve` and a socket; every sandbox is a message with descriptors on it (see `launcher.serve`), answered with a
descriptor of the new process (pidfd). The server ends when our end of the socket closes, whatever ends us, and the
kernel kills its sandboxes with it.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress

from osconf.sandbox.command import launcher_command

_MAX_ANSWER = 200


class ServerGone(Exception):
    """The launcher server ended before it could start anything."""


class StartRefused(OSError):
    """The server could not make a process."""


class ServedProcess:
    """A process that the server started; behaves as `subprocess.Popen` does as far as `run` needs it."""

    def __init__(self, pidfd: int, result: int, stdout: int) -> None:
        self.pidfd = pidfd
        self.result = result
        self.stdout = os.fdopen(stdout, "rb", buffering=0)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, or None while the process runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; negative for a signal. Raises `TimeoutExpired`."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self.result, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired("sandbox", timeout or 0)
            code = os.read(self.result, 4)
            self.returncode = int.from_bytes(code, "little") if code else -signal.SIGKILL
            os.close(self.result)
            os.close(self.pidfd)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, never to another that got its number."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, number)

    def kill(self) -> None:
        """Kill the process, and with it its sandbox."""
        self.send_signal(signal.SIGKILL)


class LauncherServer:
    """The client's side of one server."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [*launcher_command(), "--serve", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                # Ctrl-C is ours to answer: builders that it killed beside us would look like failures.
                process_group=0,
            )

    def start(self, description: int, status: int) -> ServedProcess:
        """Start a sandbox; the descriptors are duplicated. Raises `ServerGone` or `StartRefused`."""
        output, output_inside = os.pipe()
        result, result_inside = os.pipe()
        try:
            pidfd = self._request((description, status, output_inside, result_inside))
        except BaseException:
            os.close(output)
            os.close(result)
            raise
        finally:
            os.close(output_inside)
            os.close(result_inside)
        return ServedProcess(pidfd, result, output)

    def _request(self, descriptors: Sequence[int]) -> int:
        with self.lock:
            try:
                socket.send_fds(self.socket, [b"start"], list(descriptors))
                message, received, _, _ = socket.recv_fds(self.socket, _MAX_ANSWER, 1)
            except OSError as error:
                raise ServerGone(str(error)) from error
        if not message:
            raise ServerGone("it ended")
        if not received:
            raise StartRefused(message.decode("utf-8", "replace"))
        os.set_inheritable(received[0], False)
        return received[0]

    def close(self) -> None:
        """End the server and every sandbox it started."""
        self.socket.close()
        self.process.wait()


_servers: dict[tuple[int, str, int], LauncherServer] = {}
_servers_lock = threading.Lock()


def start_served(description: int, status: int) -> ServedProcess:
    """Start a sandbox through this process's server, which is started when there is none (any more)."""
    server = _server()
    try:
        return server.start(description, status)
    except ServerGone:
        return _server(gone=server).start(description, status)


def _server(*, gone: LauncherServer | None = None) -> LauncherServer:
    """The server of this process in this thread's mount namespace: what it binds is found there.

    One that is `gone` is replaced, unless another thread has done so already.
    """
    key = (os.getpid(), os.readlink("/proc/thread-self/ns/mnt"), os.geteuid())  # noqa: PTH115 - not a path
    with _servers_lock:
        server = _servers.get(key)
        if server is not None and (server is gone or server.process.poll() is not None):
            server.close()
            server = None
        if server is None:
            server = _servers[key] = LauncherServer()
        return server


def _forget_servers() -> None:
    """Leave the parent's servers to the parent, in a child that was forked."""
    global _servers_lock  # noqa: PLW0603 - the parent may have held it
    _servers_lock = threading.Lock()
    for server in _servers.values():
        server.socket.close()
        # It is not our child: nobody must wait for it here.
        server.process.returncode = 0
    _servers.clear()


os.register_at_fork(after_in_child=_forget_servers)
