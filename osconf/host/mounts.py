"""Mounts by system call: a directory becomes /usr in one step, and no other namespace notices.

The order matters and was found by trying (each without the next leaks the new tree into running services or lets the
clone join the root's peer group): clone the tree, make the clone read-only and private, make the present /usr private,
move the clone on top. The new mount calls (`open_tree`, `mount_setattr`, `move_mount`: mount_setattr(2), Linux 5.12)
have no wrapper in Python, so they are called by number, which is the same on every architecture.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import os
import struct

from osconf.host.protocol import FileSystem

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_SYS_OPEN_TREE, _SYS_MOVE_MOUNT, _SYS_MOUNT_SETATTR = 428, 429, 442
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, 0o2000000
_MOVE_MOUNT_F_EMPTY_PATH, _MOVE_MOUNT_BENEATH = 0x4, 0x200
_MOUNT_ATTR_RDONLY = 0x1
_MS_PRIVATE = 1 << 18
_MNT_DETACH = 2
_MS_NODEV = 4
_CLONE_NEWNS = 0x00020000
_EXT4_IOC_CHECKPOINT = 0x4004662B


class RealMounts:
    """The mounts of the running machine."""

    def enter_host_namespace(self) -> None:
        """Move the calling process into PID 1's mount namespace, unless it is there."""
        host, own = os.stat("/proc/1/ns/mnt"), os.stat("/proc/self/ns/mnt")  # noqa: PTH116 - magic links of proc
        if (host.st_dev, host.st_ino) == (own.st_dev, own.st_ino):
            return
        descriptor = os.open("/proc/1/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_library().setns(descriptor, _CLONE_NEWNS), "setns")
        finally:
            os.close(descriptor)
        os.chdir("/")

    def is_usr(self, usr: str) -> bool:
        """Is this directory the top mount on /usr?"""
        return same_directory(usr, "/usr")

    def switch_usr(self, usr: str) -> None:
        """Mount `usr` on /usr; the tree below is dropped where the kernel can (MOVE_MOUNT_BENEATH, Linux 6.5)."""
        switch_mount(usr, "/usr")

    def mount_tmpfs(self, path: str) -> None:
        """Mount a small tmpfs, mode 0755, on which setuid programs work."""
        options = b"mode=0755,size=64m"
        _check(_library().mount(b"tmpfs", path.encode(), b"tmpfs", _MS_NODEV, options), f"mount of {path}")

    def sync(self, path: str) -> None:
        """Write back the file system that holds a path (syncfs(2))."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(_library().syncfs(descriptor), "syncfs")
        finally:
            os.close(descriptor)

    def checkpoint(self, path: str) -> None:
        """Write back a file system, and bring what its journal holds to its place on the disk.

        ext4 can do the second (EXT4_IOC_CHECKPOINT, Linux 5.14); others are only written back.
        """
        self.sync(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):
                fcntl.ioctl(descriptor, _EXT4_IOC_CHECKPOINT, struct.pack("I", 0))
        finally:
            os.close(descriptor)

    def file_system_of(self, path: str) -> FileSystem:
        """Return the mounted file system that holds a path, with the UUID and label udev knows."""
        from osconf.host.devices import describe_device

        found = find_mount(os.path.realpath(path))
        uuid, label = describe_device(found.source)
        return FileSystem(found.mount_point, found.kind, found.source, uuid, label)


def switch_mount(source: str, target: str) -> None:
    """Put a read-only, private clone of the directory `source` on the mount point `target`."""
    clone = _syscall(
        _SYS_OPEN_TREE, _AT_FDCWD, source.encode(), _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC, name="open_tree"
    )
    try:
        _set_attributes(clone, b"", _AT_EMPTY_PATH, add=_MOUNT_ATTR_RDONLY)
        stacked = is_mount_point(target)
        if stacked:
            _set_attributes(_AT_FDCWD, target.encode(), 0)
        if not (stacked and _slide_beneath(clone, target)):
            _syscall(
                _SYS_MOVE_MOUNT, clone, b"", _AT_FDCWD, target.encode(), _MOVE_MOUNT_F_EMPTY_PATH, name="move_mount"
            )
    finally:
        os.close(clone)


def same_directory(one: str, other: str) -> bool:
    """Are both paths the same directory (a bind mount has its source's device and inode)?"""
    try:
        return os.path.samefile(one, other)  # noqa: PTH121
    except OSError:
        return False


def is_mount_point(path: str) -> bool:
    """Is something mounted exactly here, in this process's namespace?"""
    return any(mount.mount_point == path for mount in _read_mounts())


def find_mount(path: str) -> FileSystem:
    """Return the top mount that holds a path without links."""
    best = FileSystem("/", "", "")
    for mount in _read_mounts():
        prefix = mount.mount_point.rstrip("/") + "/"
        if (path + "/").startswith(prefix) and len(mount.mount_point) >= len(best.mount_point):
            best = mount
    return best


def _slide_beneath(clone: int, target: str) -> bool:
    # Keeps the stack of mounts at one: the clone goes below the present tree, which is then taken off. The kernel
    # refuses it for a peer that would propagate; then the plain way is right.
    try:
        flags = _MOVE_MOUNT_F_EMPTY_PATH | _MOVE_MOUNT_BENEATH
        _syscall(_SYS_MOVE_MOUNT, clone, b"", _AT_FDCWD, target.encode(), flags, name="move_mount")
    except OSError:
        return False
    _set_attributes(clone, b"", _AT_EMPTY_PATH)
    _check(_library().umount2(target.encode(), _MNT_DETACH), f"umount of the old {target}")
    return True


def _set_attributes(descriptor: int, path: bytes, flags: int, *, add: int = 0) -> None:
    attributes = struct.pack("QQQQ", add, 0, _MS_PRIVATE, 0)
    _syscall(_SYS_MOUNT_SETATTR, descriptor, path, flags, attributes, len(attributes), name="mount_setattr")


def _syscall(number: int, *arguments: int | bytes, name: str) -> int:
    converted = [ctypes.c_long(item) if isinstance(item, int) else ctypes.c_char_p(item) for item in arguments]
    return _check(_library().syscall(ctypes.c_long(number), *converted), name)


def _check(result: int, name: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result


@functools.cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _read_mounts() -> list[FileSystem]:
    mounts = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:  # noqa: PTH123
        for line in table:
            before, _, after = line.partition(" - ")
            kind, source, *_ = after.split(" ")
            mounts.append(FileSystem(_unescape(before.split(" ")[4]), kind, _unescape(source)))
    return mounts


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    for code, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, plain)
    return text
