"""The running machine as a `Host`. What needs D-Bus or a subprocess is loaded at its first use: boot needs neither."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from osconf.host.files import Files
from osconf.host.process import ProgramResult, run_program
from osconf.host.protocol import Mounts, SystemdManager

_PROGRAM_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C.UTF-8"}


class RealHost:
    """This machine; with another `root`, a tree below a directory (an installation), which has no PID 1 of its own."""

    def __init__(self, root: Path | str = "/") -> None:
        self.files = Files(root)

    @functools.cached_property
    def mounts(self) -> Mounts:
        """The machine's mounts, by system call."""
        from osconf.host.mounts import RealMounts

        return RealMounts()

    @functools.cached_property
    def systemd(self) -> SystemdManager:
        """PID 1, over D-Bus."""
        from osconf.host.systemd import BusManager

        return BusManager()

    def has_systemd(self) -> bool:
        """Does systemd run as PID 1 (sd_booted(3))?"""
        return self.files.root == "/" and self.files.is_dir("/run/systemd/system")

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        check: bool = True,
        capture: bool = True,
    ) -> ProgramResult:
        """Run a program with a small, fixed environment."""
        return run_program(
            argv, env={**_PROGRAM_ENVIRONMENT, **(env or {})}, timeout=timeout, check=check, capture=capture
        )

    def boot_id(self) -> str:
        """Return the kernel's boot id."""
        return self.files.read_text("/proc/sys/kernel/random/boot_id", "unknown").strip()

    def now(self) -> float:
        """Return the clock's time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def random_hex(self, digits: int) -> str:
        """Return digits from the kernel's random source."""
        return os.urandom((digits + 1) // 2).hex()[:digits]
