"""`osconf shell -p` and `osconf enter`: a command inside an environment."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from osconf.environment.shell import ShellRequest, default_command, plan_shell
from osconf.errors import OsconfError
from osconf.rebuild.configuration import Instantiated, derivation_of
from osconf.sandbox.run import run_in_sandbox

if TYPE_CHECKING:
    from osconf.rebuild.session import Session


def build_package_environment(session: Session, names: Sequence[str], configuration: Path | None = None) -> str:
    """Build the environment of some packages of the package set; its store path."""
    from osconf.lang.evaluator import run_deep

    members = " ".join(f"(lib.getAttrFromPath {_path_literal(name)} pkgs)" for name in names)
    text = (
        "let pkgs = import <osconf/pkgs> { }; lib = import <osconf/lib>; in "
        f'pkgs.mkEnvironment {{ name = "shell"; packages = [ pkgs.bash pkgs.coreutils {members} ]; }}'
    )

    def work() -> Instantiated:
        evaluator = session.evaluator(configuration=configuration)
        value = evaluator.eval_text(text, base_dir="/", label="«osconf shell»")
        return derivation_of(evaluator, value, "the environment")

    session.prepare()
    wanted = run_deep(work)
    session.commit()
    (path,) = session.build([wanted])
    return path


def _path_literal(name: str) -> str:
    """`python3Packages.requests` or `libstdc++6` as a list of attribute names."""
    parts = name.split(".") if re.fullmatch(r"[A-Za-z_][\w'-]*(\.[A-Za-z_][\w'-]*)+", name) else [name]
    return "[ " + " ".join(json.dumps(part).replace("${", "\\${") for part in parts) + " ]"


def run_inside(session: Session, environment: str, command: str | None, *, is_pure: bool) -> int:
    """Run a shell command, or an interactive shell, inside an environment; gives its exit code."""
    place = session.store.real_path(environment)
    argv = default_command(place) if command is None else ("/usr/bin/bash", "-c", command)
    request = ShellRequest(
        place,
        argv,
        dict(os.environ),
        Path.cwd(),
        store=(session.store.real_path(session.store_dir), session.store_dir),
        pure=is_pure,
    )
    return run_in_sandbox(plan_shell(request, uid=os.getuid(), gid=os.getgid())).exit_code


def find_service_environment(service: str) -> str:
    """The environment that a service of the running system has at /usr."""
    unit = service if "." in service else f"{service}.service"
    file = Path("/etc/systemd/system", unit)
    try:
        text = file.read_text("utf-8")
    except OSError:
        raise OsconfError(
            f"there is no service {unit} in this system",
            code="no-such-service",
            hint="`systemctl list-units` lists them",
        ) from None
    found = re.search(r"^BindReadOnlyPaths=(/osconf/store/[^/:]+)/usr:/usr$", text, re.MULTILINE)
    if found is None:
        return str(Path("/run/current-system/environment").resolve())
    return found[1]
