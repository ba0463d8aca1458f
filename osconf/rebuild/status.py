"""`osconf status`: what runs, what boots next, which processes still run old code and which units owe a restart."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from osconf.activation import generations as links
from osconf.activation.debt import read_debt
from osconf.errors import OsconfError
from osconf.host.files import Files
from osconf.rebuild.generations import BOOTED, CURRENT

USR = "/usr"


@dataclass(frozen=True, slots=True)
class OldProcess:
    """A process that maps or sees files of an earlier generation."""

    pid: int
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the machine; `restart_debt` has the units that should restart and may not, and why."""

    current: str
    booted: str
    default: str
    default_generation: int | None
    old_processes: tuple[OldProcess, ...]
    restart_debt: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The state as data."""
        return {**asdict(self), "old_processes": [asdict(process) for process in self.old_processes]}

    def as_text(self) -> str:
        """The state for people, with what to do."""
        default = (
            "none: whatever starts this machine names the system"
            if self.default_generation is None
            else f"{self.default} ({self.default_generation})"
        )
        lines = [f"running       {self.current}", f"booted        {self.booted}", f"boot default  {default}"]
        if self.default_generation is not None and self.current != self.default:
            lines.append("the next boot is another system than the one that runs: `osconf switch` or `osconf rollback`")
        return "\n".join([*lines, *self._list_debt(), *self._list_old_processes()])

    def _list_debt(self) -> Iterator[str]:
        if self.restart_debt:
            yield "units that changed, but still run as they were:"
        for unit, reason in sorted(self.restart_debt.items()):
            yield f"  {unit}: {reason}"

    def _list_old_processes(self) -> Iterator[str]:
        if not self.old_processes:
            yield "every process runs the code of this generation"
            return
        yield f"{len(self.old_processes)} processes still run code of an earlier generation:"
        units: dict[str, list[OldProcess]] = {}
        for process in self.old_processes:
            units.setdefault(process.unit, []).append(process)
        for unit, processes in sorted(units.items()):
            names = ", ".join(f"{process.name} ({process.pid})" for process in processes[:4])
            more = f" and {len(processes) - 4} more" if len(processes) > 4 else ""
            yield f"  {unit or 'no unit'}: {names}{more} - {_advice(unit)}"


def _advice(unit: str) -> str:
    if unit in ("", "init.scope") or unit.startswith(("dbus", "user@", "systemd-logind")):
        return "reboot when it suits"
    if unit.endswith(".scope"):
        return "ends with its session"
    return f"systemctl restart {unit}"


def read_status() -> Status:
    """Look at the running machine."""
    files = Files()
    current = files.resolve(CURRENT)
    if not current.startswith("/osconf/store/"):
        raise OsconfError("this machine does not run osconf", code="not-osconf")
    default = links.find_default(files)
    return Status(
        current,
        files.resolve(BOOTED),
        default.system if default else "",
        default.number if default else None,
        tuple(find_old_processes(Path(current))),
        read_debt(files),
    )


def find_old_processes(system: Path) -> Iterator[OldProcess]:
    """Processes whose `/usr` is no environment of the system, or that map files which have another inode by now."""
    data = json.loads((system / "activation.json").read_text("utf-8"))
    environments = {data["environment"], *data.get("serviceEnvironments", [])}
    for process in sorted(
        (entry for entry in Path("/proc").iterdir() if entry.name.isdigit()), key=lambda p: int(p.name)
    ):
        try:
            maps = (process / "maps").read_text(errors="replace")
            environment = _environment_at_usr((process / "mountinfo").read_text(errors="replace"))
            is_old = (environment is not None and environment not in environments) or _maps_old_files(process, maps)
            if maps and is_old:
                name = (process / "comm").read_text().strip()
                yield OldProcess(int(process.name), name, _unit_of((process / "cgroup").read_text()))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue


def _environment_at_usr(mountinfo: str) -> str | None:
    """The environment whose tree is the topmost mount at /usr."""
    found = None
    for line in mountinfo.splitlines():
        fields = line.split()
        if fields[4] == USR and fields[3].endswith(USR):
            inside = fields[3].removesuffix(USR)
            found = "/osconf/store/" + inside.rpartition("/")[2]
    return found


def _maps_old_files(process: Path, maps: str) -> bool:
    seen: set[str] = set()
    for line in maps.splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) < 6 or not fields[5].startswith(USR + "/") or fields[5] in seen:
            continue
        seen.add(fields[5])
        try:
            if os.stat(f"{process}/root{fields[5]}").st_ino != int(fields[4]):  # noqa: PTH116 - a path of /proc
                return True
        except OSError:
            return True
    return False


def _unit_of(cgroup: str) -> str:
    """The unit in a cgroup path, such as `0::/system.slice/nginx.service`."""
    for part in reversed(cgroup.strip().rpartition(":")[2].split("/")):
        if part.endswith((".service", ".scope")):
            return part
    return ""
