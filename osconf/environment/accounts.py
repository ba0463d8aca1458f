"""System users and groups of the environment's packages, as sysusers.d(5) lines.

Packages that ship a sysusers.d file speak for themselves; the others' adduser calls were recorded.
"""

from __future__ import annotations

import re

from osconf.environment.facts import Facts, User
from osconf.environment.farm import Farm
from osconf.environment.knowledge import KNOWN_ACCOUNTS

SYSUSERS = "usr/lib/sysusers.d/osconf-packages.conf"


def write_sysusers(farm: Farm, facts: Facts, packages: frozenset[str]) -> None:
    """Generate `SYSUSERS` from the facts, leaving out what the packages declare themselves."""
    declared = _declared_names(farm)
    lines: list[str] = []
    for group, gid in sorted(facts.groups.items()):
        if f"g {group}" not in declared and f"u {group}" not in declared and group not in facts.users:
            lines.append(f"g {group} {gid} -")
    for name, user in sorted(facts.users.items()):
        if f"u {name}" not in declared:
            lines.append(_user_line(user))
    for package in sorted(packages & KNOWN_ACCOUNTS.keys()):
        for line in KNOWN_ACCOUNTS[package]:
            kind, name = line.split()[:2]
            if f"{kind} {name}" not in declared and not any(line.split()[:2] == [kind, name] for line in lines):
                lines.append(line)
    lines += [f"m {user} {group}" for user, group in sorted(set(facts.memberships)) if user != group]
    if lines:
        farm.write(SYSUSERS, "# From the packages' maintainer scripts.\n" + "\n".join(lines) + "\n")


def _user_line(user: User) -> str:
    identity = user.uid
    if user.group:
        identity = f"{user.uid}:{user.group}"
    comment = f'"{user.comment}"' if user.comment else "-"
    return f"u {user.name} {identity} {comment} {user.home} {user.shell or '/usr/sbin/nologin'}"


def _declared_names(farm: Farm) -> set[str]:
    """`u NAME` and `g NAME` of every sysusers.d file and of the base-passwd masters."""
    names: set[str] = set()
    for path in farm.plan.under("usr/lib/sysusers.d"):
        for line in farm.read(path).splitlines():
            match = re.match(r'\s*([ugr])[!+-]*\s+"?([^\s"]+)', line)
            if match:
                names.add(f"{match[1]} {match[2]}")
    for kind, master in (("u", "passwd.master"), ("g", "group.master")):
        for line in farm.read(f"usr/share/base-passwd/{master}").splitlines():
            names.add(f"{kind} {line.split(':')[0]}")
    return names
