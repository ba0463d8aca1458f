"""The account files (/etc/passwd, group, shadow, gshadow, subuid, subgid): reading, first content, writing.

Lines that osconf does not understand are kept as they are. What the accounts *should* be is decided in `users`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from osconf.errors import ActivationError
from osconf.host.files import Files

MASTERS = "usr/share/base-passwd"
NO_LOGIN = "/usr/sbin/nologin"
_SHADOW_GROUP = "shadow"
_SHADOW_REST = ["1", "", "", "", "", "", ""]


@dataclass(slots=True)
class Accounts:
    """The account files as lists of fields by name, in file order; changed in place by `users`."""

    passwd: dict[str, list[str]] = field(default_factory=dict)
    group: dict[str, list[str]] = field(default_factory=dict)
    shadow: dict[str, list[str]] = field(default_factory=dict)
    gshadow: dict[str, list[str]] = field(default_factory=dict)

    def uid_of(self, user: str) -> int:
        """Return a user's id; a decimal name stands for itself."""
        return self._id_of(self.passwd, user, "user")

    def gid_of(self, group: str) -> int:
        """Return a group's id; a decimal name stands for itself."""
        return self._id_of(self.group, group, "group")

    def owner_ids(self, user: str, group: str) -> tuple[int, int]:
        """Return both ids of an owner."""
        return self.uid_of(user), self.gid_of(group)

    def members_of(self, group: str) -> list[str]:
        """Return the users listed in a group."""
        return [name for name in self.group[group][3].split(",") if name]

    def set_members(self, group: str, members: list[str]) -> None:
        """Replace the users listed in a group, in both group files."""
        self.group[group][3] = ",".join(members)
        if group in self.gshadow:
            self.gshadow[group][3] = ",".join(members)

    def add_group(self, name: str, gid: int) -> None:
        """Add a group without members."""
        self.group[name] = [name, "x", str(gid), ""]
        self.gshadow[name] = [name, "!", "", ""]

    def add_user(self, name: str, uid: int, gid: int) -> None:
        """Add a user who cannot log in; the caller fills in the rest."""
        self.passwd[name] = [name, "x", str(uid), str(gid), "", "/nonexistent", NO_LOGIN]
        if name not in self.shadow:
            self.shadow[name] = [name, "!", *_SHADOW_REST]

    @staticmethod
    def _id_of(table: Mapping[str, list[str]], name: str, what: str) -> int:
        if name in table:
            return int(table[name][2])
        if name.isdecimal():
            return int(name)
        raise ActivationError(f"there is no {what} {name}", hint="declare it under users, or check the spelling")


def read_accounts(files: Files, environment: str) -> Accounts:
    """Read the account files; where they are missing, start from the base-passwd masters of the environment."""
    accounts = Accounts(
        passwd=_parse(files.read_text("/etc/passwd", ""), 7),
        group=_parse(files.read_text("/etc/group", ""), 4),
        shadow=_parse(files.read_text("/etc/shadow", ""), 9),
        gshadow=_parse(files.read_text("/etc/gshadow", ""), 4),
    )
    if not accounts.group:
        master = files.read_text(f"{environment}/{MASTERS}/group.master", "root:*:0:\nshadow:*:42:\nnogroup:*:65534:\n")
        accounts.group = {name: [name, "x", *fields[2:]] for name, fields in _parse(master, 4).items()}
    if not accounts.passwd:
        master = files.read_text(
            f"{environment}/{MASTERS}/passwd.master", "root:*:0:0:root:/root:/bin/bash\nnobody:*:65534:65534:::\n"
        )
        accounts.passwd = {name: _base_user(name, fields) for name, fields in _parse(master, 7).items()}
    for name in accounts.passwd:
        accounts.shadow.setdefault(name, [name, "*", *_SHADOW_REST])
    for name, fields in accounts.group.items():
        accounts.gshadow.setdefault(name, [name, "*", "", fields[3]])
    return accounts


def write_accounts(files: Files, accounts: Accounts) -> bool:
    """Write the files whose content differs; return whether any did."""
    shadow_gid = accounts.gid_of(_SHADOW_GROUP) if _SHADOW_GROUP in accounts.group else 0
    changed = False
    for path, table, mode, gid in (
        ("/etc/group", accounts.group, 0o644, 0),
        ("/etc/gshadow", accounts.gshadow, 0o640, shadow_gid),
        ("/etc/passwd", accounts.passwd, 0o644, 0),
        ("/etc/shadow", accounts.shadow, 0o640, shadow_gid),
    ):
        changed |= write_if_changed(files, path, _render(table), mode=mode, gid=gid)
    return changed


def write_if_changed(files: Files, path: str, text: str, *, mode: int = 0o644, gid: int = 0) -> bool:
    """Replace a file, safe from power cuts, unless it has this content already."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        if not files.is_link(path) and files.read_bytes(path) == data:
            return False
    except OSError:
        files.make_dirs("/etc")
    files.write(path, data, mode=mode, gid=gid, sync=True)
    return True


@contextlib.contextmanager
def hold_account_lock(files: Files) -> Iterator[None]:
    """Hold the lock that useradd, passwd and systemd-sysusers take before they change the account files."""
    files.make_dirs("/etc")
    descriptor = os.open(files.path("/etc/.pwd.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _base_user(name: str, fields: list[str]) -> list[str]:
    shell = "/bin/bash" if name == "root" else "/bin/sync" if name == "sync" else NO_LOGIN
    return [name, "x", *fields[2:6], shell]


def _parse(text: str, width: int) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        fields = line.split(":")
        table.setdefault(fields[0], fields + [""] * (width - len(fields)))
    return table


def _render(table: Mapping[str, list[str]]) -> str:
    return "".join(":".join(fields) + "\n" for fields in table.values())
