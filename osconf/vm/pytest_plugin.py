"""Fixtures for tests of systems: `pytest -p osconf.vm.pytest_plugin` (loaded by itself where osconf is installed).

    def test_web(boot_vm):
        machine = boot_vm(Path("examples/webserver.nix"))
        machine.wait_for_unit("nginx.service")

Builds go into the store that `OSCONF_STORE` names. A machine is ended when its test ends; its console stays in
`<tmp>/<name>/console.log`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from osconf.host.process import run_program
from osconf.vm.machine import Machine, MachineError
from osconf.vm.qemu import Channels, DiskMachine, RecordedDisk, choose_forwards

# A test's configuration gets the driver's shell whatever it says, and only the ports that the test asks for.
SHELL_MODULE = (
    "{ lib, ... }: { virtualisation.testShell.enable = true; virtualisation.forwardPorts = lib.mkForce [ ]; }"
)


class BuildFixture(Protocol):
    """Builds an attribute of a configuration (a file, or a module's text)."""

    def __call__(self, configuration: str | Path, attribute: str) -> Path: ...


def osconf(*arguments: str, cwd: Path | None = None) -> str:
    """Run the osconf program of this installation; gives its standard output."""
    import sys

    result = run_program([sys.executable, "-m", "osconf.cli", *arguments], cwd=cwd, check=False)
    if result.exit_code != 0:
        raise AssertionError(
            f"osconf {' '.join(arguments)} ended with {result.exit_code}:\n{result.stderr.decode(errors='replace')}"
        )
    return result.text


def download_cache() -> Path:
    """Where downloads are kept: what a test serves to its machines."""
    base = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "/root"), ".cache")
    return Path(base, "osconf")


@pytest.fixture(scope="session")
def vm_lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all configurations of one run live in, so that they share one osconf.lock."""
    return tmp_path_factory.mktemp("configurations")


@pytest.fixture(scope="session")
def build_system(vm_lock: Path) -> BuildFixture:
    """Build `system`, `vm` or `image` of a configuration with the driver's shell in it."""
    built: dict[tuple[str, str], Path] = {}

    def build(configuration: str | Path, attribute: str) -> Path:
        key = (str(configuration), attribute)
        if key not in built:
            if isinstance(configuration, Path):
                file = configuration.absolute()
            else:
                file = vm_lock / f"configuration-{len(built)}.nix"
                file.write_text(configuration)
            command = {
                "system": ["build"],
                "vm": ["build-vm"],
                "image": ["build-image", "--format", "qcow2"],
            }[attribute]
            link = vm_lock / f"result-{len(built)}"
            osconf(*command, "-c", str(file), "--module", SHELL_MODULE, "-o", str(link))
            built[key] = link
        return built[key]

    return build


class MachinePool:
    """Makes the machines of one test and ends them."""

    def __init__(self, build: BuildFixture, directory: Path) -> None:
        self._build = build
        self._directory = directory
        self._machines: list[Machine] = []

    def close(self) -> None:
        """End every machine."""
        for machine in self._machines:
            machine.kill()

    def boot_vm(
        self, configuration: str | Path, *, ports: tuple[int, ...] = (), disks: tuple[RecordedDisk, ...] = ()
    ) -> Machine:
        """Boot what `osconf build-vm` makes of a configuration; `ports` of the guest are forwarded.

        `disks` are further ones whose writes are recorded.
        """
        link = self._build(configuration, "vm")
        (script,) = (link / "bin").glob("run-*-vm")
        forwards = choose_forwards(ports)
        state = self._state()

        def command(channels: Channels) -> list[str]:
            return [str(script.resolve())]

        channels = Channels(state)
        environment = {
            **os.environ,
            "OSCONF_DISK_IMAGE": str(state / "disk.qcow2"),
            "QEMU_OPTS": " ".join(
                ["-display none", *channels.words(with_bus=False), *(word for disk in disks for word in disk.words())]
            ),
            "QEMU_NET_OPTS": ",".join(f"hostfwd=tcp:127.0.0.1:{host}-:{guest}" for host, guest in forwards.items()),
            "OSCONF_VM_CONSOLE": "none",
        }
        return self._start(Machine(command, state, environment=environment, forwards=forwards))

    def boot_image(
        self,
        configuration: str | Path,
        *,
        ports: tuple[int, ...] = (),
        memory_mib: int = 2048,
        network: str = "",
        log: Path | None = None,
        safe: bool = False,
    ) -> Machine:
        """Boot the disk image of a configuration by its own GRUB; the disk is a copy that the test may change.

        With `log` the writes to it are recorded there. A test that pulls the plug wants a `safe` disk.
        """
        link = self._build(configuration, "image")
        (image,) = link.glob("*.qcow2")
        state = self._state()
        disk = state / "disk.qcow2"
        shutil.copyfile(image, disk)
        forwards = choose_forwards(ports)
        machine = DiskMachine(disk, memory_mib=memory_mib, forwards=forwards, network=network, log=log, safe=safe)
        return self._start(Machine(machine.command, state, forwards=forwards))

    def _state(self) -> Path:
        state = self._directory / f"machine-{len(self._machines)}"
        state.mkdir(parents=True)
        return state

    def _start(self, machine: Machine) -> Machine:
        self._machines.append(machine)
        try:
            machine.start()
            machine.wait_for_shell()
        except MachineError as error:
            if "panicked" not in str(error):
                raise
            # An emulated CPU can fail a correct kernel: once more, and the log says so.
            print(f"the emulated kernel panicked, starting again:\n{error}")
            machine.kill()
            machine.start()
            machine.wait_for_shell()
        return machine


@pytest.fixture
def machines(build_system: BuildFixture, tmp_path: Path) -> Iterator[MachinePool]:
    """The pool that a test boots machines from."""
    pool = MachinePool(build_system, tmp_path)
    try:
        yield pool
    finally:
        pool.close()


@pytest.fixture
def boot_vm(machines: MachinePool) -> Callable[..., Machine]:
    """Boot a configuration as `osconf build-vm` does."""
    return machines.boot_vm


@pytest.fixture
def boot_image(machines: MachinePool) -> Callable[..., Machine]:
    """Boot a configuration from its disk image."""
    return machines.boot_image


def pytest_runtest_makereport(item: Any, call: Any) -> None:
    """Show the end of each machine's console when a test with machines fails."""
    if call.when == "call" and call.excinfo is not None:
        pool = getattr(item, "funcargs", {}).get("machines")
        if isinstance(pool, MachinePool):
            for machine in pool._machines:
                item.add_report_section("call", "console", machine.console_tail())
