"""The boot menu: which generations it offers, where their kernels are, and writing it so that a power cut is harmless.

Every generation is read from its own `boot.json`; one that is broken is left out with a warning and blocks nothing.
New files are complete and on disk before the menu that names them is renamed into place; what no entry needs any more
is removed after that.
"""

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from osconf.activation import grub, systemd_boot
from osconf.activation.closure import BootEntry, Closure, read_boot_entry
from osconf.activation.generations import Generation, list_generations
from osconf.errors import ActivationError, OsconfError
from osconf.host.files import Files
from osconf.host.protocol import Host

GRUB_FOLDER = "/boot/grub"
_KERNELS = "/boot/osconf"
_GRUB_READS = ("ext2", "ext3", "ext4", "xfs", "btrfs", "")
_BLESSING_UNIT = "osconf-boot-complete.service"
_RESERVE = 1 << 20

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Bootable:
    """A generation that can be booted."""

    generation: Generation
    entry: BootEntry
    specialisation: str = ""

    @property
    def title(self) -> str:
        """Return the menu title."""
        made = time.strftime("%Y-%m-%d %H:%M", time.gmtime(self.generation.made))
        special = f" - {self.specialisation}" if self.specialisation else ""
        return f"osconf {self.generation.number}{special} ({self.entry.label}, {made})"

    @property
    def identifier(self) -> str:
        """Return the id in the menu, which is also the name of a boot loader entry."""
        return grub.entry_identifier(self.generation.number) + (
            f"-{self.specialisation}" if self.specialisation else ""
        )


def write_boot_menu(host: Host, closure: Closure, report: Report, *, root_tag: str = "") -> None:
    """Write the menu of all kept generations with the settings of `closure`, whose generation is the default.

    `root_tag` (`LABEL=…`, `UUID=…`) says where GRUB finds the store when the kernel parameters do not.
    """
    loader = closure.boot
    if loader.loader == "none":
        return
    bootables = select_bootables(host.files, loader.configuration_limit, report)
    if not bootables:
        raise ActivationError("no generation can be booted: the boot menu is left as it is", code="not-bootable")
    if loader.loader == "grub":
        _write_grub(host, closure, bootables, report, root_tag)
    elif loader.loader == "systemd-boot":
        _write_systemd_boot(host, closure, bootables, report)
    else:
        raise ActivationError(f"there is no boot loader {loader.loader}", hint="grub, systemd-boot or none")


def select_bootables(files: Files, limit: int, report: Report) -> list[Bootable]:
    """Return the default generation first, then the newest others, up to `limit`; specialisations follow theirs."""
    generations = sorted(list_generations(files), key=lambda item: (not item.is_default, -item.number))
    bootables: list[Bootable] = []
    kept = 0
    for generation in generations:
        if kept == max(limit, 1):
            break
        try:
            entry = read_boot_entry(files, generation.system)
        except OsconfError as error:
            report(f"generation {generation.number} is left out of the boot menu: {error}")
            continue
        kept += 1
        bootables.append(Bootable(generation, entry))
        for name, system in sorted(entry.specialisations.items()):
            try:
                bootables.append(Bootable(generation, read_boot_entry(files, system), name))
            except OsconfError as error:
                report(f"specialisation {name} of generation {generation.number} is left out: {error}")
    return bootables


def bless_boot(host: Host) -> int:
    """Mark the booted generation as good: it is where GRUB falls back to."""
    files = host.files
    booted = files.resolve("/run/booted-system")
    path = f"{GRUB_FOLDER}/grubenv"
    if not files.exists(path):
        return 0
    numbers = [item.number for item in list_generations(files) if files.resolve(item.system) == booted]
    if numbers:
        old = grub.parse_environment(files.read_bytes(path))
        candidates = [grub.entry_identifier(number) for number in numbers]
        running = old.get("saved_entry", "")
        new = grub.bless(old, running if running in candidates else candidates[-1])
        if new != old:
            files.write(path, grub.render_environment(new), mode=0o600, sync=True)
    return 0


def _write_grub(host: Host, closure: Closure, bootables: Sequence[Bootable], report: Report, root_tag: str) -> None:
    files = host.files
    search: tuple[str, ...] = ()
    copied = _needs_copies(host)
    if copied:
        bootables = _copy_kernels(files, _KERNELS, bootables, report)
        boot_uuid = host.mounts.file_system_of("/boot").uuid
        search = ("--fs-uuid", boot_uuid) if boot_uuid else ()
    entries = []
    for bootable in bootables:
        entry = bootable.entry
        if copied:
            kernel, initrd = (f"/osconf/{_copied_name(file)}" for file in (entry.kernel, entry.initrd))
        else:
            kernel, initrd = entry.kernel, entry.initrd
            search = grub.find_search(entry.kernel_params) or grub.search_arguments(root_tag)
        entries.append(grub.MenuEntry(bootable.identifier, bootable.title, kernel, initrd, entry.kernel_params, search))
    default = entries[0].identifier
    files.make_dirs(GRUB_FOLDER)
    config = grub.render_config(entries, default, closure.boot)
    _replace_menu(host, f"{GRUB_FOLDER}/grub.cfg", config.encode())
    environment = f"{GRUB_FOLDER}/grubenv"
    old = grub.parse_environment(files.read_bytes(environment)) if files.exists(environment) else {}
    counted = files.exists(f"{closure.etc}/systemd/system/{_BLESSING_UNIT}")
    new = grub.start_trial(old, default, counted=counted) if old.get("saved_entry") != default else old
    if new != old or not old:
        files.write(environment, grub.render_environment(new), mode=0o600, sync=True)
        _reach_disk(host)
    if copied:
        _remove_unused(files, _KERNELS, bootables)


def _replace_menu(host: Host, path: str, data: bytes) -> None:
    """Replace grub.cfg so that GRUB finds the old text or the new one, and what it names, whenever the power goes.

    GRUB reads a file system as it lies on the disk, without its journal. So the new text and the kernels it names are
    brought there first, and only then gets the text its name. The old one keeps a name of its own: a file that is freed
    can be overwritten while GRUB still finds it.
    """
    files = host.files
    if not (files.exists(path) and files.read_bytes(path) == data):
        files.write(f"{path}.next", data, mode=0o600, sync=True)
        if files.exists(path):
            files.add_name(path, f"{path}.last")
        _reach_disk(host)
        files.rename(f"{path}.next", path)
        files.sync_folder(posixpath.dirname(path))
    _reach_disk(host)


def _reach_disk(host: Host) -> None:
    if host.files.root == "/":
        host.mounts.checkpoint(GRUB_FOLDER)


def _write_systemd_boot(host: Host, closure: Closure, bootables: Sequence[Bootable], report: Report) -> None:
    files = host.files
    esp = closure.boot.efi_mount_point
    folder = f"{esp}/EFI/osconf"
    bootables = _copy_kernels(files, folder, bootables, report)
    systemd_boot.install_loader(files, closure, esp)
    machine_id = files.read_text("/etc/machine-id", "").strip()
    wanted = {}
    for bootable in bootables:
        entry = bootable.entry
        kernel, initrd = (f"/EFI/osconf/{_copied_name(file)}" for file in (entry.kernel, entry.initrd))
        wanted[f"{bootable.identifier}.conf"] = systemd_boot.render_entry(
            bootable.title, bootable.generation.number, kernel, initrd, entry.kernel_params, machine_id
        )
    files.make_dirs(f"{esp}/loader/entries")
    for name, text in wanted.items():
        path = f"{esp}/loader/entries/{name}"
        if files.read_text(path, "") != text:
            files.write(path, text.encode(), mode=0o600, sync=True)
    config = systemd_boot.render_loader_config(next(iter(wanted)), closure.boot)
    files.write(f"{esp}/loader/loader.conf", config.encode(), mode=0o600, sync=True)
    for name in files.list_dir(f"{esp}/loader/entries"):
        if name.startswith("osconf-") and name not in wanted:
            files.remove(f"{esp}/loader/entries/{name}")
    _remove_unused(files, folder, bootables)


def _needs_copies(host: Host) -> bool:
    """Can GRUB not read the store itself (another disk, or a file system it does not know)?"""
    if host.files.root != "/":
        return False
    boot, store = host.mounts.file_system_of("/boot"), host.mounts.file_system_of("/osconf/store")
    root = host.mounts.file_system_of("/")
    return boot.source != root.source or store.source != root.source or root.kind not in _GRUB_READS


def _copied_name(file: str) -> str:
    """Return the name of a copy: the store path's hash makes it content-addressed."""
    parts = file.split("/")
    return f"{parts[3]}-{parts[-1]}" if len(parts) > 4 else parts[-1]


def _copy_kernels(files: Files, folder: str, bootables: Sequence[Bootable], report: Report) -> list[Bootable]:
    """Copy kernels and initrds beside the menu, newest generations first, as long as there is room."""
    files.make_dirs(folder)
    kept: list[Bootable] = []
    for bootable in bootables:
        try:
            for file in (bootable.entry.kernel, bootable.entry.initrd):
                _copy_if_missing(files, file, f"{folder}/{_copied_name(file)}")
        except OSError as error:
            if not kept:
                raise ActivationError(
                    f"the boot partition has no room for the new kernel: {error}",
                    hint="delete old generations, or lower configurationLimit",
                    code="boot-partition-full",
                ) from None
            report(f"generation {bootable.generation.number} is left out of the boot menu: {error}")
            continue
        kept.append(bootable)
    return kept


def _copy_if_missing(files: Files, source: str, target: str) -> None:
    if files.exists(target):
        return
    size = os.stat(files.real(source)).st_size  # noqa: PTH116 - the path is text everywhere here
    space = os.statvfs(files.real(posixpath.dirname(target)))
    if size + _RESERVE > space.f_bavail * space.f_frsize:
        raise OSError(f"{posixpath.basename(target)} needs {size >> 20} MiB, more than is free")
    files.write(target, files.read_bytes(source), mode=0o600, sync=True)


def _remove_unused(files: Files, folder: str, bootables: Sequence[Bootable]) -> None:
    needed = {_copied_name(file) for item in bootables for file in (item.entry.kernel, item.entry.initrd)}
    for name in files.list_dir(folder):
        if name not in needed:
            files.remove(f"{folder}/{name}")
