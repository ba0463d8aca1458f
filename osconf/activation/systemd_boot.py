"""systemd-boot: entries of the Boot Loader Specification, loader.conf, and the loader program on the ESP."""

from __future__ import annotations

from collections.abc import Sequence

from osconf.activation.closure import BootLoader, Closure
from osconf.host.files import Files

_PROGRAM = "usr/lib/systemd/boot/efi/systemd-bootx64.efi"
_PLACES = ("EFI/systemd/systemd-bootx64.efi", "EFI/BOOT/BOOTX64.EFI")


def render_entry(title: str, number: int, kernel: str, initrd: str, parameters: Sequence[str], machine_id: str) -> str:
    """Return a Type #1 entry; versions sort numerically, so the newest generation comes first."""
    lines = [
        f"title {title}",
        "sort-key osconf",
        f"version {number}",
        f"linux {kernel}",
        f"initrd {initrd}",
        f"options {' '.join(parameters)}",
    ]
    if machine_id:
        lines.insert(2, f"machine-id {machine_id}")
    return "\n".join(lines) + "\n"


def render_loader_config(default: str, loader: BootLoader) -> str:
    """Return loader.conf."""
    timeout = "menu-force" if loader.timeout is None else str(loader.timeout)
    return (
        f"default {default}\ntimeout {timeout}\nconsole-mode {loader.console_mode}\n"
        f"editor {'yes' if loader.editor else 'no'}\n"
    )


def install_loader(files: Files, closure: Closure, esp: str) -> None:
    """Put the loader of the closure's environment on the ESP where it is missing or another one."""
    source = f"{closure.environment.path}/{_PROGRAM}"
    if not files.exists(source):
        return
    data = files.read_bytes(source)
    for place in _PLACES:
        path = f"{esp}/{place}"
        if not files.exists(path) or files.read_bytes(path) != data:
            files.make_dirs(path.rpartition("/")[0])
            files.write(path, data, mode=0o600, sync=True)
