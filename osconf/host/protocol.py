"""What osconf asks of a machine: files, programs, mounts, systemd, devices, time.

`host.real` answers for the running system, `host.fake` for tests. Everything that changes a machine takes a `Host`
as an argument; nothing reaches around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from osconf.host.files import Files
from osconf.host.process import ProgramResult


@dataclass(frozen=True, slots=True)
class UnitState:
    """A loaded unit as systemd sees it; the words are systemd's (`active`, `auto-restart`, …)."""

    name: str
    active: str
    sub: str = ""
    load: str = "loaded"

    @property
    def is_running(self) -> bool:
        """Is the unit up or on its way up?"""
        return self.active in ("active", "activating", "reloading", "refreshing")


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended: `done`, `failed`, `timeout`, `dependency`, `canceled`, `skipped`, or osconf's `deadline`."""

    unit: str
    verb: str
    result: str

    @property
    def is_good(self) -> bool:
        """Did the job do what was asked (or was there nothing to do)?"""
        return self.result in ("done", "skipped")


@dataclass(frozen=True, slots=True)
class TransientService:
    """A service that exists for one program; `usr` is bound read-only over /usr for it alone."""

    name: str
    description: str
    argv: tuple[str, ...]
    usr: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    output: str | None = None


class SystemdManager(Protocol):
    """PID 1, as far as osconf asks it for something."""

    def list_units(self) -> dict[str, UnitState]:
        """Return every loaded unit by name."""
        ...

    def run_jobs(self, verb: str, units: Sequence[str], timeout: float) -> tuple[JobResult, ...]:
        """Start, stop, restart or reload units at once and wait for them until the deadline."""
        ...

    def daemon_reload(self) -> None:
        """Read all unit files again."""
        ...

    def reexecute(self) -> None:
        """Replace the running PID 1 (and the user managers) by the program in /usr now."""
        ...

    def reset_failed(self, units: Iterable[str]) -> None:
        """Forget the failure of units, so that they may start again."""
        ...

    def main_status(self, unit: str) -> int:
        """Return the last exit status of a service's main process."""
        ...

    def start_transient(self, service: TransientService) -> None:
        """Start a transient service; returns when it runs."""
        ...


class Mounts(Protocol):
    """The mount table of the machine (not of the calling process)."""

    def enter_host_namespace(self) -> None:
        """Move the calling process into PID 1's mount namespace, for good."""
        ...

    def is_usr(self, usr: str) -> bool:
        """Is this directory what is mounted on /usr now?"""
        ...

    def switch_usr(self, usr: str) -> None:
        """Mount a directory on /usr: read-only, private, in one step, without touching other namespaces."""
        ...

    def mount_tmpfs(self, path: str) -> None:
        """Mount a small tmpfs, mode 0755, on which setuid programs work."""
        ...

    def sync(self, path: str) -> None:
        """Write back the file system that holds a path."""
        ...

    def checkpoint(self, path: str) -> None:
        """Write back a file system so that a reader that knows no journal (GRUB) finds everything, where it can."""
        ...

    def file_system_of(self, path: str) -> FileSystem:
        """Return the mounted file system that holds a path."""
        ...


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A mounted file system; `uuid` and `label` are empty when unknown."""

    mount_point: str
    kind: str
    source: str
    uuid: str = ""
    label: str = ""


class Host(Protocol):
    """One machine."""

    @property
    def files(self) -> Files:
        """The file system below its root."""
        ...

    @property
    def mounts(self) -> Mounts:
        """Its mounts."""
        ...

    @property
    def systemd(self) -> SystemdManager:
        """Its PID 1."""
        ...

    def has_systemd(self) -> bool:
        """Does systemd run as PID 1?"""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        check: bool = True,
        capture: bool = True,
    ) -> ProgramResult:
        """Run a program on the machine."""
        ...

    def boot_id(self) -> str:
        """Return an id that is new with every boot."""
        ...

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def random_hex(self, digits: int) -> str:
        """Return fresh random hexadecimal digits."""
        ...
