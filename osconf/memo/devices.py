"""File systems whose times do not tell whether something changed."""

from __future__ import annotations

import os
from pathlib import Path

_MADE_UP = (
    *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs", "fusectl"),
    *("mqueue", "nsfs", "proc", "pstore", "resctrl", "securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs"),
)
"""The kernel makes up what is in them when it is asked for."""
_SHARED = ("9p", "afs", "ceph", "cifs", "fuse", "nfs", "smb3", "vboxsf", "virtiofs")
"""Somebody else writes them, and what `stat` says may be some seconds old; `nfs4`, `fuseblk` and `fuse.…` too."""
_SETTABLE = ("exfat", "msdos", "vfat")
"""Programs can set all the times that they keep."""


def untimed_devices(mounts: Path = Path("/proc/self/mountinfo")) -> frozenset[int]:
    """The numbers of the devices (`st_dev`) that hold such file systems here; none when the mounts cannot be read."""
    try:
        lines = mounts.read_bytes().decode(errors="replace").splitlines()
    except OSError:
        return frozenset()
    found = set()
    for line in lines:
        # Spaces in names are escaped: what follows the lone hyphen is the kind, after any number of optional fields.
        where, _, what = line.partition(" - ")
        kind = what.split(" ")[0]
        if kind in _MADE_UP or kind in _SETTABLE or kind.startswith(_SHARED):
            major, _, minor = where.split(" ")[2].partition(":")
            found.add(os.makedev(int(major), int(minor)))
    return frozenset(found)
