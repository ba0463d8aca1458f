"""A look at a machine from outside: ssh, pages, open ports."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from osconf.host.process import run_program


class SshKey:
    """A key pair of this run, and how to use it."""

    def __init__(self, directory: Path) -> None:
        self.private = directory / "id_ed25519"
        run_program(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(self.private)])
        self.public = self.private.with_suffix(".pub").read_text().strip()

    @property
    def options(self) -> list[str]:
        """Options for ssh: this key, no known hosts, no questions."""
        return [
            *("-i", str(self.private), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
            *("-o", "ConnectTimeout=30"),
        ]

    def run(self, port: int, command: str, user: str = "root", timeout: float = 120) -> str:
        """Run a command on a machine whose sshd is forwarded to `port`; gives its output."""
        result = run_program(
            ["ssh", *self.options, "-p", str(port), f"{user}@127.0.0.1", command], timeout=timeout, check=False
        )
        assert result.exit_code == 0, f"ssh {command!r} ended with {result.exit_code}: {result.stderr.decode()}"
        return result.text


def fetch(port: int, path: str = "/", timeout: float = 60) -> str:
    """The page that a forwarded port serves; tried until it answers."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                text: str = answer.read().decode()
                return text
        except (OSError, urllib.error.URLError) as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"port {port} does not serve {path}: {error}") from error
            time.sleep(0.5)


def receives_data(port: int, timeout: float = 3) -> bool:
    """Whether something behind a forwarded port sends anything: a connection alone proves nothing, QEMU accepts it."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.settimeout(timeout)
            return bool(connection.recv(1))
    except OSError:
        return False
