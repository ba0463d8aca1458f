"""Running a command inside an environment: the host's files, with /usr replaced in a mount namespace of its own.

Owns the plan (a `SandboxSpec`); `cli` runs it. Works for root and, through a user namespace, for everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from osconf.sandbox.spec import Bind, SandboxSpec

_SYSTEM_PATH = "/run/wrappers/bin:/usr/bin:/usr/sbin:/usr/games"
_USR_LINKS = ("bin", "sbin", "lib", "lib64")
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


@dataclass(frozen=True)
class ShellRequest:
    """A command and where it shall run.

    `environment` is the real path of an environment; `store` is the store's real directory and its name inside. A
    `pure` shell has the environment's /etc and variables without the machine's, apart from who and where one is.
    """

    environment: Path
    argv: Sequence[str]
    variables: Mapping[str, str]
    directory: Path
    store: tuple[Path, str] | None = None
    host: Path = Path("/")
    pure: bool = False
    interactive: bool = True


def plan_shell(request: ShellRequest, *, uid: int, gid: int) -> SandboxSpec:
    """Plan the run: every top-level directory of the host is there, /usr and most of /etc are the environment's.

    `uid` and `gid` are the caller's own, and what the command sees.
    """
    binds: list[Bind] = []
    links: list[tuple[str, str]] = []
    for child in sorted(request.host.iterdir()):
        if child.name in _REPLACED:
            continue
        if child.is_symlink():
            links.append((str(child.readlink()), f"/{child.name}"))
        elif child.is_dir():
            binds.append(Bind(child, f"/{child.name}", read_only=False))
    binds.append(Bind(request.host / "dev", "/dev", read_only=False))
    binds.append(Bind(request.environment / "usr", "/usr"))
    binds += _merge_etc(request.environment / "etc", request.host / "etc", pure=request.pure)
    if request.store is not None and request.store[0] != Path(request.store[1]):
        binds.append(Bind(request.store[0], request.store[1]))
    return SandboxSpec(
        argv=tuple(request.argv),
        env=shell_variables(request.variables, pure=request.pure),
        cwd=str(request.directory),
        uid=uid,
        gid=gid,
        network=True,
        binds=tuple(binds),
        symlinks=(*links, *((f"usr/{name}", f"/{name}") for name in _USR_LINKS)),
        inherit_terminal=request.interactive,
        private_pids=False,
    )


def _merge_etc(environment: Path, machine: Path, *, pure: bool) -> Iterator[Bind]:
    """One bind per entry of /etc, so that the machine's entries stay writable to whoever may write them."""
    own = {child.name for child in environment.iterdir()}
    for child in sorted(machine.iterdir()):
        is_identity = child.name in _MACHINE_ETC
        if is_identity or (child.name not in own and not pure and child.name != "alternatives"):
            yield Bind(child, f"/etc/{child.name}", read_only=False, optional=True)
    for name in sorted(own):
        if name not in _MACHINE_ETC or not (machine / name).exists():
            yield Bind(environment / name, f"/etc/{name}")


def shell_variables(variables: Mapping[str, str], *, pure: bool = False) -> dict[str, str]:
    """The caller's variables with the PATH of an environment, and nothing that points into the host's /usr."""
    kept = {name: value for name, value in variables.items() if name not in _HOST_VARIABLES}
    if pure:
        kept = {name: kept[name] for name in ("HOME", "USER", "LOGNAME", "TERM", "DISPLAY", "TZ") if name in kept}
    kept["PATH"] = _SYSTEM_PATH
    kept.setdefault("LANG", "C.UTF-8")
    kept["OSCONF_SHELL"] = "1"
    return kept


def default_command(environment: Path) -> tuple[str, ...]:
    """What an interactive shell runs: the environment's bash, or its sh."""
    if (environment / "usr/bin/bash").exists():
        return ("/usr/bin/bash", "-i")
    return ("/usr/bin/sh", "-i")
