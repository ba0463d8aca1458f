"""The program behind a profile's commands: enters the profile's environment and becomes the command there.

It runs as `python enter.py ENVIRONMENT STORE_DIR PROGRAM [ARGUMENT…]` at every call of such a command, so it imports as
little as it can. ENVIRONMENT is a real path in the store; STORE_DIR the store's name inside. Nothing stays in between:
the process that was started is the command, with its terminal, its signals and its exit code.
"""

# pathlib takes longer to import than everything here.
# ruff: noqa: PTH109, PTH120, PTH121

from __future__ import annotations

import os
import sys

from osconf.environment.host_view import SYSTEM_PATH, USR_LINKS, list_top, merge_etc, without_host_variables
from osconf.sandbox.launcher import CLONE_NEWNS, CLONE_NEWUSER, SetupFailed, check, libc, make_root, map_user

CANNOT_RUN = 126


def describe_root(environment: str, store_dir: str) -> dict[str, object]:
    """The root directory with this environment at /usr, in the launcher's form."""
    directories, links = list_top("/")
    mounts = [["bind", f"/{name}", f"/{name}", False] for name in directories]
    mounts.append(["bind", "/dev", "/dev", False])
    mounts.append(["bind", f"{environment}/usr", "/usr", True])
    for source, target, is_read_only in merge_etc(f"{environment}/etc", "/etc"):
        mounts.append(["bind", source, target, is_read_only])
    store = os.path.dirname(environment)
    if store != store_dir:
        mounts.append(["bind", store, store_dir, True])
    return {
        "mounts": sorted(mounts, key=lambda mount: str(mount[2]).count("/")),
        "directories": [],
        "symlinks": [
            *([target, f"/{name}"] for target, name in links),
            *([f"usr/{name}", f"/{name}"] for name in USR_LINKS),
        ],
        "files": [],
        "devices": [],
        "private_pids": False,
        "outside": None,
    }


def enter_namespace() -> None:
    """A mount namespace of our own: root stays root over the machine, everybody else gets a user namespace for it."""
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0 and libc.unshare(CLONE_NEWNS) == 0:
        return
    check(libc.unshare(CLONE_NEWNS | CLONE_NEWUSER), "make namespaces")
    map_user(uid, uid, gid, gid)


def is_inside(environment: str) -> bool:
    """Whether /usr is this environment's already: a command of the profile started another one."""
    try:
        return os.path.samefile("/usr", f"{environment}/usr")
    except OSError:
        return False


def command_variables(variables: dict[str, str]) -> dict[str, str]:
    """The caller's variables, with the environment's own programs at the end of PATH."""
    kept = without_host_variables(variables)
    path = [entry for entry in kept.get("PATH", "").split(":") if entry]
    kept["PATH"] = ":".join([*path, *(entry for entry in SYSTEM_PATH.split(":") if entry not in path)])
    return kept


def enter(environment: str, store_dir: str, program: str) -> None:
    """Put the environment at /usr, for this process and those it starts."""
    directory = os.getcwd()
    enter_namespace()
    make_root(describe_root(environment, store_dir))
    try:
        os.chdir(directory)
    except OSError as error:
        raise SetupFailed(f"{directory} is not visible to {program}: {error.strerror}") from error


def main() -> int:
    """Become the command that the arguments name."""
    environment, store_dir, program, *arguments = sys.argv[1:]
    try:
        if not is_inside(environment):
            umask = os.umask(0o022)
            enter(environment, store_dir, program)
            os.umask(umask)
        os.execve(program, [program, *arguments], command_variables(dict(os.environ)))
    except SetupFailed as error:
        problem = str(error)
    except OSError as error:
        problem = f"{error.filename or program}: {error.strerror}"
    sys.stderr.write(f"osconf: cannot run {program} in its environment {environment}: {problem}\n")
    if problem.startswith("make namespaces"):
        sys.stderr.write(
            "hint: user namespaces are not allowed here: see the sysctls user.max_user_namespaces and"
            " kernel.apparmor_restrict_unprivileged_userns\n"
        )
    return CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main())
