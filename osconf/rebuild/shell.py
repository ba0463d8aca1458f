"""`osconf shell -p` and `osconf enter`: a command inside an environment."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osconf.environment.shell import ShellRequest, default_command, plan_shell
from osconf.errors import EvalError, OsconfError
from osconf.rebuild.configuration import Instantiated, derivation_of
from osconf.sandbox.run import run_in_sandbox

if TYPE_CHECKING:
    from osconf.lang.evaluator import Evaluator
    from osconf.rebuild.session import Session


def build_package_environment(session: Session, names: Sequence[str], configuration: Path | None = None) -> str:
    """Build the environment of some packages of the package set; its store path."""
    from osconf.lang.evaluator import run_deep

    def work() -> Instantiated:
        evaluator = session.evaluator(configuration=configuration)
        packages = evaluator.eval_text("import <osconf/pkgs> { }", base_dir="/", label="«osconf shell»")
        members = tuple(find_package(evaluator, packages, name) for name in ("bash", "coreutils", *names))
        value = evaluator.call(packages["mkEnvironment"], {"name": "shell", "packages": members, "kind": "shell"})
        return derivation_of(evaluator, value, "the environment")

    session.prepare()
    wanted = run_deep(work)
    session.commit()
    (path,) = session.build([wanted])
    return path


def find_package(evaluator: Evaluator, packages: Any, name: str) -> Any:
    """The package of a name such as `git`, `libstdc++6` or `python3Packages.requests`."""
    is_path = re.fullmatch(r"[A-Za-z_][\w'-]*(\.[A-Za-z_][\w'-]*)+", name)
    try:
        return evaluator.select(packages, name if is_path else f'"{name}"')
    except EvalError as error:
        if error.code != "missing-attribute":
            raise
        raise EvalError(f"there is no package ‘{name}’", code="unknown-package", hint=error.hint) from None


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
