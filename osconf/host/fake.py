"""A machine for tests: real files below a temporary root, everything else in memory.

Programs are answered by functions that a test registers; systemd is a table of units whose jobs succeed unless the
test says otherwise. `log` holds what was asked, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from osconf.host.files import Files
from osconf.host.process import ProgramFailed, ProgramResult
from osconf.host.protocol import FileSystem, JobResult, TransientService, UnitState

ProgramAnswer = Callable[[Sequence[str]], ProgramResult]


class FakeManager:
    """systemd in memory. `failing` units end their start jobs in failure; `hanging` ones never end a job."""

    def __init__(self, log: list[str]) -> None:
        self.units: dict[str, UnitState] = {}
        self.failing: set[str] = set()
        self.hanging: set[str] = set()
        self.transient: list[TransientService] = []
        self.statuses: dict[str, int] = {}
        self.pulled_in: dict[str, tuple[str, ...]] = {}
        self._log = log

    def add(self, *names: str, active: str = "active", sub: str = "running") -> None:
        """Load units in a state."""
        for name in names:
            self.units[name] = UnitState(name, active, sub)

    def list_units(self) -> dict[str, UnitState]:
        """Return a copy of the table."""
        return dict(self.units)

    def run_jobs(self, verb: str, units: Sequence[str], timeout: float) -> tuple[JobResult, ...]:
        """Change the units' states at once."""
        if units:
            self._log.append(f"{verb} {' '.join(units)}")
        return tuple(JobResult(unit, verb, self._run_job(verb, unit)) for unit in units)

    def daemon_reload(self) -> None:
        """Record it."""
        self._log.append("daemon-reload")

    def reexecute(self) -> None:
        """Record it."""
        self._log.append("reexecute")

    def reset_failed(self, units: Iterable[str]) -> None:
        """Make failed units inactive."""
        for name in units:
            if name in self.units and self.units[name].active == "failed":
                self.units[name] = replace(self.units[name], active="inactive", sub="dead")

    def main_status(self, unit: str) -> int:
        """Return what the test set, else 1 for a failed unit."""
        failed = unit in self.units and self.units[unit].active == "failed"
        return self.statuses.get(unit, 1 if failed else 0)

    def start_transient(self, service: TransientService) -> None:
        """Record it."""
        self.transient.append(service)
        self._log.append(f"transient {service.name}")

    def _run_job(self, verb: str, unit: str) -> str:
        state = self.units.get(unit) or UnitState(unit, "inactive", "dead")
        if unit in self.hanging:
            return "deadline"
        if verb == "stop":
            self.units[unit] = replace(state, active="inactive", sub="dead")
            return "done"
        if unit in self.failing:
            self.units[unit] = replace(state, active="failed", sub="failed")
            return "failed"
        self.units[unit] = replace(state, active="active", sub="running")
        for other in self.pulled_in.get(unit, ()):
            if not (other in self.units and self.units[other].is_running):
                self._run_job("start", other)
        return "done"


class FakeMounts:
    """The mount table in memory: what is on /usr, and the file systems a test declares."""

    def __init__(self, log: list[str]) -> None:
        self.usr = ""
        self.file_systems: list[FileSystem] = [FileSystem("/", "ext4", "/dev/sda1", "root-uuid", "root")]
        self._log = log

    def enter_host_namespace(self) -> None:
        """There is only one."""

    def is_usr(self, usr: str) -> bool:
        """Compare with what was switched to."""
        return self.usr == usr

    def switch_usr(self, usr: str) -> None:
        """Switch."""
        self._log.append(f"usr {usr}")
        self.usr = usr

    def mount_tmpfs(self, path: str) -> None:
        """Record it."""
        self._log.append(f"tmpfs {path}")

    def sync(self, path: str) -> None:
        """Record it."""
        self._log.append(f"sync {path}")

    def checkpoint(self, path: str) -> None:
        """Record it."""
        self._log.append(f"checkpoint {path}")

    def file_system_of(self, path: str) -> FileSystem:
        """Return the declared file system with the longest mount point."""
        holding = [item for item in self.file_systems if (path + "/").startswith(item.mount_point.rstrip("/") + "/")]
        return max(holding, key=lambda item: len(item.mount_point))


class FakeHost:
    """A machine below `root`."""

    def __init__(self, root: Path, *, apply_owners: bool = False) -> None:
        self.log: list[str] = []
        self.files = Files(root, apply_owners=apply_owners)
        self.mounts = FakeMounts(self.log)
        self.systemd = FakeManager(self.log)
        self.programs: dict[str, ProgramAnswer] = {}
        self.clock = 1_000_000.0
        self.boot = "boot-1"

    def has_systemd(self) -> bool:
        """Always."""
        return True

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        check: bool = True,
        capture: bool = True,
    ) -> ProgramResult:
        """Ask the function registered under the program's name; an unknown program succeeds silently."""
        name = argv[0].rpartition("/")[2]
        self.log.append(f"run {' '.join(argv)}")
        result = self.programs[name](argv) if name in self.programs else ProgramResult(0)
        if check and result.exit_code != 0:
            raise ProgramFailed(argv, result)
        return result

    def boot_id(self) -> str:
        """Return what the test set."""
        return self.boot

    def now(self) -> float:
        """Return the fake clock."""
        return self.clock

    def sleep(self, seconds: float) -> None:
        """Let the fake clock run."""
        self.clock += seconds

    def random_hex(self, digits: int) -> str:
        """Return the same digits every time."""
        return "0123456789abcdef" * 4 if digits > 64 else ("0123456789abcdef" * 4)[:digits]
