"""How QEMU is called: acceleration that works here, disks, forwarded ports, the driver's channels."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

# Emulated CPUs: with these features on, threads of the translator make a Linux guest panic (QEMU 7.2).
TCG_CPU = "max,-cx16,-la57,-svm"


def kvm_works() -> bool:
    """KVM needs the CPU's virtualisation and a device one may write; an open /dev/kvm alone is not enough."""
    try:
        flags = Path("/proc/cpuinfo").read_text(errors="replace").split()
    except OSError:
        return False
    return ("vmx" in flags or "svm" in flags) and os.access("/dev/kvm", os.W_OK)


def acceleration(wanted: str | None = None) -> list[str]:
    """Words for QEMU: KVM where it works, otherwise emulation with several threads."""
    if (wanted or ("kvm" if kvm_works() else "tcg")) == "kvm":
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi", "-cpu", TCG_CPU]


def choose_forwards(ports: Iterable[int]) -> dict[int, int]:
    """A TCP port of the loopback interface that nobody listens on, another one for each port of the guest."""
    with ExitStack() as held:
        found = {}
        for port in ports:
            # Held until all are found: a port that was given back may be given again.
            listener = held.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            found[int(listener.getsockname()[1])] = port
        return found


@dataclass(frozen=True, slots=True)
class Channels:
    """The sockets by which the driver talks to a machine; all lie in its state directory."""

    directory: Path

    @property
    def shell(self) -> Path:
        return self.directory / "shell.sock"

    @property
    def console(self) -> Path:
        return self.directory / "console.sock"

    @property
    def monitor(self) -> Path:
        return self.directory / "monitor.sock"

    @property
    def console_log(self) -> Path:
        return self.directory / "console.log"

    def words(self, *, with_bus: bool) -> list[str]:
        """Words for QEMU; `with_bus` adds the virtio-serial bus where the caller's machine has none."""
        bus = ["-device", "virtio-serial-pci"] if with_bus else []
        return [
            *bus,
            *("-chardev", f"socket,id=shell,path={self.shell},server=on,wait=off"),
            *("-device", "virtserialport,chardev=shell,name=osconf.shell"),
            *("-chardev", f"socket,id=console,path={self.console},server=on,wait=off,logfile={self.console_log}"),
            *("-serial", "chardev:console"),
            *("-qmp", f"unix:{self.monitor},server=on,wait=off"),
        ]


@dataclass(frozen=True, slots=True)
class RecordedDisk:
    """A disk from a raw image whose writes are recorded (see `block_log`).

    The guest finds it as /dev/disk/by-id/virtio-NAME.
    """

    image: Path
    log: Path
    name: str = "recorded"

    def words(self) -> list[str]:
        """Words for QEMU; makes the log's file."""
        image = ["-blockdev", f"driver=raw,node-name={self.name}-image,file.driver=file,file.filename={self.image}"]
        return [*image, *record_node(f"{self.name}-image", self.name, self.log), *self._device()]

    def _device(self) -> list[str]:
        # Without discards every request has its data in the log.
        return ["-device", f"virtio-blk-pci,drive={self.name},serial={self.name},discard=off,write-zeroes=off"]


def record_node(node: str, name: str, log: Path) -> list[str]:
    """Words for a block node that passes everything on to `node` and records the writes; makes the log's file."""
    log.touch()
    return [
        *("-blockdev", f"driver=raw,node-name={name}-log,file.driver=file,file.filename={log}"),
        *("-blockdev", f"driver=blklogwrites,node-name={name},file={node},log={name}-log"),
    ]


@dataclass(frozen=True, slots=True)
class DiskMachine:
    """A machine that boots by itself from a disk image, as hardware would: firmware, GRUB, kernel.

    With `log` the writes to its disk are recorded there (see `block_log`). A disk that is `safe` has what the guest
    flushed when QEMU is killed; the default is faster.
    """

    disk: Path
    memory_mib: int = 2048
    cores: int = 2
    forwards: Mapping[int, int] = field(default_factory=dict)  # host port -> guest port
    network: str = ""
    log: Path | None = None
    safe: bool = False

    def command(self, channels: Channels) -> list[str]:
        """The command line; the disk is /dev/sda."""
        network = "user,id=net0" + "".join(
            f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for host, guest in self.forwards.items()
        )
        return [
            "qemu-system-x86_64",
            *acceleration(os.environ.get("OSCONF_VM_ACCEL")),
            *("-m", str(self.memory_mib), "-smp", str(self.cores), "-nodefaults", "-display", "none"),
            *self._disk_words(),
            *("-device", "virtio-scsi-pci,id=scsi", "-device", "scsi-hd,bus=scsi.0,drive=disk"),
            *("-netdev", network + self.network, "-device", "virtio-net-pci,netdev=net0"),
            *("-device", "virtio-rng-pci"),
            *channels.words(with_bus=True),
        ]

    def _disk_words(self) -> list[str]:
        if self.log is None:
            cache = "writeback" if self.safe else "unsafe"
            return ["-drive", f"file={self.disk},if=none,id=disk,format=qcow2,discard=unmap,cache={cache}"]
        image = f"driver=qcow2,node-name=image,cache.no-flush=on,file.driver=file,file.filename={self.disk}"
        return ["-blockdev", image, *record_node("image", "disk", self.log)]
