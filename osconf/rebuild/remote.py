"""Another machine, by ssh: `[user@]host[:port]` or `ssh://[user@]host[:port]`."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, cast

from osconf.errors import OsconfError
from osconf.host.process import PIPE, Process, start_program
from osconf.store.interface import Store
from osconf.store.transfer import send_closure

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
        return self.converse(
            ["osconf", "store", "receive"],
            lambda to, answers: send_closure(store, paths, to, answers),
            f"copy to {self.host}",
        )

    def converse(self, words: Sequence[str], talk: Callable[[BinaryIO, BinaryIO], list[str]], doing: str) -> list[str]:
        """Run a command there and talk with it: `talk` gets its standard input and its standard output."""
        process = self._start(words, stdin=PIPE, stdout=PIPE)
        to, answers = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
        try:
            result = talk(to, answers)
            to.close()
        except (OsconfError, OSError) as error:
            # A buffer may hold what nobody reads any more.
            with suppress(OSError):
                to.close()
            answers.close()
            code = process.wait()
            raise OsconfError(
                f"cannot {doing}: {error}",
                code="copy-failed",
                hint=f"ssh ended with {code}; try `{shlex.join(self.command(['osconf', '--version']))}`",
            ) from error
        code = process.wait()
        answers.close()
        if code != 0:
            raise OsconfError(f"cannot {doing}: the command there ended with {code}", code="copy-failed")
        return result
