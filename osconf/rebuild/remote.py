"""Another machine, by ssh: `[user@]host[:port]` or `ssh://[user@]host[:port]`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from osconf.errors import OsconfError
from osconf.host.process import PIPE, Process, start_program
from osconf.rebuild.transfer import send_closure
from osconf.store.interface import Store

# The exit code of ssh itself, for want of a connection.
_SSH_FAILED = 255


@dataclass(frozen=True, slots=True)
class Target:
    """A machine to activate on; `ssh_options` are words of `OSCONF_SSHOPTS`."""

    host: str
    port: int | None = None
    ssh_options: tuple[str, ...] = ()

    @classmethod
    def from_arg(cls, text: str, environment: Mapping[str, str]) -> Target:
        """Read what `--target-host` was given."""
        address = text.removeprefix("ssh://").rstrip("/")
        host, port = address, None
        before, colon, after = address.rpartition(":")
        if colon and after.isdigit() and not before.endswith(":"):
            host, port = before, int(after)
        if not host or host.startswith("-"):
            raise OsconfError(
                f"`{text}` names no host", code="bad-target", hint="write [user@]host[:port], such as root@web:2222"
            )
        return cls(host, port, tuple(shlex.split(environment.get("OSCONF_SSHOPTS", ""))))

    def command(self, words: Sequence[str]) -> list[str]:
        """The local command line that runs a command there."""
        port = ["-p", str(self.port)] if self.port is not None else []
        return ["ssh", *self.ssh_options, *port, self.host, "--", shlex.join(words)]

    def run(self, words: Sequence[str]) -> int:
        """Run a command there with this terminal; gives its exit code."""
        code = self._start(words).wait()
        if code == _SSH_FAILED:
            raise OsconfError(
                f"there is no connection to {self.host}: ssh ended with {code}",
                code="no-connection",
                hint=f"try `{shlex.join(self.command(['true']))}`; what was begun there goes on without a connection",
            )
        return code

    def check(self) -> None:
        """Refuse a machine that cannot be reached, before anything is built for it."""
        self.run(["true"])

    def _start(self, words: Sequence[str], **options: int) -> Process:
        try:
            return start_program(self.command(words), **options)
        except FileNotFoundError:
            raise OsconfError(
                "there is no ssh here to reach other machines with",
                code="no-ssh",
                hint="install openssh-client: `environment.systemPackages = [ pkgs.openssh-client ];`",
            ) from None

    def copy_closure(self, store: Store, paths: Sequence[str]) -> list[str]:
        """Bring the closure of store paths there; gives what was missing."""
        words = ["osconf", "store", "receive"]
        process = self._start(words, stdin=PIPE, stdout=PIPE)
        try:
            sent = send_closure(store, paths, cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout))
        except (OsconfError, OSError) as error:
            if process.stdin is not None:
                process.stdin.close()
            code = process.wait()
            raise OsconfError(
                f"cannot copy the system to {self.host}: {error}",
                code="copy-failed",
                hint=f"ssh ended with {code}; try `{shlex.join(self.command(['osconf', '--version']))}`",
            ) from error
        if process.stdin is not None:
            process.stdin.close()
        if process.wait() != 0:
            raise OsconfError(f"copying to {self.host} ended with {process.returncode}", code="copy-failed")
        return sent
