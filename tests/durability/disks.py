"""Disks for tests: a file system in a file that is mounted here, its writes recorded without a virtual machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


def missing_for_mounts() -> str:
    """Why this machine cannot mount images; empty when it can."""
    if os.geteuid() != 0:
        return "mounting images takes root"
    if not Path("/dev/loop-control").exists():
        return "there are no loop devices"
    missing = [name for name in ("mkfs.ext4", "e2fsck") if shutil.which(name) is None]
    return f"{', '.join(missing)} not installed" if missing else ""


def missing_for_recording() -> str:
    """Why this machine cannot record a disk without a virtual machine; empty when it can."""
    if not Path("/dev/fuse").exists():
        return "there is no /dev/fuse"
    if shutil.which("qemu-storage-daemon") is None:
        return "qemu-storage-daemon is not installed"
    return missing_for_mounts()


def missing_for_grub() -> str:
    """Why GRUB's view of a disk cannot be had; empty when it can."""
    return "" if shutil.which("grub-fstest") else "grub-fstest is not installed"


def read_as_grub(disk: Path, file: str) -> bytes | None:
    """A file of a file system as GRUB's own code reads it, without the journal; None when it cannot."""
    done = subprocess.run(["grub-fstest", str(disk), "cat", file], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def make_file_system(image: Path, size_mib: int) -> None:
    """An empty ext4 in a sparse file."""
    with image.open("wb") as file:
        file.truncate(size_mib << 20)
    # All of it written now: no lazy initialisation while the test records.
    run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-J", "size=8", str(image))


def repair_file_system(image: Path) -> str:
    """Replay the journal and check the file system; gives what e2fsck found beyond the journal, empty when nothing."""
    deadline = time.monotonic() + 30
    while True:
        first = subprocess.run(["e2fsck", "-fy", str(image)], capture_output=True, text=True, check=False)
        if "in use" not in first.stderr or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    second = subprocess.run(["e2fsck", "-fn", str(image)], capture_output=True, text=True, check=False)
    if first.returncode > 1 or second.returncode != 0:
        return first.stdout + first.stderr + second.stdout
    return ""


@contextmanager
def mounted(image: Path, place: Path, options: str = "loop") -> Iterator[Path]:
    """The file system of an image at a place."""
    place.mkdir(exist_ok=True)
    deadline = time.monotonic() + 30
    while True:
        done = subprocess.run(
            ["mount", "-o", options, str(image), str(place)], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            break
        # Sandboxes of other processes that began while it was mounted keep the mount as long as they live.
        assert "busy" in done.stderr and time.monotonic() < deadline, done.stderr
        time.sleep(0.1)
    try:
        yield place
    finally:
        run("umount", str(place))


@dataclass(frozen=True)
class RecordedMount:
    """A mounted file system whose disk is recorded."""

    root: Path
    log: Path


@contextmanager
def recorded(image: Path, state: Path) -> Iterator[RecordedMount]:
    """Mount an image; QEMU's block layer stands between the file system and the file, and logs every request."""
    log = state / "log"
    log.touch()
    nodes = (
        f"driver=raw,node-name=image,file.driver=file,file.filename={image}",
        f"driver=raw,node-name=log,file.driver=file,file.filename={log}",
        "driver=blklogwrites,node-name=served,file=image,log=log",
    )
    with _served(state, nodes) as disk, mounted(disk, state / "root") as root:
        yield RecordedMount(root, log)


@contextmanager
def layered(image: Path, state: Path) -> Iterator[Path]:
    """A file with the content of an image; what is written to it is forgotten, and the image stays as it is."""
    layer = state / "layer.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(image), str(layer))
    node = f"driver=qcow2,node-name=served,cache.no-flush=on,file.driver=file,file.filename={layer}"
    with _served(state, (node,)) as disk:
        yield disk


@contextmanager
def _served(state: Path, nodes: Sequence[str]) -> Iterator[Path]:
    """The block node named `served` as a file."""
    disk = state / "disk"
    disk.touch()
    words = [word for node in nodes for word in ("--blockdev", node)]
    export = f"fuse,id=export,node-name=served,mountpoint={disk},writable=on"
    daemon = subprocess.Popen(["qemu-storage-daemon", *words, "--export", export])
    try:
        deadline = time.monotonic() + 20
        while not os.path.ismount(disk):
            assert daemon.poll() is None and time.monotonic() < deadline, "qemu-storage-daemon does not serve the image"
            time.sleep(0.02)
        yield disk
    finally:
        daemon.terminate()
        daemon.wait(20)


@contextmanager
def first_partition(disk: Path) -> Iterator[Path]:
    """A loop device of a disk's first partition."""
    start = int(run("partx", "--output", "START", "--noheadings", "--nr", "1", str(disk)))
    device = run("losetup", "--find", "--show", "--offset", str(start * 512), str(disk)).strip()
    try:
        yield Path(device)
    finally:
        run("losetup", "--detach", device)


def run(*argv: str) -> str:
    """Run a program that must succeed; gives its output."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(argv)} ended with {done.returncode}: {done.stderr}"
    return done.stdout
