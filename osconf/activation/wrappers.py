"""Setuid, setgid and capability programs: copies on a tmpfs of their own, since the store and /usr carry no such bits.

A new directory `/run/wrappers/w.<hash>` is filled, then the link `/run/wrappers/bin` is renamed to it: a name never
leads to a half-made program, and running ones keep their files.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable

from osconf.activation.accounts import Accounts
from osconf.activation.closure import Closure, Wrapper
from osconf.errors import ActivationError
from osconf.host.files import Files

FOLDER = "/run/wrappers"
# In the order of their numbers, linux/capability.h.
_CAPABILITIES = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service "
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin "
    "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override "
    "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
)
_VFS_CAP_REVISION_2 = 0x02000000
_VFS_CAP_EFFECTIVE = 0x000001

Report = Callable[[str], None]


def apply_wrappers(files: Files, closure: Closure, accounts: Accounts, report: Report) -> None:
    """Make the wrappers of a closure current; one whose source or owner is missing is reported and left out."""
    name = "w." + hashlib.sha256(repr((closure.path, closure.wrappers)).encode()).hexdigest()[:16]
    folder = f"{FOLDER}/{name}"
    if files.read_link(f"{FOLDER}/bin") == name and files.is_dir(folder):
        return
    files.remove(folder)
    files.make_dirs(folder)
    for wrapper in closure.wrappers:
        try:
            _place(files, closure, accounts, wrapper, folder)
        except (OSError, ActivationError) as error:
            report(f"wrapper {wrapper.name} is left out: {error}")
    files.link(f"{FOLDER}/bin", name)
    for other in files.list_dir(FOLDER):
        if other.startswith("w.") and other != name:
            files.remove(f"{FOLDER}/{other}")


def parse_capabilities(text: str) -> bytes:
    """Return the `security.capability` attribute of a text such as `cap_net_raw,cap_net_admin+ep`."""
    permitted = inheritable = 0
    effective = False
    known = _CAPABILITIES.split()
    for clause in text.split():
        names, _, flags = clause.replace("=+", "+").replace("=", "+").partition("+")
        for name in names.split(","):
            short = name.strip().lower().removeprefix("cap_")
            if short not in known:
                raise ActivationError(f"{name} is no capability", hint="see capabilities(7)")
            bit = 1 << known.index(short)
            permitted |= bit if "p" in flags else 0
            inheritable |= bit if "i" in flags else 0
        effective |= "e" in flags
    magic = _VFS_CAP_REVISION_2 | (_VFS_CAP_EFFECTIVE if effective else 0)
    low, high = 0xFFFFFFFF, 32
    return struct.pack("<IIIII", magic, permitted & low, inheritable & low, permitted >> high, inheritable >> high)


def _place(files: Files, closure: Closure, accounts: Accounts, wrapper: Wrapper, folder: str) -> None:
    uid, gid = accounts.owner_ids(wrapper.owner, wrapper.group)
    path = f"{folder}/{wrapper.name}"
    # The bits come last: chown clears them, and a setuid file must never be writable by another owner before.
    files.copy(find_source(files, closure, wrapper), path, mode=0o500, uid=uid, gid=gid)
    if wrapper.capabilities:
        os.setxattr(files.path(path), "security.capability", parse_capabilities(wrapper.capabilities))
    files.set_mode(path, wrapper.mode)


def find_source(files: Files, closure: Closure, wrapper: Wrapper) -> str:
    """Return the real program of a wrapper: /usr/bin/X is itself a link to the wrapper in every environment."""
    source = wrapper.source
    if source.startswith("/usr/"):
        source = closure.environment.path + source
    target = files.resolve(source)
    if not target.startswith(FOLDER + "/"):
        return target
    inside = wrapper.source[wrapper.source.index("/usr/") :]
    for contents, _version in closure.environment.packages.values():
        if contents and files.exists(contents + inside):
            return contents + inside
    raise ActivationError(f"no package of the environment has {inside}")
