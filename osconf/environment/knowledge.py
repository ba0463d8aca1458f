"""Facts about single Debian packages that no general rule finds. Each table says why its rows exist."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Privilege:
    """Owner, mode and capabilities that a program gets on a running system."""

    mode: int
    owner: str = "root"
    group: str = "root"
    capabilities: str = ""


# Set by maintainer scripts, so the archive's own modes do not tell. Recorded scripts find the others.
PRIVILEGED_PROGRAMS: dict[str, Privilege] = {
    "usr/lib/dbus-1.0/dbus-daemon-launch-helper": Privilege(0o4754, "root", "messagebus"),
    "usr/bin/ssh-agent": Privilege(0o2755, "root", "_ssh"),
    "usr/sbin/unix_chkpwd": Privilege(0o2755, "root", "shadow"),
    "usr/bin/mtr-packet": Privilege(0o755, "root", "root", "cap_net_raw+ep"),
    "usr/bin/fping": Privilege(0o755, "root", "root", "cap_net_raw+ep"),
}

# Privileges of the archive that the system does without: unprivileged pings are a sysctl (linux-sysctl-defaults).
UNPRIVILEGED_PROGRAMS = frozenset({"usr/bin/ping"})

# Users that maintainer scripts create under conditions a sandbox does not meet: name -> sysusers.d lines.
KNOWN_ACCOUNTS: dict[str, tuple[str, ...]] = {
    "openssh-client": ("g _ssh - -",),
    "dbus": ('u messagebus - "System Message Bus" /nonexistent',),
}

# Who owns a log or state directory, when the archive says root and the script's chown is conditional.
DIRECTORY_OWNERS: dict[str, tuple[str, str, str]] = {
    "var/log/nginx": ("0755", "root", "adm"),
    "var/log/apache2": ("0750", "root", "adm"),
    "var/log/exim4": ("2750", "Debian-exim", "adm"),
    "var/spool/cron/crontabs": ("1730", "root", "crontab"),
    "var/mail": ("2775", "root", "mail"),
    "var/local": ("2775", "root", "staff"),
}

# Paths two packages ship on purpose, where dpkg diverts one of them: path -> the package whose file stays.
DIVERSIONS: dict[str, str] = {
    "usr/bin/ischroot": "debianutils",
    "usr/sbin/installkernel": "systemd",
    "usr/share/man/man7/builtins.7.gz": "bash",
}

# What scripts make once per machine and first-boot units or modules make here: keys, databases, host facts.
FIRST_BOOT = re.compile(
    r"""(?x)
    etc/ldap/slapd\.d/.* | etc/mysql/debian\.cnf | etc/exim4/passwd\.client | etc/ssl/private/.*
    | etc/redis/.*\.acl | etc/bind/rndc\.key
    | var/lib/(rabbitmq/\.erlang\.cookie | ldap/.* | snmp/.* | krb5kdc/.* | samba/.* | munge/.* | ipsec/.* )
    """
)

# Kinds of path that never belong to an environment; the reason stands beside each.
EXCLUDED = re.compile(
    r"""(?x)
    DEBIAN(/|$)                # control data of our own unpacker
    | boot(/|$)                # kernels are named by the system closure
    | usr/lib/modules(/|$)     # the booted kernel's, through /run/booted-system
    | (bin|sbin|lib|lib32|lib64|libx32|libo32)$   # the usr-merge links of base-files
    | (dev|proc|sys|tmp|run|home|root|mnt|media|usr/local)(/|$)   # the machine's own
    | usr/share/lintian(/|$) | usr/share/bug(/|$)  # tools of Debian's developers
    | etc/alternatives(/|$)    # links of the farm instead
    | var/(run|lock)$          # links to /run on every system
    | etc/init\.d(/|$) | etc/rc[0-9S]\.d(/|$)      # systemd would generate units from them
    """
)
