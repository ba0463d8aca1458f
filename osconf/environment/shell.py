"""Running a command inside an environment: the host's files, with /usr replaced in a mount namespace of its own.

Owns the plan (a `SandboxSpec`); `cli` runs it. Works for root and, through a user namespace, for everybody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from osconf.environment.host_view import SYSTEM_PATH, USR_LINKS, list_top, merge_etc, without_host_variables
from osconf.sandbox.spec import Bind, SandboxSpec


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
    directories, links = list_top(str(request.host))
    binds = [Bind(request.host / name, f"/{name}", read_only=False) for name in directories]
    binds.append(Bind(request.host / "dev", "/dev", read_only=False))
    binds.append(Bind(request.environment / "usr", "/usr"))
    etc = merge_etc(str(request.environment / "etc"), str(request.host / "etc"), pure=request.pure)
    binds += [Bind(source, target, read_only=read_only, optional=not read_only) for source, target, read_only in etc]
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
        symlinks=(
            *((target, f"/{name}") for target, name in links),
            *((f"usr/{name}", f"/{name}") for name in USR_LINKS),
        ),
        inherit_terminal=request.interactive,
        private_pids=False,
    )


def shell_variables(variables: Mapping[str, str], *, pure: bool = False) -> dict[str, str]:
    """The caller's variables with the PATH of an environment, and nothing that points into the host's /usr."""
    kept = without_host_variables(dict(variables))
    if pure:
        kept = {name: kept[name] for name in ("HOME", "USER", "LOGNAME", "TERM", "DISPLAY", "TZ") if name in kept}
        kept["LANG"] = "C.UTF-8"
    kept["PATH"] = SYSTEM_PATH
    kept["OSCONF_SHELL"] = "1"
    return kept


def default_command(environment: Path) -> tuple[str, ...]:
    """What an interactive shell runs: the environment's bash, or its sh."""
    if (environment / "usr/bin/bash").exists():
        return ("/usr/bin/bash", "-i")
    return ("/usr/bin/sh", "-i")
