"""The form every store path has on the disk, and the few filesystem acts that making one takes.

Canonical means: mode 0444 or 0555, modification time 1, no extended attributes, no setuid bits, owned by the store's
owner. What a package needs beyond that (owners, setuid) is data in its manifest, never state in the store.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from osconf.errors import StoreError
from osconf.model.nar import UnsupportedFile, check_depth

_MTIME = (1_000_000_000, 1_000_000_000)
_KEPT_ATTRIBUTES = ("security.selinux", "system.nfs4_acl")


def canonicalise(path: Path) -> None:
    """Give a tree its canonical form; files that have it already (links to other store paths) are not touched."""
    raw = os.fsencode(path)
    _canonicalise(raw, os.lstat(raw), os.geteuid() == 0, 1)


def _canonicalise(path: bytes, status: os.stat_result, privileged: bool, depth: int) -> None:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        check_depth(path, depth)
        if not privileged and mode & 0o500 != 0o500:
            os.chmod(path, 0o700)  # noqa: PTH101 - bytes paths
        with os.scandir(path) as found:
            entries = list(found)
        for entry in entries:
            _canonicalise(entry.path, entry.stat(follow_symlinks=False), privileged, depth + 1)
        wanted = 0o555
    elif stat.S_ISREG(mode):
        wanted = 0o555 if mode & stat.S_IXUSR else 0o444
        if (
            status.st_mtime_ns == _MTIME[1]
            and stat.S_IMODE(mode) == wanted
            and status.st_nlink > 1
            and not (privileged and (status.st_uid or status.st_gid))
        ):
            return
    elif stat.S_ISLNK(mode):
        if privileged and (status.st_uid or status.st_gid):
            os.chown(path, 0, 0, follow_symlinks=False)
        if status.st_mtime_ns != _MTIME[1]:
            os.utime(path, ns=_MTIME, follow_symlinks=False)
        return
    else:
        raise UnsupportedFile(f"file '{os.fsdecode(path)}' has an unsupported type")
    if privileged and (status.st_uid or status.st_gid):
        os.chown(path, 0, 0)
    _drop_attributes(path)
    if stat.S_IMODE(mode) != wanted:
        os.chmod(path, wanted)  # noqa: PTH101 - bytes paths
    if status.st_mtime_ns != _MTIME[1]:
        os.utime(path, ns=_MTIME)


def _drop_attributes(path: bytes) -> None:
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENODATA):
            return
        raise
    for name in names:
        if name not in _KEPT_ATTRIBUTES:
            with suppress(PermissionError):
                os.removexattr(path, name, follow_symlinks=False)


def move_into_place(source: Path, destination: Path) -> None:
    """Rename a canonical tree to its final name.

    A directory changes its parent, which needs write permission on itself for anyone but root.
    """
    if source.is_dir() and not source.is_symlink():
        source.chmod(0o755)
        source.rename(destination)
        destination.chmod(0o555)
        os.utime(destination, ns=_MTIME)
    else:
        source.rename(destination)


# A builder may nest directories deeper than paths reach (4096 bytes), and than we want to call ourselves.
_MAX_DEPTH, _MAX_PATH = 250, 3000


def remove_tree(path: Path) -> int:
    """Remove a file or tree, read-only directories too; returns the bytes that this frees."""
    raw = os.fsencode(path)
    try:
        status = os.lstat(raw)
    except FileNotFoundError:
        return 0
    if not stat.S_ISDIR(status.st_mode):
        return _remove(raw, status, raw, 0)
    freed = 0
    while True:
        freed += _empty(raw, status, raw, 0)
        # What nested too deep was moved up, to be removed now.
        if not os.listdir(raw):  # noqa: PTH208 - bytes paths
            os.rmdir(raw)  # noqa: PTH106 - bytes paths
            return freed + status.st_blocks * 512


def _remove(path: bytes, status: os.stat_result, top: bytes, depth: int) -> int:
    freed = status.st_blocks * 512 if status.st_nlink == 1 or stat.S_ISDIR(status.st_mode) else 0
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(path)  # noqa: PTH108 - bytes paths
        return freed
    if depth > _MAX_DEPTH or len(path) > _MAX_PATH:
        _make_writable(path, status)
        os.rename(path, _free_name(top))  # noqa: PTH104 - bytes paths
        return 0
    freed += _empty(path, status, top, depth)
    os.rmdir(path)  # noqa: PTH106 - bytes paths
    return freed


def _empty(path: bytes, status: os.stat_result, top: bytes, depth: int) -> int:
    _make_writable(path, status)
    with os.scandir(path) as found:
        entries = list(found)
    return sum(_remove(entry.path, entry.stat(follow_symlinks=False), top, depth + 1) for entry in entries)


def _make_writable(path: bytes, status: os.stat_result) -> None:
    if status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(path, 0o700)  # noqa: PTH101 - bytes paths


def _free_name(directory: bytes) -> bytes:
    number = 0
    while os.path.lexists(name := b"%b/.deep-%d" % (directory, number)):
        number += 1
    return name


def sync_filesystem(path: Path) -> None:
    """Write everything of the filesystem that holds `path` to the disk: one call for a whole batch of files."""
    import ctypes

    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path))
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make renames in a directory durable."""
    sync_file(path)


def sync_file(path: Path) -> None:
    """Write a file, or a directory's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace a file by rename, so that readers see the old content or the new."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    temporary.replace(path)


_EXPLAINED = {
    errno.ENOSPC: ("no-space", "no space left on the disk", "free some space with 'osconf gc', then try again"),
    errno.EDQUOT: ("no-space", "the disk quota is used up", "free some space with 'osconf gc', then try again"),
    errno.EROFS: ("store-not-writable", "the filesystem is read-only", "run as root, or use '--store DIR'"),
    errno.EACCES: ("store-not-writable", "permission denied", "run as root, or use '--store DIR'"),
    errno.EPERM: ("store-not-writable", "not permitted", "run as root, or use '--store DIR'"),
    errno.ENAMETOOLONG: ("path-too-long", "a path is too long", "paths may have 4095 bytes, and names 255"),
    errno.EMFILE: ("too-many-files", "too many open files", "raise the limit with 'ulimit -n'"),
}


def explain_os_error(doing: str, error: OSError) -> StoreError | None:
    """The error for a user when the cause is one of the ordinary ones, else None."""
    explained = _EXPLAINED.get(error.errno or 0)
    if explained is None:
        return None
    code, cause, hint = explained
    at = f" ('{os.fsdecode(error.filename)}')" if isinstance(error.filename, str | bytes) else ""
    return StoreError(f"cannot {doing}: {cause}{at}", code=code, hint=hint)


@contextmanager
def explaining(doing: str) -> Iterator[None]:
    """Turn a full disk or a missing permission into a `StoreError` that says what was being done."""
    try:
        yield
    except OSError as error:
        explained = explain_os_error(doing, error)
        if explained is None:
            raise
        raise explained from error
