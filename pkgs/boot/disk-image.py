"""The parts of a disk image that no program in the archive makes without root: the file tree and the boot sectors.

disk-image.py skeleton ATTRS ROOT          directories of a root file system; the paths of "closure" in ATTRS
disk-image.py partition DISK CORE MIB      write the partition table and GRUB's images in front of the file system
"""

import json
import pathlib
import struct
import sys

SECTOR = 512
FIRST_SECTOR = 2048
BOOT_CODE_SIZE = 440
GRUB_BOOT_IMAGE = pathlib.Path("/usr/lib/grub/i386-pc/boot.img")


def make_skeleton(attributes: pathlib.Path, root: pathlib.Path) -> None:
    """Make what a root file system has besides its store, and list the store paths that go into it."""
    for directory in (
        "osconf/store",
        "osconf/var/profiles",
        "boot/grub",
        "etc",
        "var",
        "usr",
        "proc",
        "sys",
        "dev",
        "run",
    ):
        (root / directory).mkdir(parents=True, exist_ok=True)
    closure = json.loads(attributes.read_text())["closure"]
    # What the store of the machine takes over at its first use.
    (root / "osconf/var/registration.json").write_text(json.dumps(closure))
    names = (pathlib.Path(info["path"]).name + "\n" for info in closure)
    pathlib.Path("store-paths").write_text("".join(names))


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
        case ["skeleton", attributes, root]:
            make_skeleton(pathlib.Path(attributes), pathlib.Path(root))
        case ["partition", disk, core, size]:
            write_boot_sectors(pathlib.Path(disk), pathlib.Path(core), int(size))
        case _:
            raise SystemExit(__doc__)


main(sys.argv[1:])
