"""The parts of a disk image that no program in the archive makes without root: the file tree and the boot sectors.

    disk-image.py tree ATTRS ROOT              copy the store paths of "closure" in ATTRS (structured attributes)
    disk-image.py partition DISK CORE MIB      write the partition table and GRUB's images in front of the file system
"""

import json
import os
import pathlib
import shutil
import struct
import sys

SECTOR = 512
FIRST_SECTOR = 2048
BOOT_CODE_SIZE = 440
GRUB_BOOT_IMAGE = pathlib.Path("/usr/lib/grub/i386-pc/boot.img")


def copy_tree(attributes: pathlib.Path, root: pathlib.Path) -> None:
    """Lay out the root file system: the store with hard links kept, and the directories of a first boot."""
    for directory in ("osconf/store", "osconf/var/profiles", "boot/grub", "etc", "var", "usr", "proc", "sys", "dev", "run"):
        (root / directory).mkdir(parents=True, exist_ok=True)
    linked: dict[tuple[int, int], pathlib.Path] = {}
    closure = json.loads(attributes.read_text())["closure"]
    for info in closure:
        copy_store_path(pathlib.Path(info["path"]), root / info["path"].lstrip("/"), linked)
    # What the store of the machine takes over at its first use.
    (root / "osconf/var/registration.json").write_text(json.dumps(closure))


def copy_store_path(source: pathlib.Path, target: pathlib.Path, linked: dict[tuple[int, int], pathlib.Path]) -> None:
    """Copy a store path with its times; files that share an inode (environments are hard links) share one again."""
    status = source.lstat()
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
    elif source.is_dir():
        target.mkdir()
        for entry in sorted(source.iterdir()):
            copy_store_path(entry, target / entry.name, linked)
        target.chmod(0o555)
    else:
        inode = (status.st_dev, status.st_ino)
        first = linked.get(inode)
        if first is not None:
            os.link(first, target)
            return
        shutil.copyfile(source, target)
        target.chmod(status.st_mode & 0o555)
        linked[inode] = target
    os.utime(target, (1, 1), follow_symlinks=False)


def write_boot_sectors(disk: pathlib.Path, core: pathlib.Path, size_mib: int) -> None:
    """Write the MBR (GRUB's boot.img and one active Linux partition) and core.img in the gap behind it."""
    core_image = core.read_bytes()
    if len(core_image) > (FIRST_SECTOR - 1) * SECTOR:
        raise SystemExit(f"core.img has {len(core_image)} bytes, more than the gap before the first partition")
    sectors = size_mib * 1024 * 1024 // SECTOR
    everything = b"\xfe\xff\xff"  # cylinder, head and sector of a disk that is addressed by block number
    entry = struct.pack("<B3sB3sII", 0x80, everything, 0x83, everything, FIRST_SECTOR, sectors)
    with disk.open("r+b") as file:
        file.write(GRUB_BOOT_IMAGE.read_bytes()[:BOOT_CODE_SIZE])
        file.seek(446)
        file.write(entry + bytes(48) + b"\x55\xaa")
        file.write(core_image)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["tree", attributes, root]:
            copy_tree(pathlib.Path(attributes), pathlib.Path(root))
        case ["partition", disk, core, size]:
            write_boot_sectors(pathlib.Path(disk), pathlib.Path(core), int(size))
        case _:
            raise SystemExit(__doc__)


main(sys.argv[1:])
