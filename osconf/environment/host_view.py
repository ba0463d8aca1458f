"""What of the machine a program in an environment sees: every top-level directory but /usr, and a merged /etc.

Plain texts in and out, and no import but os: `enter`, which starts the commands of profiles, uses it at every start.
"""

# pathlib takes longer to import than everything here.
# ruff: noqa: PTH110, PTH112, PTH114, PTH115, PTH118, PTH208

from __future__ import annotations

import os

SYSTEM_PATH = "/run/wrappers/bin:/usr/bin:/usr/sbin:/usr/games"
USR_LINKS = ("bin", "sbin", "lib", "lib64")
# The host's /usr, what leads into it, and what is put together anew.
_REPLACED = frozenset({"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32", "etc", "proc", "dev"})
# What stays the machine's own in /etc, although packages may bring a default of it.
_MACHINE_NAMES = """
    passwd group shadow gshadow subuid subgid hosts hostname resolv.conf localtime timezone machine-id fstab mtab
    environment locale.conf default ssh sudoers sudoers.d osconf nixos static systemd apt dpkg NetworkManager
"""
_MACHINE_ETC = frozenset(_MACHINE_NAMES.split())
# Variables that would make programs of the environment load files of the host's /usr.
_HOST_VARIABLES = frozenset(
    ("LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONHOME", "PYTHONPATH", "PERL5LIB", "GI_TYPELIB_PATH", "LOCPATH", "JAVA_HOME")
)


def list_top(host: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The names of the host's directories that stay, and its links as (target, name)."""
    directories: list[str] = []
    links: list[tuple[str, str]] = []
    for name in sorted(os.listdir(host)):
        place = os.path.join(host, name)
        if name in _REPLACED:
            continue
        if os.path.islink(place):
            links.append((os.readlink(place), name))
        elif os.path.isdir(place):
            directories.append(name)
    return directories, links


def merge_etc(environment: str, machine: str, *, pure: bool = False) -> list[tuple[str, str, bool]]:
    """(source, target, whether it is read-only) for each entry of /etc.

    The machine's entries stay writable to whoever may write them. A `pure` /etc has but those that say who and where
    one is.
    """
    own = frozenset(os.listdir(environment))
    machines = [
        (os.path.join(machine, name), f"/etc/{name}", False)
        for name in sorted(os.listdir(machine))
        if name in _MACHINE_ETC or (name not in own and not pure and name != "alternatives")
    ]
    environments = [
        (os.path.join(environment, name), f"/etc/{name}", True)
        for name in sorted(own)
        if name not in _MACHINE_ETC or not os.path.exists(os.path.join(machine, name))
    ]
    return machines + environments


def without_host_variables(variables: dict[str, str]) -> dict[str, str]:
    """The caller's variables without those that point into the host's /usr."""
    kept = {name: value for name, value in variables.items() if name not in _HOST_VARIABLES}
    kept.setdefault("LANG", "C.UTF-8")
    return kept
